"""A receiver of webhooks, in a process of its own: it counts, and looks at the order."""

import asyncio
import json
import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Final, cast

import httptools
import psutil
import uvloop

_TOLD: Final = re.compile(rb'"key":"([^"]*)","revisionBefore":\d+,"revisionAfter":(\d+)')


@dataclass(slots=True)
class Counts:
    """What was received: requests, events in them, and events that came before an earlier one."""

    requests: int = 0
    events: int = 0
    late: int = 0


class Received:
    """All that was received."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._ids: set[bytes] = set()
        self._revisions: dict[bytes, int] = {}

    def add(self, id: bytes, payload: bytes) -> None:
        self.counts.requests += 1
        if id in self._ids:
            return
        self._ids.add(id)
        self.counts.events = len(self._ids)
        if (found := _TOLD.search(payload)) is None:
            raise RuntimeError(f"not an event: {payload!r}")
        key, revision = found[1], int(found[2])
        if revision <= self._revisions.get(key, 0):
            self.counts.late += 1
        self._revisions[key] = revision


class _Connection(asyncio.Protocol):
    """Answers each POST with the status 204, and each GET with the counts."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._parser = httptools.HttpRequestParser(self)
        self._id = b""
        self._body: list[bytes] = []

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"webhook-id":
            self._id = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            body = json.dumps(asdict(self._received.counts)).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)
            return
        self._received.add(self._id, b"".join(self._body))
        self._body = []
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that listens at `url`."""

    url: str
    process: psutil.Process


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver, as long as the context lasts."""
    spawning = multiprocessing.get_context("spawn")
    ours, its = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(its,), daemon=True)
    process.start()
    try:
        port = ours.recv()
        yield Receiver(f"http://127.0.0.1:{port}/", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


def _serve(told: Connection) -> None:
    uvloop.run(_run(told))


async def _run(told: Connection) -> None:
    received = Received()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(received), "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
