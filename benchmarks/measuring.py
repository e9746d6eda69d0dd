"""Measures contenders in turn, so that what disturbs the machine disturbs all of them alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

import psutil

from benchmarks.contenders import Contender, Running
from benchmarks.load import Load, Requests, check, load
from benchmarks.scenarios import Scenario, WrongAnswer

_CHECKS = 5
_WARM_UP_CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how long: `seconds` for each case in each of the rounds."""

    scenarios: tuple[Scenario, ...]
    concurrencies: tuple[int, ...]
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Case:
    """By names: a contender under one kind of load."""

    scenario: str
    concurrency: int
    contender: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a case came to in one round, or in the median of several. Times are in seconds."""

    requests_per_second: float
    p50: float
    p99: float
    cpu: float
    """CPU time of the server and its database for one request."""
    generator_load: float
    """The share of a core that the load generator took."""

    @classmethod
    def of(cls, outcome: Load, cpu: float) -> "Measurement":
        latencies = sorted(outcome.latencies)
        return cls(
            requests_per_second=len(latencies) / outcome.seconds,
            p50=_percentile(latencies, 0.50),
            p99=_percentile(latencies, 0.99),
            cpu=cpu / len(latencies),
            generator_load=outcome.generator_cpu / outcome.seconds,
        )

    @classmethod
    def median_of(cls, rounds: Sequence["Measurement"]) -> "Measurement":
        return cls(
            requests_per_second=median(each.requests_per_second for each in rounds),
            p50=median(each.p50 for each in rounds),
            p99=median(each.p99 for each in rounds),
            cpu=median(each.cpu for each in rounds),
            generator_load=median(each.generator_load for each in rounds),
        )


class Measuring:
    """The contenders that run now, and what was measured of them."""

    def __init__(self, plan: Plan, running: Sequence[tuple[Contender, Running]]) -> None:
        self._plan = plan
        self._running = {contender.name: (contender, server) for contender, server in running}
        self._requests = {
            (scenario.name, contender.name): Requests(server.address, contender.translate(scenario))
            for scenario in plan.scenarios
            for contender, server in running
        }
        self._rounds: dict[Case, list[Measurement]] = {case: [] for case in self._cases(0)}

    async def check(self) -> None:
        """Raise WrongAnswer, naming contender and scenario, unless all of them answer rightly."""
        for (scenario, contender), requests in self._requests.items():
            try:
                for _ in range(_CHECKS):
                    await check(requests)
            except WrongAnswer as error:
                raise WrongAnswer(f"{contender}, {scenario}: {error}") from None

    async def run(self, progress: Callable[[int, int], None]) -> None:
        """Measure all cases in all rounds; `progress` is told how many of how many are done."""
        for requests in self._requests.values():
            await load(requests, concurrency=_WARM_UP_CONCURRENCY, seconds=self._plan.seconds / 2)
        done, total = 0, self._plan.rounds * len(self._rounds)
        for number in range(self._plan.rounds):
            for case in self._cases(number):
                self._rounds[case].append(await self._measure(case))
                done += 1
                progress(done, total)

    def outcome(self) -> dict[Case, Measurement]:
        """The medians of the rounds."""
        return {case: Measurement.median_of(rounds) for case, rounds in self._rounds.items()}

    def memory(self) -> dict[str, int]:
        """The resident bytes of each contender's processes, without those of its database."""
        return {
            name: sum(process.memory_info().rss for process in _tree(server.process))
            for name, (_, server) in self._running.items()
        }

    def _cases(self, number: int) -> Iterator[Case]:
        """Those of one round. Contenders take turns in being first."""
        names = list(self._running)
        turn = number % len(names)
        for scenario in self._plan.scenarios:
            for concurrency in self._plan.concurrencies:
                for name in names[turn:] + names[:turn]:
                    yield Case(scenario.name, concurrency, name)

    async def _measure(self, case: Case) -> Measurement:
        before = self._cpu(case.contender)
        outcome = await load(
            self._requests[case.scenario, case.contender],
            concurrency=case.concurrency,
            seconds=self._plan.seconds,
        )
        return Measurement.of(outcome, self._cpu(case.contender) - before)

    def _cpu(self, name: str) -> float:
        contender, server = self._running[name]
        roots = [server.process, contender.database.process]
        return sum(_cpu_time(process) for root in roots if root for process in _tree(root))


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


def _cpu_time(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of the values doesn't exceed."""
    return ascending[max(ceil(share * len(ascending)) - 1, 0)]
