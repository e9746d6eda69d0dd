"""How many runs a process carries out in a second: `python -m benchmarks.runs`.

Briefs are there, runs of all of them are started, and one process does them with producers that
answer at once: a campaign of one tactic, so 7 steps that store something. It's what the engine
takes, and no producer.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from benchmarks.databases import Database, Kind, filled
from benchmarks.tables import table
from domain.workflow import RunStatus
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from tests.support.runs import RunSystem

SIZE: Final = 2_000
"""How many packages there are."""
RUNS: Final = 100
CONCURRENCY: Final = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    database: Kind
    concurrency: int
    rate: float
    """Runs in a second."""
    cpu: float
    """Seconds of the process for each."""

    @property
    def row(self) -> tuple[str, ...]:
        return (
            self.database.value,
            f"{self.concurrency}",
            f"{self.rate:,.1f}",
            f"{self.cpu * 1e3:.1f}",
        )


async def measured(database: Database, runs: int, concurrency: int) -> Outcome:
    """Raises RuntimeError unless every run succeeds."""
    opened = open_database(database.url, pool_size=concurrency + 2)
    storage = create_storage(PersistenceMode.DB, opened)
    system = RunSystem(storage, tactics=1)
    started = []
    for number in range(runs):
        await system.add_brief(f"brief-{concurrency}-{number}")
        started.append(await system.start(f"brief-{concurrency}-{number}"))
    began, cpu = time.perf_counter(), time.process_time()
    await system.another(concurrency=concurrency).settle()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    statuses = {(await system.run_of(run)).status for run in started}
    if statuses != {RunStatus.SUCCEEDED}:
        raise RuntimeError(f"runs are {', '.join(sorted(statuses))}")
    await opened.close()
    return Outcome(database.kind, concurrency, runs / seconds, cpu / runs)


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    headings = ("database", "at once", "runs/s", "CPU ms a run")
    yield from table(headings, [outcome.row for outcome in outcomes], texts=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*Kind], type=Kind, help="only this one")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    asked = parser.parse_args()
    outcomes = []
    for kind in Kind:
        if asked.database not in (None, kind):
            continue
        with filled(kind, SIZE) as database:
            outcomes.append(asyncio.run(measured(database, asked.runs, asked.concurrency)))
    print("\n".join(_lines(outcomes)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
