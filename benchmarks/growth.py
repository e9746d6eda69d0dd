"""The cost of requests with ten, and with a hundred times as many packages."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.contenders import Contender, aicmo
from benchmarks.databases import Database
from benchmarks.load import Requests, check
from benchmarks.measuring import Case, Measuring, Outcome, Plan, Progress, medians
from benchmarks.report import machine
from benchmarks.scenarios import LAST_CURSOR, PAGE, Scenario, growing
from benchmarks.tables import milliseconds, paragraph, table

SIZES: Final = (2_000, 20_000, 200_000)

_CONCURRENCY = 8
_FLAT = 1.25


@dataclass(frozen=True, slots=True)
class Growth:
    """Our server, once on each of the databases."""

    plan: Plan
    sizes: tuple[int, ...]
    measuring: Measuring

    @classmethod
    def start(
        cls, stack: ExitStack, databases: Sequence[Database], rounds: int, seconds: float
    ) -> "Growth":
        """Start the servers; they run as long as the stack isn't closed."""
        servers = [stack.enter_context(aicmo(database)) for database in databases]
        running = [
            (_contender(database, asyncio.run(_deep_cursor(server.address))), server)
            for database, server in zip(databases, servers, strict=True)
        ]
        sizes = tuple(dict.fromkeys(database.size for database in databases))
        # What is asked is said by each contender for its size.
        plan = Plan(growing(sizes[0], ""), (_CONCURRENCY,), rounds, seconds)
        return cls(plan, sizes, Measuring(plan, running))

    async def measured(self, progress: Progress) -> str:
        """The report."""
        await self.measuring.check(agreeing=False)
        return "\n".join(self._report(medians(await self.measuring.run(progress))))

    def _report(self, outcome: Outcome) -> Iterator[str]:
        databases = dict.fromkeys(case.database for case in outcome)
        sizes = [f"{size:,}" for size in self.sizes]
        yield from paragraph(
            f"{machine(self.plan)} {_CONCURRENCY} requests at once. `CPU` is the time in ms that "
            "one request takes of the server and its database, by the number of packages; it is "
            f"flat when it grows by less than {_FLAT - 1:.0%}. `p50` is in ms, too."
        )
        yield ""
        for scenario in self.plan.scenarios:
            yield from paragraph(f"- **{scenario.name}**: {scenario.title}", indent="  ")
        yield ""
        headings = (
            *("database", "scenario"),
            *(f"CPU {size}" for size in sizes),
            *("growth", "flat"),
            *(f"p50 {size}" for size in sizes),
        )
        rows = [
            tuple(self._row(outcome, database, scenario.name))
            for database in databases
            for scenario in self.plan.scenarios
        ]
        yield from table(headings, rows, texts=2)

    def _row(self, outcome: Outcome, database: str, scenario: str) -> Iterator[str]:
        measured = [
            outcome[Case(database, scenario, _CONCURRENCY, _name(size))] for size in self.sizes
        ]
        cpu = [each.cpu + each.database_cpu for each in measured]
        growth = cpu[-1] / cpu[0]
        yield from (database, scenario)
        yield from map(milliseconds, cpu)
        yield from (f"{growth:.2f}", "yes" if growth < _FLAT else "no")
        yield from (milliseconds(each.p50) for each in measured)


def _contender(database: Database, deep: str) -> Contender:
    said = {scenario.name: scenario for scenario in growing(database.size, deep)}
    return Contender(_name(database.size), database, aicmo, lambda scenario: said[scenario.name])


async def _deep_cursor(address: str) -> str:
    """Where the page begins that is the last but one."""

    def accept(_: Any) -> None:
        """There is nothing to be checked yet."""

    asked = Scenario("cursor", "a cursor", LAST_CURSOR, ({"last": 2 * PAGE},), accept)
    data = await check(Requests(address, asked))
    cursor: str = data["deliveryPackages"]["pageInfo"]["startCursor"]
    return cursor


def _name(size: int) -> str:
    return f"{size:,} packages"
