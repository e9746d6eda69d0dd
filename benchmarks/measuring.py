"""Measures contenders in turn, so that what disturbs the machine disturbs all of them alike."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from ctypes import CDLL, byref, c_int
from dataclasses import astuple, dataclass
from itertools import groupby
from math import ceil
from statistics import median

import psutil

from benchmarks.agreement import require_agreement, require_stored
from benchmarks.contenders import BEFORE, OURS, Contender, Running
from benchmarks.identity import WrongContender, require_counted
from benchmarks.load import Load, Requests, check, load
from benchmarks.scenarios import Json, Scenario, WrongAnswer

_CHECKS = 5
_WARM_UP_CONCURRENCY = 8

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The cases to measure, and how long: `seconds` for each case in each of the rounds."""

    scenarios: tuple[Scenario, ...]
    concurrencies: tuple[int, ...]
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Case:
    """By names: a contender under one kind of load."""

    database: str
    scenario: str
    concurrency: int
    contender: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of a case in one round, or the median of several. Times are in seconds."""

    requests_per_second: float
    p50: float
    p99: float
    cpu: float
    """CPU time of the server for one request."""
    database_cpu: float
    """CPU time of the database's own processes for one request."""
    memory: float
    """Resident bytes of the server's processes at the end."""
    generator_load: float
    """The share of a core that the load generator took."""

    @classmethod
    def of(cls, outcome: Load, cpu: float, database_cpu: float, memory: int) -> "Measurement":
        latencies = sorted(outcome.latencies)
        return cls(
            requests_per_second=len(latencies) / outcome.seconds,
            p50=percentile(latencies, 0.50),
            p99=percentile(latencies, 0.99),
            cpu=cpu / len(latencies),
            database_cpu=database_cpu / len(latencies),
            memory=memory,
            generator_load=outcome.generator_cpu / outcome.seconds,
        )

    @classmethod
    def median_of(cls, rounds: Sequence["Measurement"]) -> "Measurement":
        return cls(*map(median, zip(*map(astuple, rounds), strict=True)))


Outcome = Mapping[Case, Measurement]
Rounds = Mapping[Case, Sequence[Measurement]]
"""The results of each case, round after round."""


class Measuring:
    """The contenders that run now, and what was measured of them."""

    def __init__(self, plan: Plan, running: Sequence[tuple[Contender, Running]]) -> None:
        self._plan = plan
        self._running = {
            (contender.database.kind.value, contender.name): (contender, server)
            for contender, server in running
        }
        self._requests = {
            (scenario.name, *names): Requests(server.address, said)
            for scenario in plan.scenarios
            for names, (contender, server) in self._running.items()
            if (said := contender.speaks(scenario)) is not None
        }

    async def check(self, *, agreeing: bool = True) -> None:
        """Raise WrongAnswer, naming who gave it, unless all answer rightly.

        Those that are `agreeing` also have to give the same answers, and to store what they save.
        Raise WrongContender, naming it, when one isn't what its name says.
        """
        for scenario in self._plan.scenarios:
            for _ in range(_CHECKS):
                answers = await self._answers(scenario.name)
                if agreeing and answers:
                    require_agreement(answers)
        if agreeing:
            await self._check_saves()
        await self._check_counts()

    async def run(self, progress: Progress) -> Rounds:
        """All rounds; `progress` is told how many measurements of how many."""
        for requests in self._requests.values():
            await load(requests, concurrency=_WARM_UP_CONCURRENCY, seconds=self._plan.seconds / 2)
        found: dict[Case, list[Measurement]] = {case: [] for case in self._cases(0)}
        done, total = 0, self._plan.rounds * len(found)
        for number in range(self._plan.rounds):
            for case in self._cases(number):
                found[case].append(await self._measure(case))
                done += 1
                progress(done, total)
        return found

    async def _check_counts(self) -> None:
        for (scenario, database, name), requests in self._requests.items():
            contender, server = self._running[database, name]
            if contender.counted is not None:
                try:
                    await require_counted(requests, server.address, contender.counted)
                except WrongContender as error:
                    raise WrongContender(f"{name} on {database}, {scenario}: {error}") from None

    async def _answers(self, scenario: str) -> dict[str, Json]:
        """One of each that is asked this; one that may lack it and fails isn't asked any more."""
        answers = {}
        asked = [names for names in self._requests if names[0] == scenario]
        for names in asked:
            _, database, name = names
            contender, _ = self._running[database, name]
            try:
                answers[f"{name} on {database}"] = await check(self._requests[names])
            except WrongAnswer as error:
                if not contender.may_lack:
                    raise WrongAnswer(f"{name} on {database}, {scenario}: {error}") from None
                del self._requests[names]
        return answers

    async def _check_saves(self) -> None:
        for names, (contender, server) in self._running.items():
            save, small = (self._requests.get((name, *names)) for name in ("save", "small"))
            if save is None or small is None:
                continue
            try:
                await require_stored(server.address, save.scenario, small.scenario)
            except WrongAnswer as error:
                raise WrongAnswer(f"{contender.name}, save: {error}") from None

    def _cases(self, number: int) -> Iterator[Case]:
        """The cases of one round."""
        names: dict[str, list[str]] = {}
        for database, contender in self._running:
            names.setdefault(database, []).append(contender)
        for scenario in self._plan.scenarios:
            for concurrency in self._plan.concurrencies:
                for database, contenders in names.items():
                    for contender in in_turn(contenders, number):
                        if (scenario.name, database, contender) in self._requests:
                            yield Case(database, scenario.name, concurrency, contender)

    async def _measure(self, case: Case) -> Measurement:
        contender, server = self._running[case.database, case.contender]
        server_cpu = CpuTime(server.process)
        database_cpu = CpuTime(contender.database.process)
        outcome = await load(
            self._requests[case.scenario, case.database, case.contender],
            concurrency=case.concurrency,
            seconds=self._plan.seconds,
        )
        return Measurement.of(
            outcome,
            cpu=server_cpu.taken(),
            database_cpu=database_cpu.taken(),
            memory=sum(process.memory_info().rss for process in _tree(server.process)),
        )


def medians(rounds: Rounds) -> Outcome:
    return {case: Measurement.median_of(measured) for case, measured in rounds.items()}


def in_turn(contenders: Sequence[str], number: int) -> Iterator[str]:
    """The contenders in the order of a round; they take turns in being first.

    The build before stays beside ours, and they take turns in that as well.
    """
    units = [
        [*unit] for _, unit in groupby(contenders, lambda name: OURS if name == BEFORE else name)
    ]
    turn = number % len(units)
    for unit in units[turn:] + units[:turn]:
        yield from unit[::-1] if number % 2 else unit


class CpuTime:
    """The CPU time of a process and its children from now on; that of None is 0."""

    def __init__(self, root: psutil.Process | None) -> None:
        self._root = root
        self._before = self._times()

    def taken(self) -> float:
        """Seconds so far. Children that ended meanwhile aren't counted."""
        return sum(time - self._before.get(pid, 0) for pid, time in self._times().items())

    def _times(self) -> dict[int, float]:
        times = {}
        for process in _tree(self._root) if self._root is not None else ():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                times[process.pid] = _cpu_seconds(process.pid)
        return times


def _cpu_seconds(pid: int) -> float:
    """The CPU time of a process so far. Raises ProcessLookupError, psutil.NoSuchProcess.

    On Linux to the microsecond: what psutil reads has ticks of 10 ms, a few to a short round.
    """
    if sys.platform != "linux":
        used = psutil.Process(pid).cpu_times()
        return used.user + used.system
    clock = c_int()
    error: int = CDLL(None).clock_getcpuclockid(pid, byref(clock))
    if error:
        raise ProcessLookupError(error, "it has no clock")
    try:
        return time.clock_gettime(clock.value)
    except OSError as gone:
        raise ProcessLookupError(str(gone)) from None


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of the values doesn't exceed."""
    return ascending[max(ceil(share * len(ascending)) - 1, 0)]
