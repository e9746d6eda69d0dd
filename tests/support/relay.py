"""A way to a PostgreSQL server that can be cut and mended, or swallow what it's given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True, eq=False)
class _Passage:
    """One connection's way."""

    writers: list[asyncio.StreamWriter]
    is_silent: bool


class Relay:
    """Passes on whatever comes to a socket in `folder`, until it's cut or swallows it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._target = make_url(database_url)
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], _Passage] = {}
        self._swallows_new = False

    @property
    def url(self) -> str:
        """The URL of the same database, by this way."""
        by_relay = self._target.set(host=None, port=None, query={"host": str(self._folder)})
        return by_relay.render_as_string(hide_password=False)

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._pass_on, self._folder / ".s.PGSQL.5432"
        )

    async def cut(self) -> None:
        """Cut all connections off, and let no other through."""
        if self._server is None:
            return
        self._server.close()
        (self._folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        for passage in self._open.values():
            for writer in passage.writers:
                writer.transport.abort()
        await asyncio.gather(*self._open)
        self._server = None

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    def swallow(self, *, new_too: bool = False) -> None:
        """From now on nothing comes out of what is connected, nor is it closed, as behind a
        firewall that has forgotten it; or, as behind a host that is gone, of what connects later.
        """
        self._swallows_new = new_too
        for passage in self._open.values():
            passage.is_silent = True

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        passage = self._open[task] = _Passage([writer], self._swallows_new)
        try:
            theirs, to_them = await self._connect()
            passage.writers.append(to_them)
            if writer.transport.is_closing():  # it was cut while it was being connected
                to_them.transport.abort()
            await asyncio.gather(_copy(reader, to_them, passage), _copy(theirs, writer, passage))
        except OSError:
            """There is nobody at the other end."""
        finally:
            del self._open[task]
            for each in passage.writers:
                each.close()

    async def _connect(self) -> Streams:
        socket_folder = self._target.query.get("host")
        port = self._target.port or 5432
        if isinstance(socket_folder, str) and socket_folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{socket_folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._target.host or "localhost", port)


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, passage: _Passage
) -> None:
    try:
        while data := await source.read(65536):
            if not passage.is_silent:
                target.write(data)
                await target.drain()
        target.write_eof()
    except OSError:
        """Cut in the middle."""


@asynccontextmanager
async def relayed(database_url: str, folder: Path) -> AsyncIterator[Relay]:
    relay = Relay(database_url, folder)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
