"""How connections are accepted while the event loop has other things to do."""

import asyncio
import socket
from contextlib import ExitStack

import uvloop

from repositories.factory import PersistenceMode
from server.app import create_app
from server.listening import Listener, listening_sockets
from server.settings import load_settings

CONNECTIONS = 12
TURNS = 3


async def _accepted() -> int:
    settings = load_settings(persistence_mode=PersistenceMode.INMEMORY, port=0)
    listener = Listener(create_app(settings), settings)
    listener.config.load()
    listener.lifespan = listener.config.lifespan_class(listener.config)
    [listening] = sockets = listening_sockets(settings)
    await listener.startup(sockets)
    with ExitStack() as clients:
        # The operating system connects them, though nobody has accepted them yet.
        for _ in range(CONNECTIONS):
            clients.enter_context(socket.create_connection(listening.getsockname()))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        accepted = len(listener.server_state.connections)
    await listener.shutdown(sockets)
    return accepted


def test_many_connections_are_accepted_in_few_turns_of_the_event_loop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_accepted()) == CONNECTIONS
