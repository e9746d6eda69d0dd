"""Relays leave nothing open, whenever they are cut."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.patience import SECONDS
from tests.support.relay import Relay
from tests.support.tcp_relay import TcpRelay

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Behind:
    """The server behind a relay, which is reached only when a test lets it be."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "behind"
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.has_ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        self.has_ended.set()

    async def connect(self) -> Streams:
        self.is_asked.set()
        await self.may_answer.wait()
        return await asyncio.open_unix_connection(self.path)


async def by_socket(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> Streams:
    relay = Relay("postgresql://localhost/any", behind.path.parent)
    monkeypatch.setattr(relay, "_connect", behind.connect)
    await relay.mend()
    streams = await asyncio.open_unix_connection(behind.path.parent / ".s.PGSQL.5432")
    await behind.is_asked.wait()
    cutting = asyncio.create_task(relay.cut())
    await asyncio.sleep(0)
    behind.may_answer.set()
    await cutting
    return streams


async def by_tcp(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> Streams:
    relay = TcpRelay("127.0.0.1:1")
    monkeypatch.setattr(relay, "_connect", behind.connect)
    await relay.open()
    host, _, port = relay.address.rpartition(":")
    streams = await asyncio.open_connection(host, int(port))
    await behind.is_asked.wait()
    closing = asyncio.create_task(relay.close())
    await asyncio.sleep(0)
    behind.may_answer.set()
    await closing
    return streams


@pytest.mark.parametrize("cut", [by_socket, by_tcp])
async def test_a_connection_that_comes_while_it_is_cut_is_closed(
    cut: Callable[..., Awaitable[Streams]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Behind(tmp_path)
    async with await asyncio.start_unix_server(behind.serve, behind.path):
        reader, writer = await cut(behind, monkeypatch)

        async with asyncio.timeout(SECONDS):
            await behind.has_ended.wait()
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
