"""How much it takes to tell many subscribers of changes: `python -m benchmarks.subscriptions`.

Changes are saved through a second server on the same database, so the server that is measured does
nothing but tell of them. Mercurius tells, over mqemitter, of what a mutation publishes in its own
process; the messages have the same fields.
"""

import asyncio
import base64
import json
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import httpx

from benchmarks.contenders import MERCURIUS, NODE_PROJECT, OURS, Running, aicmo, on_node
from benchmarks.databases import Database, Kind, postgresql_server
from benchmarks.measuring import CpuTime, percentile
from benchmarks.tables import megabytes, milliseconds, paragraph, table
from migrations.runner import upgrade
from repositories.drivers.engine import open_database
from tests.support.patience import SECONDS
from tests.support.postgres_server import create_database, drop_database

SUBSCRIBERS: Final = 1_000
KEYS: Final = 100
"""How many entities change, in turn. With a filter, each has SUBSCRIBERS / KEYS subscribers."""
_WARM: Final = 20
"""How many changes are made before any is measured."""
_SETTINGS: Final = {
    "AICMO_CLIENT_CONNECTIONS": str(2 * SUBSCRIBERS),
    "AICMO_STREAMS__CONNECTIONS": str(2 * SUBSCRIBERS),
}
_SUBSCRIPTION: Final = """subscription Follow($filter: EventFilter) {
  events(filter: $filter) { cursor type key revisionAfter }
}"""
_SAVE: Final = """mutation Save($input: SaveDraftInput!) {
  saveDraft(input: $input) { errors { message } }
}"""
_PUBLISH: Final = """mutation Publish($key: ID!, $revision: Int!) {
  publish(key: $key, revision: $revision)
}"""
_TOLD: Final = re.compile(rb'"key":"key-(\d+)","revisionAfter":(\d+)')

Change = Callable[[int, int], Awaitable[None]]
"""Changes the entity of this number to this revision."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many changes a second, for so long; `filtered`: each has a tenth of a KEYS-th of all."""

    name: str
    changes: int
    seconds: int
    filtered: bool


LOADS: Final = (
    Load("100 changes/s, 10 subscribers each", 100, 10, filtered=True),
    Load("5 changes/s, all 1,000 subscribers", 5, 10, filtered=False),
)


@dataclass(slots=True)
class Told:
    """What all subscribers were told: how often of each change, and when last."""

    changed_at: dict[tuple[int, int], float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    times: Counter[tuple[int, int]] = field(default_factory=Counter)

    def read(self, message: bytes) -> None:
        if (found := _TOLD.search(message)) is None:
            raise RuntimeError(f"not an event: {message!r}")
        change = int(found[1]), int(found[2])
        self.times[change] += 1
        self.latencies.append(time.perf_counter() - self.changed_at[change])


class Subscriber(asyncio.Protocol):
    """A WebSocket that takes as little of the processor as possible: it only counts."""

    def __init__(self, address: str, key: int | None) -> None:
        self._address = urlsplit(address)
        self._key = key
        self._buffer = b""
        self._is_open = False
        self.told: Told | None = None
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        nonce = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            (
                f"GET {self._address.path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {nonce}\r\n"
                "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._is_open, self._buffer = True, rest
            self._send(type="connection_init")
        while (frame := self._frame()) is not None:
            self._handle(frame)

    def _frame(self) -> tuple[int, bytes] | None:
        """The next frame's opcode and content; servers mask none, and send these in one."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 15, buffer[start : start + size]

    def _handle(self, frame: tuple[int, bytes]) -> None:
        opcode, content = frame
        if opcode == 9:
            self._write(10, content)
        elif opcode == 1 and b'"connection_ack"' in content:
            variables = {} if self._key is None else {"filter": {"keys": [f"key-{self._key}"]}}
            payload = {"query": _SUBSCRIPTION, "variables": variables}
            self._send(id="1", type="subscribe", payload=payload)
            self._send(type="ping")
        elif opcode == 1 and b'"pong"' in content:
            self.is_ready.set_result(None)
        elif opcode == 1 and self.told is not None:
            self.told.read(content)
        elif opcode == 8:
            raise RuntimeError(f"closed: {content!r}")

    def _send(self, **message: object) -> None:
        self._write(1, json.dumps(message).encode())

    def _write(self, opcode: int, content: bytes) -> None:
        size = len(content)
        length = bytes([128 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self.transport.write(bytes([128 | opcode]) + length + bytes(4) + content)


@asynccontextmanager
async def subscribed(address: str, *, filtered: bool) -> AsyncIterator[list[Subscriber]]:
    """The subscribers, once all of them are told of changes."""
    loop, (host, port) = asyncio.get_running_loop(), urlsplit(address).netloc.split(":")
    found: list[Subscriber] = []
    try:
        async with asyncio.timeout(SECONDS):
            for number in range(SUBSCRIBERS):
                subscriber = Subscriber(address, number % KEYS if filtered else None)
                await loop.create_connection(partial(_given, subscriber), host, int(port))
                found.append(subscriber)
                await subscriber.is_ready
        yield found
    finally:
        for subscriber in found:
            subscriber.transport.abort()


def _given(subscriber: Subscriber) -> Subscriber:
    return subscriber


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that tells of changes, and how these are made."""

    name: str
    server: Running
    change: Change


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one load: CPU seconds for each message, and the 50th and 99th of a hundred latencies, from
    the beginning of a change, which is stored by ours, to each subscriber."""

    load: Load
    contender: str
    messages: int
    cpu: float
    p50: float
    p99: float

    @property
    def row(self) -> tuple[str, ...]:
        per_message = f"{self.cpu * 1e6:,.0f}"
        latencies = milliseconds(self.p50), milliseconds(self.p99)
        return (self.load.name, self.contender, f"{self.messages:,}", per_message, *latencies)


class Revisions:
    """Counts the changes of each entity, over all loads."""

    def __init__(self) -> None:
        self._last: Counter[int] = Counter()

    def next(self, key: int) -> int:
        self._last[key] += 1
        return self._last[key]


async def measured(contender: Contender, load: Load, revisions: Revisions) -> Outcome:
    """Raises RuntimeError unless everybody is told of everything, once."""
    told = Told()
    async with subscribed(contender.server.address, filtered=load.filtered) as subscribers:
        for key in range(_WARM):  # the first ones take longer, whoever makes them
            await contender.change(key, revisions.next(key))
        await asyncio.sleep(1)
        for subscriber in subscribers:
            subscriber.told = told
        cpu = CpuTime(contender.server.process)
        loop = asyncio.get_running_loop()
        began, number = loop.time(), load.changes * load.seconds
        changing: list[asyncio.Task[None]] = []
        for turn in range(number):
            await asyncio.sleep(max(began + turn / load.changes - loop.time(), 0))
            key = turn % KEYS
            revision = revisions.next(key)

            async def change(key: int = key, revision: int = revision) -> None:
                told.changed_at[key, revision] = time.perf_counter()
                await contender.change(key, revision)

            changing.append(asyncio.create_task(change()))
        await asyncio.gather(*changing)
        each = SUBSCRIBERS // KEYS if load.filtered else SUBSCRIBERS
        async with asyncio.timeout(SECONDS):
            while len(told.latencies) < number * each:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        if {*told.times.values()} != {each}:
            raise RuntimeError(f"{contender.name} told of some changes not {each} times")
        latencies = sorted(told.latencies)
        per_message = cpu.taken() / len(latencies)
    p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
    return Outcome(load, contender.name, len(latencies), per_message, p50, p99)


async def idle_memory(contender: Contender) -> float:
    """The bytes that SUBSCRIBERS idle subscribers take."""
    before = contender.server.process.memory_info().rss
    async with subscribed(contender.server.address, filtered=True):
        await asyncio.sleep(1)
        found: int = contender.server.process.memory_info().rss
        return found - before


async def report(
    ours: Running, writer: Running, mercurius: Running, loads: Sequence[Load] = LOADS
) -> str:
    async with httpx.AsyncClient(timeout=SECONDS) as http:

        async def ask(address: str, query: str, **variables: object) -> None:
            response = await http.post(address, json={"query": query, "variables": variables})
            data = response.json().get("data")
            if not data or "message" in str(data):
                raise RuntimeError(response.text)

        async def save(key: int, revision: int) -> None:
            input = {
                "draftId": f"key-{key}",
                "strategyId": "plan",
                "campaignId": "campaign",
                "contentType": "article",
                "title": f"Revision {revision}",
                "body": "A short text.",
            }
            await ask(writer.address, _SAVE, input=input)

        async def publish(key: int, revision: int) -> None:
            await ask(mercurius.address, _PUBLISH, key=f"key-{key}", revision=revision)

        contenders = Contender(OURS, ours, save), Contender(MERCURIUS, mercurius, publish)
        memory = {it.name: await idle_memory(it) for it in contenders}
        revisions = {it.name: Revisions() for it in contenders}
        outcomes = [
            await measured(it, load, revisions[it.name]) for load in loads for it in contenders
        ]
    return "\n".join(_lines(outcomes, memory))


def _lines(outcomes: Sequence[Outcome], memory: dict[str, float]) -> Iterator[str]:
    headings = ("load", "server", "messages", "CPU µs/message", "p50 ms", "p99 ms")
    yield from table(headings, [outcome.row for outcome in outcomes], texts=2)
    told = ", ".join(f"{megabytes(size)} MB of {name}" for name, size in memory.items())
    yield ""
    yield from paragraph(f"{SUBSCRIBERS:,} idle subscribers on WebSockets take {told}.")


def main() -> None:
    NODE_PROJECT.install()
    with postgresql_server() as server, ExitStack() as stack:
        url = asyncio.run(create_database(server))
        stack.callback(lambda: asyncio.run(drop_database(server, url)))
        asyncio.run(_migrate(url))
        database = Database(Kind.POSTGRESQL, url, 0)
        ours, writer = (stack.enter_context(aicmo(database, settings=_SETTINGS)) for _ in range(2))
        mercurius = stack.enter_context(on_node("subscriptions.mjs", database))
        print(asyncio.run(report(ours, writer, mercurius)))


async def _migrate(url: str) -> None:
    database = open_database(url)
    try:
        await upgrade(database)
    finally:
        await database.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
