"""The outcome as Markdown that can also be read as it is."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.measuring import Case, Measurement, Plan

_HEADINGS = ("scenario", "at once", "server", "requests/s", "ratio", "p50 ms", "p99 ms", "CPU ms")
_TEXT_COLUMNS = frozenset({"scenario", "server"})
_BUSY = 0.8


def report(
    plan: Plan, size: int, outcome: Mapping[Case, Measurement], memory: Mapping[str, int]
) -> str:
    """What was measured, and how. Ratios are of requests/s, to the first server's."""
    lines = [
        f"{size:,} packages; medians of {plan.rounds} rounds of {plan.seconds:g} s each.",
        f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}.",
        "",
        *(f"- {scenario.name}: {scenario.title}" for scenario in plan.scenarios),
        "",
        *_table([_HEADINGS, *_rows(outcome)]),
        "",
        "CPU is that of the server and its database for one request.",
        "Memory of the servers' processes after all this: "
        + ", ".join(f"{name} {used / 2**20:,.0f} MiB" for name, used in memory.items())
        + ".",
        _generator_line(outcome),
    ]
    return "\n".join(lines)


def _rows(outcome: Mapping[Case, Measurement]) -> Iterator[tuple[str, ...]]:
    first: dict[tuple[str, int], float] = {}
    for case, measured in outcome.items():
        base = first.setdefault((case.scenario, case.concurrency), measured.requests_per_second)
        yield (
            case.scenario,
            str(case.concurrency),
            case.contender,
            f"{measured.requests_per_second:,.1f}",
            f"{measured.requests_per_second / base:.2f}",
            f"{measured.p50 * 1000:,.1f}",
            f"{measured.p99 * 1000:,.1f}",
            f"{measured.cpu * 1000:,.1f}",
        )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    is_text = [heading in _TEXT_COLUMNS for heading in _HEADINGS]
    for number, row in enumerate(rows):
        cells = [
            cell.ljust(width) if text else cell.rjust(width)
            for cell, width, text in zip(row, widths, is_text, strict=True)
        ]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            rules = [
                "-" * width if text else "-" * (width - 1) + ":"
                for width, text in zip(widths, is_text, strict=True)
            ]
            yield f"| {' | '.join(rules)} |"


def _generator_line(outcome: Mapping[Case, Measurement]) -> str:
    busiest = max(measured.generator_load for measured in outcome.values())
    line = f"The load generator took at most {busiest:.0%} of a core"
    return f"{line}: too much, it slows down what it measures." if busiest > _BUSY else f"{line}."


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next(
                line.partition(":")[2].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.machine()
