"""HTTP as bytes on a connection, for what no HTTP library would send."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.patience import SECONDS


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the one error."""
        [error] = json.loads(self.body)["errors"]
        code: str = error["extensions"]["code"]
        return code


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection on which anything can be sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        self.writer.writelines(parts)
        await self.writer.drain()

    async def response(self) -> Response:
        """The next response, which must come whole."""
        async with asyncio.timeout(SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self.reader.readexactly(int(headers["content-length"]))
            return Response(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """All that comes until the server has closed the connection."""
        async with asyncio.timeout(SECONDS):
            return await self.reader.read()

    async def closed(self) -> None:
        """Returns when the server has closed the connection."""
        async with asyncio.timeout(SECONDS):
            while await self.reader.read(65_536):
                pass


@asynccontextmanager
async def wired(address: str) -> AsyncIterator[Wire]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def head(length: int | str | None = None, *lines: str, method: str = "POST") -> bytes:
    """The head of a request with a body of JSON; chunked, when it has no length."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    first = (f"{method} /graphql HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    return "\r\n".join([*first, size, *lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def request(**body: Any) -> bytes:
    """A whole request."""
    content = json.dumps(body).encode()
    return head(len(content)) + content
