"""What the files of a list cost: `python -m benchmarks.file_lists`.

The list of 50 packages with 10 artifacts each, all of them files, is asked for with and without
`file { name size sha256 }`, in turns of a few requests: one at a time, of a server on its own.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.beside import interval_of_median
from benchmarks.contenders import aicmo
from benchmarks.databases import Database, Kind, postgresql, postgresql_server, sqlite
from benchmarks.measuring import CpuTime
from benchmarks.scenarios import LIST, PAGE
from benchmarks.tables import milliseconds, table
from repositories.drivers.engine import database_url

_SIZE: Final = 2_000
_ROUNDS: Final = 60
_REQUESTS: Final = 10
"""How many requests each of the two has in a turn."""
_ARTIFACTS: Final = "artifacts { position name url format }"
_WITH_FILES: Final = LIST.replace(
    _ARTIFACTS, "artifacts { position name url format file { name size sha256 } }"
)
_FILL: Final = (
    """
    INSERT INTO files
      (file_id, name, media_type, size, sha256, created_by, created_at, updated_at, revision)
    SELECT 'file_' || id, name, 'application/pdf', 100000 + id, {hash}, 'filling',
      created_at, created_at, 1
    FROM delivery_artifacts
    """,
    "UPDATE delivery_artifacts SET file_id = 'file_' || id, url = NULL",
)
_HASHES: Final = {
    Kind.POSTGRESQL: "encode(sha256(CAST('file_' || id AS bytea)), 'hex')",
    Kind.SQLITE: "lower(hex(randomblob(32)))",
}


@dataclass(frozen=True, slots=True)
class _Turn:
    """Seconds for a request: of the clock, and of the processors."""

    elapsed: float
    cpu: float


class _Client:
    """Asks for a list, one request after another."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(urlsplit(address).netloc)

    def ask(self, query: str) -> int:
        """How many files the answer tells of."""
        body = json.dumps({"query": query, "variables": {"first": PAGE}})
        self._connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse().read()
        if b'"errors"' in answer:
            raise SystemExit(answer.decode())
        return answer.count(b'"sha256":"')


async def _let_artifacts_be_files(database: Database) -> None:
    engine = create_async_engine(database_url(database.url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in _FILL:
                await connection.execute(text(statement.format(hash=_HASHES[database.kind])))
            is_sqlite = database.kind is Kind.SQLITE
            await connection.execute(text("VACUUM" if is_sqlite else "VACUUM ANALYZE"))
    finally:
        await engine.dispose()


def measure(database: Database, rounds: int) -> tuple[list[_Turn], list[_Turn]]:
    """The turns without files, and with them."""
    asyncio.run(_let_artifacts_be_files(database))
    with aicmo(database) as server:
        client = _Client(server.address)
        if (client.ask(LIST), client.ask(_WITH_FILES)) != (0, 10 * PAGE):
            raise SystemExit("Not all artifacts are files.")

        def turn(query: str) -> _Turn:
            cpus = [CpuTime(it) for it in (server.process, database.process) if it is not None]
            began = time.perf_counter()
            for _ in range(_REQUESTS):
                client.ask(query)
            elapsed = time.perf_counter() - began
            return _Turn(elapsed / _REQUESTS, sum(it.taken() for it in cpus) / _REQUESTS)

        for query in (LIST, _WITH_FILES):
            turn(query)
        turns = [(turn(LIST), turn(_WITH_FILES)) for _ in range(rounds)]
    without, with_ = zip(*turns, strict=True)
    return [*without], [*with_]


def _row(name: str, without: Sequence[float], with_: Sequence[float]) -> tuple[str, ...]:
    ratios = [more / less for less, more in zip(without, with_, strict=True)]
    found = interval_of_median(ratios)
    return (
        name,
        milliseconds(median(without)),
        milliseconds(median(with_)),
        f"{median(ratios):.2f}",
        "" if found is None else "{:.2f} to {:.2f}".format(*found),
    )


def report(rounds: int, size: int) -> Iterator[str]:
    rows = []
    with ExitStack() as stack:
        server = stack.enter_context(postgresql_server())
        for kind in Kind:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-lists-")))
            database = stack.enter_context(
                sqlite(folder, size) if kind is Kind.SQLITE else postgresql(server, size)
            )
            without, with_ = measure(database, rounds)
            rows += [
                _row(f"{kind}, time", [it.elapsed for it in without], [it.elapsed for it in with_]),
                _row(f"{kind}, CPU", [it.cpu for it in without], [it.cpu for it in with_]),
            ]
    headings = ("a list of 50", "without files, ms", "with files, ms", "with x without", "95 %")
    yield from table(headings, rows, texts=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--size", type=int, default=_SIZE, help="how many packages")
    given = parser.parse_args()
    for line in report(given.rounds, given.size):
        print(line)


if __name__ == "__main__":
    main()
