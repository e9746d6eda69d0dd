"""PostgreSQL's notifications, heard over a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from repositories.drivers.postgresql_connector import PostgresConnection

_LISTEN_SECONDS: Final = 10.0
"""How long LISTEN may take."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
"""The pauses, in seconds, before the connection is opened again: each is twice the last one."""

_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class PostgresNotifications:
    """Those of one channel. A connection that is lost is opened again."""

    def __init__(self, connect: Callable[[], Awaitable[PostgresConnection]], channel: str) -> None:
        self._connect = connect
        self._channel = channel

    async def run(self, notify: Callable[[], None]) -> None:
        """Call `notify` at each notification, and whenever some may have been missed."""
        pause = _FIRST_PAUSE
        while True:
            with suppress(*_ERRORS):
                connection = await self._connect()
                try:
                    await self._listen(connection, notify)
                finally:
                    connection.terminate()
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _listen(self, connection: PostgresConnection, notify: Callable[[], None]) -> None:
        """Returns when the connection is lost."""
        is_lost = asyncio.Event()
        connection.add_termination_listener(lambda _: is_lost.set())

        def hear(*_: Any) -> None:
            notify()

        async with asyncio.timeout(_LISTEN_SECONDS):
            await connection.add_listener(self._channel, hear)
        notify()  # of what was committed before
        await is_lost.wait()
