"""What a server does of runs, with its own producers: `python -m benchmarks.whole_runs`.

A hundred runs are started at once over HTTP, each from a brief of its own, which answers as the
demo agency's does, to its packages. It's measured how many end in a second, first alone, then
beside small queries, then beside saves; and these without runs before, in the same process.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from benchmarks.contenders import Running, aicmo
from benchmarks.databases import Database, Kind, filled
from benchmarks.load import Load, Requests, load
from benchmarks.measuring import CpuTime, percentile
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.tables import milliseconds, table
from tests.support.patience import SECONDS

SIZE: Final = 2_000
"""How many packages there are before."""
RUNS: Final = 100
CONCURRENCY: Final = 16
"""How many queries, or saves, are under way at once."""
_SUBMIT: Final = """mutation Submit($input: SubmitIntakeInput!) {
  submitIntake(input: $input) { errors { message } }
}"""
_START: Final = """mutation Start($input: StartRunInput!) {
  startRun(input: $input) { errors { message } }
}"""
_STATES: Final = """query States($ended: [RunStatus!]!) {
  all: runs { totalCount }
  ended: runs(filter: { status: { in: $ended } }) { totalCount }
  succeeded: runs(filter: { status: { eq: SUCCEEDED } }) { totalCount }
}"""
_ENDED: Final = ["SUCCEEDED", "FAILED", "COMPENSATED"]
_DEMO: Final = """query Demo {
  brief(briefId: "brief-northwind-spring-trails") { responses }
}"""
_NAMES: Final = ("Northwind Outdoor", "First Trail Set")
"""What the demo agency's brief calls its company and its product: each run has names of its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one database; rates are for each second, times in seconds."""

    database: Kind
    channels: Sequence[str]
    alone: float
    """Runs while nothing was asked."""
    server_cpu: float
    """Of the server and its processes, for each of these runs."""
    database_cpu: float
    small_alone: float
    small: float
    runs_beside_small: float
    p99_alone: float
    """Of saves."""
    p99: float
    runs_beside_saves: float

    @property
    def row(self) -> tuple[str, ...]:
        return (
            self.database.value,
            " ".join(self.channels) or "those that fit",
            f"{self.alone:,.1f}",
            milliseconds(self.server_cpu),
            milliseconds(self.database_cpu),
            f"{self.small / self.small_alone:.2f}",
            f"{self.runs_beside_small:,.1f}",
            milliseconds(self.p99_alone),
            milliseconds(self.p99),
            f"{self.runs_beside_saves:,.1f}",
        )


class Pipeline:
    """Starts runs by requests, and waits until they have ended."""

    def __init__(self, http: httpx.AsyncClient, address: str, channels: Sequence[str]) -> None:
        self._http = http
        self._address = address
        self._channels = channels
        self._started = 0
        self._answers = ""

    async def start(self, runs: int) -> None:
        """Start so many, each of a brief of its own."""
        if not self._answers:
            self._answers = json.dumps((await self._ask(_DEMO, {}))["brief"]["responses"])
        numbers = range(self._started, self._started + runs)
        self._started += runs
        await asyncio.gather(*(self._submit(number) for number in numbers))
        await asyncio.gather(*(self._start(number) for number in numbers))

    async def ended(self) -> int:
        """How many have ended. Raises RuntimeError where one of them did without success."""
        data = await self._ask(_STATES, {"ended": _ENDED})
        found: dict[str, int] = {name: it["totalCount"] for name, it in data.items()}
        if found["ended"] != found["succeeded"]:
            raise RuntimeError(f"{found['ended'] - found['succeeded']} runs didn't succeed")
        return found["ended"]

    async def wait(self) -> None:
        """Until all that were started have ended."""
        async with asyncio.timeout(10 * SECONDS):
            while await self.ended() < self._started:  # noqa: ASYNC110 - the server is another one
                await asyncio.sleep(0.05)

    async def _submit(self, number: int) -> None:
        answers = self._answers
        for name in _NAMES:
            answers = answers.replace(name, f"{name} {number}")
        submitted = {
            "briefId": f"brief-of-a-run-{number}",
            "clientId": f"client-of-a-run-{number}",
            "responses": json.loads(answers),
        }
        await self._ask(_SUBMIT, {"input": submitted})

    async def _start(self, number: int) -> None:
        started: dict[str, Any] = {"briefId": f"brief-of-a-run-{number}"}
        if self._channels:
            started["channels"] = [*self._channels]
        await self._ask(_START, {"input": started})

    async def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        response = await self._http.post(
            self._address, json={"query": query, "variables": variables}
        )
        if '"message":' in response.text:
            raise RuntimeError(response.text)
        data: dict[str, Any] = response.json()["data"]
        return data


async def measured(
    database: Database, ours: Running, runs: int, seconds: float, channels: Sequence[str]
) -> Outcome:
    """Raises RuntimeError unless every run succeeds."""
    loop = asyncio.get_running_loop()
    named = {scenario.name: scenario for scenario in scenarios(SIZE)}
    limits = httpx.Limits(max_connections=CONCURRENCY)
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False, limits=limits) as http:
        pipeline = Pipeline(http, ours.address, channels)

        async def asked(scenario: Scenario) -> Load:
            requests = Requests(ours.address, scenario)
            return await load(requests, concurrency=CONCURRENCY, seconds=seconds)

        @asynccontextmanager
        async def beside() -> AsyncIterator[list[float]]:
            """Within it runs are under way all the time; at its end, how many ended a second."""
            await pipeline.start(runs)
            rate = list[float]()
            before, began = await pipeline.ended(), loop.time()
            yield rate
            count, took = await pipeline.ended() - before, loop.time() - began
            rate.append(count / took)
            await pipeline.wait()

        await pipeline.start(4)  # the processes of the producers start
        await pipeline.wait()
        await asked(named["small"])
        await asked(named["save"])
        small_alone, save_alone = await asked(named["small"]), await asked(named["save"])
        server, its_database = CpuTime(ours.process), CpuTime(database.process)
        began = loop.time()
        await pipeline.start(runs)
        await pipeline.wait()
        took = loop.time() - began
        server_cpu, database_cpu = server.taken() / runs, its_database.taken() / runs
        async with beside() as beside_small:
            small = await asked(named["small"])
        async with beside() as beside_saves:
            save = await asked(named["save"])
    return Outcome(
        database=database.kind,
        channels=channels,
        alone=runs / took,
        server_cpu=server_cpu,
        database_cpu=database_cpu,
        small_alone=_rate(small_alone),
        small=_rate(small),
        runs_beside_small=beside_small[0],
        p99_alone=_p99(save_alone),
        p99=_p99(save),
        runs_beside_saves=beside_saves[0],
    )


def _rate(done: Load) -> float:
    return len(done.latencies) / done.seconds


def _p99(done: Load) -> float:
    return percentile(sorted(done.latencies), 0.99)


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    headings = (
        "database",
        "channels",
        "runs/s",
        "CPU ms",
        "DB ms",
        "small x alone",
        "runs/s meanwhile",
        "saves' p99 alone ms",
        "beside runs ms",
        "runs/s meanwhile",
    )
    yield from table(headings, [outcome.row for outcome in outcomes], texts=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*Kind], type=Kind, help="only this one")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--concurrency", type=int, help="runs at once, if not the usual ones")
    parser.add_argument("--channel", action="append", default=[], help="of the plans; repeatable")
    asked = parser.parse_args()
    outcomes = []
    for kind in Kind:
        if asked.database not in (None, kind):
            continue
        with ExitStack() as stack:
            database = stack.enter_context(filled(kind, SIZE))
            folder = stack.enter_context(TemporaryDirectory(prefix="aicmo-bench-"))
            settings = {"AICMO_FILES_URL": Path(folder, "files").as_uri()}
            if asked.concurrency is not None:
                settings["AICMO_RUN_CONCURRENCY"] = str(asked.concurrency)
            ours = stack.enter_context(aicmo(database, settings=settings))
            outcomes.append(
                asyncio.run(measured(database, ours, asked.runs, asked.seconds, asked.channel))
            )
    print("\n".join(_lines(outcomes)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
