"""The targets of the API, and whether it reached them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.contenders import LIMIT, MERCURIUS, OURS, PLAIN, POSTGRAPHILE
from benchmarks.databases import Kind
from benchmarks.measuring import Case, Measurement, Outcome
from benchmarks.scenarios import BULK, BULK_ROWS, EVENTS

_MAX_BYTES = 120e6
_LONGEST_SAVE = 0.050
_WRITERS = 16
_CROWD = 64
_BULK_GAIN = 4


@dataclass(frozen=True, slots=True)
class Ratio:
    """So many times the requests a second of another server, `at` so many at once or at any."""

    database: Kind
    scenario: str
    other: str
    least: float
    at: int | None = None


RATIOS: Final = (
    Ratio(Kind.POSTGRESQL, "list", MERCURIUS, 1.5),
    Ratio(Kind.POSTGRESQL, "list", POSTGRAPHILE, 2.5),
    Ratio(Kind.POSTGRESQL, "list", LIMIT, 0.95),
    Ratio(Kind.POSTGRESQL, "small", MERCURIUS, 1.0),
    Ratio(Kind.POSTGRESQL, "small", LIMIT, 0.7),
    Ratio(Kind.POSTGRESQL, "save", MERCURIUS, 2.0),
    Ratio(Kind.POSTGRESQL, "events", MERCURIUS, 1.6),
    Ratio(Kind.POSTGRESQL, BULK, MERCURIUS, 2.0),
    Ratio(Kind.POSTGRESQL, "chain", MERCURIUS, 2.5, at=16),
    Ratio(Kind.POSTGRESQL, "chain", POSTGRAPHILE, 3.0, at=16),
    Ratio(Kind.SQLITE, "list", PLAIN, 25),
    Ratio(Kind.SQLITE, "small", PLAIN, 30),
    Ratio(Kind.SQLITE, "save", PLAIN, 25),
)


def ratio_at(outcome: Outcome, case: Case, other: str) -> float | None:
    """The requests a second of a case by those of another server under the same load."""
    base = outcome.get(Case(case.database, case.scenario, case.concurrency, other))
    if base is None:
        return None
    return outcome[case].requests_per_second / base.requests_per_second


Row = tuple[str, str, str]


def checklist(outcome: Outcome) -> Iterator[Row]:
    """Each target that can be judged by what was measured: what it is, whether it is reached."""
    for target in RATIOS:
        yield from _ratio_row(outcome, target)
    for kind in Kind:
        yield from _bulk_row(outcome, kind)
    yield from _bound_row(
        outcome,
        "p99 of saves on SQLite, 16 writers, below 50 ms",
        _is_save_by_writers,
        lambda measured: measured.p99 / _LONGEST_SAVE,
        lambda measured: f"{measured.p99 * 1000:.1f} ms",
    )
    yield from _bound_row(
        outcome,
        "memory of a process, 64 requests at once, below 120 MB",
        lambda case: case.concurrency == _CROWD,
        lambda measured: measured.memory / _MAX_BYTES,
        lambda measured: f"{measured.memory / 1e6:.0f} MB",
    )


def _ratio_row(outcome: Outcome, target: Ratio) -> Iterator[Row]:
    ratios = {
        case.concurrency: ratio
        for case in outcome
        if (case.database, case.scenario, case.contender)
        == (target.database, target.scenario, OURS)
        and target.at in (None, case.concurrency)
        and (ratio := ratio_at(outcome, case, target.other)) is not None
    }
    if ratios:
        at = "" if target.at is None else f", {target.at} at once"
        what = f"{target.scenario} on {target.database}: {target.least:g} times {target.other}{at}"
        told = ", ".join(f"{ratio:.2f} ({number})" for number, ratio in ratios.items())
        yield _judged(what, min(ratios.values()) >= target.least, f"{told} at once")


def _bulk_row(outcome: Outcome, kind: Kind) -> Iterator[Row]:
    """How many times as many packages are saved by bulks as by single saves."""
    bulk, single = (
        outcome.get(Case(kind, scenario, _WRITERS, OURS)) for scenario in (BULK, EVENTS)
    )
    if bulk is not None and single is not None:
        packages = bulk.requests_per_second * BULK_ROWS
        gain = packages / single.requests_per_second
        what = f"bulk on {kind}: {_BULK_GAIN} times the packages of events, {_WRITERS} at once"
        yield _judged(what, gain >= _BULK_GAIN, f"{gain:.1f}: {packages:,.0f} packages/s")


def _is_save_by_writers(case: Case) -> bool:
    return (case.database, case.scenario, case.concurrency) == (Kind.SQLITE, "save", _WRITERS)


def _bound_row(
    outcome: Outcome,
    what: str,
    concerns: Callable[[Case], bool],
    share: Callable[[Measurement], float],
    told: Callable[[Measurement], str],
) -> Iterator[Row]:
    """`share` is what was used up of what is allowed; the case that used the most is told."""
    ours = [
        measured for case, measured in outcome.items() if case.contender == OURS and concerns(case)
    ]
    if ours:
        worst = max(ours, key=share)
        yield _judged(what, share(worst) < 1, told(worst))


def _judged(what: str, is_reached: bool, told: str) -> Row:
    return what, "yes" if is_reached else "no", told
