"""A way to a TCP server that can fall asleep, as the machine at its other end does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpRelay:
    """Passes bytes on, both ways, while it's awake. What comes meanwhile waits, as in a network
    that sends it again until it arrives."""

    def __init__(self, target: str) -> None:
        self.target = target
        """The address of the server that new connections lead to."""
        self._awake = asyncio.Event()
        self._awake.set()
        self._open: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.wake()
        self.cut()
        await asyncio.gather(*self._open)

    def sleep(self) -> None:
        self._awake.clear()

    def wake(self) -> None:
        self._awake.set()

    def cut(self) -> None:
        """End all connections at once, as a network does that fails."""
        for writers in self._open.values():
            for writer in writers:
                writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers = self._open[task] = [writer]
        try:
            theirs, to_them = await self._connect()
            writers.append(to_them)
            if writer.transport.is_closing():  # it was cut while it was being connected
                to_them.transport.abort()
            await asyncio.gather(self._copy(reader, to_them), self._copy(theirs, writer))
        except OSError:
            """There is nobody at the other end."""
        finally:
            del self._open[task]
            for each in writers:
                each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.target.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._awake.wait()
                target.write(data)
                await target.drain()
            await self._awake.wait()
            target.write_eof()


@asynccontextmanager
async def relayed(target: str) -> AsyncIterator[TcpRelay]:
    """A relay to the server at that address, HOST:PORT."""
    relay = TcpRelay(target)
    await relay.open()
    try:
        yield relay
    finally:
        await relay.close()
