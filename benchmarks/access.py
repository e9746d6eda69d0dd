"""What credentials cost, and clients that callers are bound to: `python -m benchmarks.access`.

One server answers the same operation for different callers in turn, so that its process, its
database and the machine are the same for all of them.
"""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.beside import cpu, interval_of_median, ratios, requests_per_second
from benchmarks.contenders import Running, aicmo
from benchmarks.databases import Database, Kind, postgresql, postgresql_server, sqlite
from benchmarks.load import Requests, check, load
from benchmarks.measuring import CpuTime, Measurement
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.tables import milliseconds, table
from domain.access import CreateAccessToken, Pepper, TokenKind
from domain.callers import local_operator
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from resolvers.access.commands import create_access_token
from tests.support.providers import AUDIENCE, Provider

SIZE: Final = 2_000
CLIENT: Final = "client-00"
"""All packages are this client's, but for the three of the demo agency."""
ROUNDS: Final = 40
SECONDS: Final = 0.25
CONCURRENCY: Final = 8
_READS: Final = ("delivery:read", "production:read", "qc:read")
_PEPPER: Final = Pepper("bench", "a key of 32 characters or longer")
_PLENTY: Final = str(10**12)
"""Requests and their costs are counted, as they are by default, and none is refused."""

Times = dict[str, list[Measurement]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Callers of one operation, beside the first of them."""

    scenario: str
    callers: tuple[str, ...]


NOBODY: Final = "without credentials"
TOKEN: Final = "token"
BOUND: Final = "token of a client"
JWT: Final = "JWT"
COMPARISONS: Final = (
    Comparison("small", (NOBODY, TOKEN, JWT, BOUND)),
    Comparison("list", (TOKEN, BOUND)),
)


async def _tokens(database: Database) -> dict[str, str]:
    opened = open_database(database.url)
    try:
        storage = create_storage(PersistenceMode.DB, opened, peppers=[_PEPPER])
        repositories = storage.as_(local_operator("filling"))

        async def issue(name: str, client_ids: tuple[str, ...] | None) -> str:
            command = CreateAccessToken(
                kind=TokenKind.SERVICE, name=name, scopes=_READS, client_ids=client_ids
            )
            shown = await repositories.write(lambda unit: create_access_token(unit, command))
            return shown.secret

        return {TOKEN: await issue("all", None), BOUND: await issue("one", (CLIENT,))}
    finally:
        await opened.close()


async def _measured(
    requests: Mapping[str, Requests], server: Running, database: Database, rounds: int
) -> Times:
    """All callers in turn, who take turns in being first."""
    found: Times = {name: [] for name in requests}
    for number in range(rounds):
        for name in list(requests)[:: -1 if number % 2 else 1]:
            server_cpu, database_cpu = CpuTime(server.process), CpuTime(database.process)
            outcome = await load(requests[name], concurrency=CONCURRENCY, seconds=SECONDS)
            taken = server_cpu.taken(), database_cpu.taken()
            found[name].append(Measurement.of(outcome, *taken, memory=0))
    return found


def _rows(database: Database, comparison: Comparison, found: Times) -> Iterator[tuple[str, ...]]:
    first = found[comparison.callers[0]]
    for name in comparison.callers:
        own = found[name]
        told = ["1", "", "1", ""]
        if own is not first:
            told = [
                *_told(ratios(own, first, requests_per_second)),
                *_told(ratios(first, own, cpu)),
            ]
        yield (
            database.kind.value,
            comparison.scenario,
            name,
            milliseconds(median(map(cpu, own))),
            *told,
        )


def _told(values: Sequence[float]) -> tuple[str, str]:
    interval = interval_of_median(values)
    return f"{median(values):.3f}", "" if interval is None else "{:.3f} to {:.3f}".format(*interval)


async def _compared(
    database: Database, comparisons: Sequence[Comparison], rounds: int
) -> list[tuple[str, ...]]:
    by_name = {each.name: each for each in scenarios(database.size)}
    rows: list[tuple[str, ...]] = []
    for comparison in comparisons:
        provider = Provider()
        provider.rotate("k1")
        await provider.start()
        settings = {
            "AICMO_TOKEN_PEPPERS": f"{_PEPPER.id}:{_PEPPER.key}",
            "AICMO_OIDC_ISSUER": provider.issuer,
            "AICMO_OIDC_AUDIENCE": AUDIENCE,
            "AICMO_RATE_LIMIT_REQUESTS": _PLENTY,
            "AICMO_RATE_LIMIT_COST": _PLENTY,
        }
        jwt = provider.token("k1", scope=" ".join(_READS))
        credentials = {**await _tokens(database), JWT: jwt}
        try:
            with ExitStack() as stack:
                server = await asyncio.to_thread(
                    stack.enter_context, aicmo(database, settings=settings)
                )
                requests = _requests(
                    server, by_name[comparison.scenario], comparison.callers, credentials
                )
                for each in requests.values():
                    await check(each)
                    await load(each, concurrency=CONCURRENCY, seconds=SECONDS)
                found = await _measured(requests, server, database, rounds)
        finally:
            await provider.stop()
        rows += _rows(database, comparison, found)
    return rows


def _requests(
    server: Running, scenario: Scenario, callers: Sequence[str], credentials: Mapping[str, str]
) -> dict[str, Requests]:
    headers = {name: f"Authorization: Bearer {it}\r\n" for name, it in credentials.items()}
    return {name: Requests(server.address, scenario, headers.get(name, "")) for name in callers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*Kind], type=Kind, help="only this one")
    parser.add_argument("--scenario", choices=[it.scenario for it in COMPARISONS])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    comparisons = [it for it in COMPARISONS if asked.scenario in (None, it.scenario)]
    rows: list[tuple[str, ...]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-bench-")))
        if asked.database in (None, Kind.POSTGRESQL):
            server = stack.enter_context(postgresql_server())
            database = stack.enter_context(postgresql(server, SIZE))
            rows += asyncio.run(_compared(database, comparisons, asked.rounds))
        if asked.database in (None, Kind.SQLITE):
            database = stack.enter_context(sqlite(folder, SIZE))
            rows += asyncio.run(_compared(database, comparisons, asked.rounds))
    headings = ("database", "scenario", "caller", "CPU ms", "requests/s", "95 %", "by CPU", "95 %")
    print("\n".join(table(headings, rows, texts=3)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
