"""The server inside a test's own event loop, so that the test sees what it holds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from uvicorn.server import ServerState

from repositories.factory import PersistenceMode, create_storage
from repositories.history.background import running
from repositories.history.sequencing import keep_sequencing
from repositories.unit_of_work import Storage
from server.app import create_app
from server.listening import Listener
from server.service import Service
from server.settings import Settings
from tests.support.patience import SECONDS
from tests.support.servers import OverHttp


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and what it's made of."""

    address: str
    service: Service
    api: OverHttp
    state: ServerState

    @property
    def url(self) -> str:
        return f"http://{self.address}/graphql"

    @property
    def socket_url(self) -> str:
        return f"ws://{self.address}/graphql"

    @property
    def http(self) -> httpx.AsyncClient:
        return self.api.http

    @property
    def watched(self) -> int:
        """How many subscriptions are open."""
        return self.service.storage.feed.subscribers

    def let_go(self) -> None:
        """What happens to connections when the server stops."""
        self.service.closing.set()
        for connection in list(self.state.connections):
            connection.shutdown()

    async def idle(self) -> None:
        """Returns when nothing runs any more."""
        await until(lambda: not self.state.tasks)


@asynccontextmanager
async def serving(storage: Storage | None = None, **settings: Any) -> AsyncIterator[Served]:
    """A server with these settings; in memory, unless it's given storage.

    It carries out no transfers and no runs, unless it's told to: it would look for them at any
    moment.
    """
    kept = storage or create_storage(PersistenceMode.INMEMORY)
    usual: dict[str, Any] = {
        "persistence_mode": PersistenceMode.INMEMORY,
        "transfer_concurrency": 0,
        "run_concurrency": 0,
    }
    effective = Settings(**usual | settings)

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Storage]:
        async with running(keep_sequencing(kept)):
            yield kept

    app = create_app(effective, open_storage=opened)
    config = Listener(app, effective).config
    config.load()
    state = ServerState()

    def protocol() -> asyncio.Protocol:
        made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=state, app_state={}
        )
        return made

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(timeout=SECONDS, verify=False) as http,
    ):
        listener = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        host, port = listener.sockets[0].getsockname()
        address = f"{host}:{port}"
        service = app.state.service
        served = Served(address, service, OverHttp(http, f"http://{address}/graphql"), state)
        try:
            yield served
        finally:
            listener.close()
            served.let_go()
            await served.idle()
            await kept.feed.close()
    assert served.watched == 0, "subscriptions are still open"
    assert service.streams.in_use == 0, "slots were not given back"
    assert service.pending.in_use == 0, "memory was not given back"


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Returns as soon as it's so; fails when it isn't in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)
