"""How many connections to the database are best."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.contenders import CONNECTIONS, Contender, aicmo, started
from benchmarks.databases import Database
from benchmarks.measuring import Case, Measurement, Measuring, Outcome, Plan, Progress, medians
from benchmarks.report import machine
from benchmarks.scenarios import scenarios
from benchmarks.tables import megabytes, milliseconds, paragraph, table

SIZES: Final = (1, 2, 3, 5, 8, 12, 20)

_CONCURRENCIES = (16, 64)


@dataclass(frozen=True, slots=True)
class Pools:
    """Our server with pools of several sizes on each of the databases."""

    plan: Plan
    sizes: tuple[int, ...]
    measuring: Measuring

    @classmethod
    def start(
        cls,
        stack: ExitStack,
        databases: Sequence[Database],
        sizes: tuple[int, ...],
        rounds: int,
        seconds: float,
    ) -> "Pools":
        """Start the servers; they run as long as the stack isn't closed."""
        contenders = [
            Contender(str(size), database, partial(aicmo, pool_size=size))
            for database in databases
            for size in sizes
        ]
        plan = Plan(scenarios(databases[0].size), _CONCURRENCIES, rounds, seconds)
        return cls(plan, sizes, Measuring(plan, started(stack, contenders)))

    async def measured(self, progress: Progress) -> str:
        """The report."""
        await self.measuring.check(agreeing=False)
        return "\n".join(self._report(medians(await self.measuring.run(progress))))

    def _report(self, outcome: Outcome) -> Iterator[str]:
        yield from paragraph(f"{machine(self.plan)} {CONNECTIONS} is what a server has by default.")
        for title, told in _COLUMNS.items():
            loads = dict.fromkeys(
                (case.database, case.scenario, case.concurrency) for case in outcome
            )
            rows = [
                (
                    *map(str, load),
                    *(told(outcome[Case(*load, contender=str(size))]) for size in self.sizes),
                )
                for load in sorted(loads)
            ]
            yield from ("", f"{title} by the size of the pool:", "")
            headings = ("database", "scenario", "at once", *map(str, self.sizes))
            yield from table(headings, rows, texts=2)


_COLUMNS: Final[dict[str, Callable[[Measurement], str]]] = {
    "Requests a second": lambda measured: f"{measured.requests_per_second:,.0f}",
    "p99 in ms": lambda measured: milliseconds(measured.p99),
    "Memory in MB": lambda measured: megabytes(measured.memory),
}
