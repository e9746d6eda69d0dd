"""Ours beside the build before: ratios of what was measured directly one after the other.

The machine drifts by a tenth and more within a run. Both of a pair are met by the same drift, which
their ratio leaves out; so it's the median of the pairs' ratios that says how the builds differ.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import comb
from statistics import median
from typing import Final

from benchmarks.contenders import BEFORE, OURS
from benchmarks.measuring import Measurement, Rounds
from benchmarks.tables import table

ROUNDS: Final = 40
SECONDS: Final = 0.25
"""Many short rounds, unless it is told otherwise: the more pairs, the closer the interval."""

_CONFIDENCE: Final = 0.95

Interval = tuple[float, float]


def interval_of_median(values: Sequence[float]) -> Interval | None:
    """Where the true median is with 95 % confidence, whatever the distribution of the values.

    By order statistics; None when there are fewer than six values, which are too few to say.
    """
    count = len(values)
    left_out = -1
    beyond = 0.0
    while beyond <= (1 - _CONFIDENCE) / 2 and left_out < count:
        left_out += 1
        beyond += comb(count, left_out) / 2**count
    if left_out == 0:
        return None
    ascending = sorted(values)
    return ascending[left_out - 1], ascending[count - left_out]


def report(rounds: Rounds) -> Iterator[str]:
    """The table of all cases in which both were measured; nothing when there are none."""
    rows = [*_rows(rounds)]
    if rows:
        headings = (
            *("scenario", "database", "at once"),
            *("requests/s x the build before", "95 %", "CPU x the build before", "95 %"),
        )
        yield from table(headings, rows, texts=2)


def ratios(
    ours: Sequence[Measurement],
    theirs: Sequence[Measurement],
    measured: Callable[[Measurement], float],
) -> list[float]:
    """The ratios of the rounds."""
    return [measured(mine) / measured(other) for mine, other in zip(ours, theirs, strict=True)]


def requests_per_second(measurement: Measurement) -> float:
    return measurement.requests_per_second


def cpu(measurement: Measurement) -> float:
    """CPU time of the server and its database for one request."""
    return measurement.cpu + measurement.database_cpu


def _rows(rounds: Rounds) -> Iterator[tuple[str, ...]]:
    for case, ours in rounds.items():
        theirs = rounds.get(replace(case, contender=BEFORE))
        if case.contender == OURS and theirs is not None:
            yield (
                *(case.scenario, case.database, str(case.concurrency)),
                *_told(ratios(ours, theirs, requests_per_second)),
                *_told(ratios(ours, theirs, cpu)),
            )


def _told(values: Sequence[float]) -> tuple[str, str]:
    interval = interval_of_median(values)
    return f"{median(values):.3f}", "" if interval is None else "{:.3f} to {:.3f}".format(*interval)
