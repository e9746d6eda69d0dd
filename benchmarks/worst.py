"""`python -m benchmarks.worst`: searches for the costliest operations within the default limits.

Each is sent to a server like ours that tells for how long its event loop was taken, while somebody
else asks a small query again and again. From the costliest that were found, changed ones are made.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from urllib.parse import urlsplit

import psutil
import typer
import uvloop

from benchmarks.databases import Database, Kind, postgresql, postgresql_server, sqlite
from benchmarks.tables import megabytes, milliseconds, table
from domain.callers import system
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.root import create_schema
from server.settings import Settings
from tests.support.costly import Case, Search, body_of
from tests.support.heavy import HEAVY_KEYS, fill_heavily

LOOP_SECONDS: Final = 0.05
GROWTH_BYTES: Final = 64_000_000
BYSTANDER_SECONDS: Final = 0.1
"""The most that any found operation may take."""

_SMALL: Final = '{ draft(draftId: "draft-bulk-000000-00") { title } }'
_PAUSE: Final = 0.005
_MIN_SECONDS: Final = 0.5
"""How long each operation is sent again and again, at least once."""
_MAX_SECONDS: Final = 30
_KEPT: Final = 12
_SHOWN: Final = 10
_BODY_BYTES: Final[int] = Settings.model_fields["body_bytes"].default

_BODIES: Final = [f"b{number}: body" for number in range(99)]

KNOWN: Final = (
    GraphQLRequest(f"{{ drafts(first: 20) {{ nodes {{ {' '.join(_BODIES[:20])} }} }} }}"),
    GraphQLRequest(f"{{ drafts(first: 20) {{ nodes {{ {' '.join(_BODIES)} }} }} }}"),
    GraphQLRequest("{ drafts(first: 30) { nodes { body } } }"),
    GraphQLRequest("{ deliveryPackages(first: 40) { nodes { artifacts { url name } } } }"),
    GraphQLRequest(
        f"{{ {' '.join(f'a{n}: drafts(first: 20) {{ nodes {{ body }} }}' for n in range(99))} }}"
    ),
    GraphQLRequest("query($a: JSON) { __typename }", {"a": {"many": [{}] * 3_000_000}}),
)
"""The operations that earlier searches found."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The cost of an operation, in seconds and bytes."""

    longest: float
    busiest: float
    growth: float
    bystander: float
    answer: int

    @property
    def excess(self) -> float:
        """By how many times it's beyond what it may take; by the loop's own CPU time."""
        return max(
            self.busiest / LOOP_SECONDS,
            self.growth / GROWTH_BYTES,
            self.bystander / BYSTANDER_SECONDS,
        )


@dataclass(frozen=True, slots=True)
class Found:
    operation: GraphQLRequest
    figures: Figures
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A server whose event loop is watched."""

    address: str
    program: subprocess.Popen[str]
    process: psutil.Process = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "process", psutil.Process(self.program.pid))

    def taken(self) -> tuple[float, float]:
        """For how long the event loop was taken at most since this was asked, in seconds by the
        clock and of CPU time."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write("\n")
        self.program.stdin.flush()
        while not (line := self.program.stdout.readline()).startswith("{"):
            pass
        told = json.loads(line)
        return told["longest"], told["busiest"]

    def forget_peak(self) -> int:
        """Let the largest memory be the present one, which this gives in bytes."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        size: int = self.process.memory_info().rss
        return size

    def peak(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def watched(database: Database) -> Iterator[Watched]:
    program = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers.watched", "serve", "--port", "0"],
        env=database.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        for line in program.stdout:
            if "POST" in line:
                break
        else:
            raise SystemExit("the server did not start")
        yield Watched(line.split()[-1], program)
    finally:
        program.terminate()
        program.wait(30)


async def measured(server: Watched, operation: GraphQLRequest, at_once: int) -> Figures:
    """Send an operation by so many clients, for a while."""
    request = _request(server.address, operation)
    await _rested(server)
    before = server.forget_peak()
    server.taken()
    latencies: list[float] = []
    bystander = asyncio.create_task(_stand_by(server.address, latencies))
    try:
        end = time.perf_counter() + _MIN_SECONDS
        attackers = [_attack(server.address, request, end) for _ in range(at_once)]
        answers = await asyncio.gather(*attackers)
        await asyncio.sleep(_PAUSE)
    finally:
        bystander.cancel()
        with suppress(asyncio.CancelledError):
            await bystander
    longest, busiest = server.taken()
    p99 = quantiles(latencies, n=100)[-1] if len(latencies) > 1 else latencies[0]
    return Figures(longest, busiest, server.peak() - before, p99, max(answers))


async def _rested(server: Watched) -> None:
    """Returns when the server does nothing any more."""
    for _ in range(100):
        if server.process.cpu_percent(0.02) < 20:
            return
        await asyncio.sleep(0.05)


async def _stand_by(address: str, latencies: list[float]) -> None:
    request = _request(address, GraphQLRequest(_SMALL))
    async with _connected(address) as (reader, writer):
        while True:
            began = time.perf_counter()
            try:
                await _answered(reader, writer, request)
            finally:
                # One that waits still when the others are done has waited for that long.
                latencies.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE)


async def _attack(address: str, request: bytes, end: float) -> int:
    """Returns the bytes of the largest answer."""
    largest = 0
    async with asyncio.timeout(_MAX_SECONDS):
        while True:
            async with _connected(address) as (reader, writer):
                largest = max(largest, await _answered(reader, writer, request))
            if time.perf_counter() > end:
                return largest


@asynccontextmanager
async def _connected(
    address: str,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    target = urlsplit(address)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> int:
    """Returns how many bytes the answer has."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = left = int(head.partition(b"content-length:")[2].split()[0])
    while left and (read := await reader.read(left)):
        left -= len(read)
    return length


def _request(address: str, operation: GraphQLRequest) -> bytes:
    body = body_of(operation)
    target = urlsplit(address)
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Searching:
    """Looks for what costs most on one server."""

    def __init__(self, server: Watched, seed: int, at_once: int) -> None:
        self.found: list[Found] = []
        self._server = server
        self._random = Random(seed)
        self._schema = create_schema()
        self._search = Search(self._schema.graphql, HEAVY_KEYS, self._random)
        self._at_once = at_once

    async def run(self, seconds: float) -> None:
        for operation in KNOWN:
            await self._measure(operation)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            case = self._next()
            operation = case.operation()
            if len(body_of(operation)) < _BODY_BYTES and self._is_within(operation):
                await self._measure(operation, case)

    def _next(self) -> Case:
        cases = [found.case for found in self.found[:_KEPT] if found.case is not None]
        if cases and self._random.random() < 0.7:
            return self._search.changed(self._random.choice(cases))
        return self._search.case(self._random.choice(("Query", "Query", "Query", "Mutation")))

    def _is_within(self, operation: GraphQLRequest) -> bool:
        return isinstance(parse_and_validate(self._schema, operation), ExecutableOperation)

    async def _measure(self, operation: GraphQLRequest, case: Case | None = None) -> None:
        figures = await measured(self._server, operation, self._at_once)
        self.found.append(Found(operation, figures, case))
        self.found.sort(key=lambda found: found.figures.excess, reverse=True)


def main(
    seconds: Annotated[float, typer.Option(min=0, help="How long to search on each.")] = 60,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 1,
    size: Annotated[int, typer.Option(help="How many packages; full hundreds.")] = 2_000,
    at_once: Annotated[int, typer.Option(min=1, help="How many clients send each.")] = 1,
    database: Annotated[
        list[Kind] | None,
        typer.Option(case_sensitive=False, help="On this database; may be repeated."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="A folder to put the costliest operations into.")
    ] = None,
) -> None:
    """Print what the costliest operations took that were found."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-worst-")))
        for kind in database or list(Kind):
            if kind is Kind.SQLITE:
                filled = stack.enter_context(sqlite(folder, size))
            else:
                server = stack.enter_context(postgresql_server())
                filled = stack.enter_context(postgresql(server, size))
            asyncio.run(_fill(filled))
            with watched(filled) as running:
                searching = Searching(running, seed, at_once)
                uvloop.run(searching.run(seconds))
            typer.echo(f"\n{kind}: {len(searching.found)} operations\n")
            typer.echo("\n".join(_report(searching.found[:_SHOWN])))
            if keep is not None:
                _keep(keep, kind, searching.found[:_SHOWN])


async def _fill(database: Database) -> None:
    opened = open_database(database.url)
    try:
        storage = create_storage(PersistenceMode.DB, opened)
        await fill_heavily(storage.as_(system("benchmarks", "worst")))
    finally:
        await opened.close()


def _report(found: Sequence[Found]) -> Iterator[str]:
    headings = ["operation", "loop, ms", "its CPU, ms", "memory, MB", "bystander, ms", "answer, MB"]
    rows = [
        [
            each.operation.query[:60],
            milliseconds(each.figures.longest),
            milliseconds(each.figures.busiest),
            megabytes(each.figures.growth),
            milliseconds(each.figures.bystander),
            megabytes(each.figures.answer),
        ]
        for each in found
    ]
    return table(headings, rows, texts=1)


def _keep(folder: Path, kind: Kind, found: Sequence[Found]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for place, each in enumerate(found):
        (folder / f"{kind}-{place}.json".lower()).write_bytes(body_of(each.operation))


if __name__ == "__main__":
    cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    cli.command()(main)
    cli(prog_name="benchmarks.worst")
