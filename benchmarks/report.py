"""The report: results of the contenders, and how they were measured."""

import os
import platform
from collections.abc import Iterator, Sequence

from benchmarks import beside
from benchmarks.contenders import CONNECTIONS, MERCURIUS, PLAIN
from benchmarks.databases import Database, durability
from benchmarks.measuring import Case, Measurement, Outcome, Plan, Rounds, medians
from benchmarks.tables import megabytes, milliseconds, paragraph, table
from benchmarks.targets import checklist, ratio_at

_HEADINGS = (
    "scenario",
    "server",
    "at once",
    "requests/s",
    "x plain",
    "x mercurius",
    "p50 ms",
    "p99 ms",
    "CPU ms",
    "DB ms",
    "MB",
)
_BUSY = 0.8


def report(plan: Plan, databases: Sequence[Database], rounds: Rounds) -> str:
    """Markdown; ratios are of requests/s."""
    outcome = medians(rounds)
    lines = [
        *paragraph(
            f"{machine(plan)} {databases[0].size:,} packages; {CONNECTIONS} connections to the "
            "database for each server."
        ),
        "",
    ]
    for scenario in plan.scenarios:
        lines += paragraph(f"- **{scenario.name}**: {scenario.title}", indent="  ")
    for database in databases:
        lines += [
            "",
            f"On {database.kind} ({durability(database)}):",
            "",
            *table(_HEADINGS, [*_rows(plan, database, outcome)], texts=2),
        ]
    if paired := [*beside.report(rounds)]:
        lines += ["", "Medians of the rounds' ratios:", "", *paired]
    lines += [
        "",
        *paragraph(
            "`CPU` is the server's time for one request, `DB` that of PostgreSQL's processes; "
            f"`MB` is the server's memory. {_generator_line(outcome)}"
        ),
        "",
        *table(("target", "reached", "measured"), [*checklist(outcome)], texts=3),
    ]
    return "\n".join(lines)


def machine(plan: Plan) -> str:
    """Where it was measured, and how long."""
    return (
        f"Medians of {plan.rounds} rounds of {plan.seconds:g} s for each line, on "
        f"{os.cpu_count()} cores ({_processor()}) with Python {platform.python_version()}."
    )


def _rows(plan: Plan, database: Database, outcome: Outcome) -> Iterator[tuple[str, ...]]:
    ranks = {scenario.name: rank for rank, scenario in enumerate(plan.scenarios)}
    servers = list(dict.fromkeys(case.contender for case in outcome))

    def place(case: Case) -> tuple[int, int, int]:
        return ranks[case.scenario], servers.index(case.contender), case.concurrency

    for case in sorted((each for each in outcome if each.database == database.kind), key=place):
        yield (
            case.scenario,
            case.contender,
            str(case.concurrency),
            *_numbers(outcome, case, outcome[case]),
        )


def _numbers(outcome: Outcome, case: Case, measured: Measurement) -> Iterator[str]:
    yield f"{measured.requests_per_second:,.1f}"
    for other in (PLAIN, MERCURIUS):
        ratio = ratio_at(outcome, case, other)
        yield "" if ratio is None else f"{ratio:.2f}"
    yield milliseconds(measured.p50)
    yield milliseconds(measured.p99)
    yield milliseconds(measured.cpu)
    yield milliseconds(measured.database_cpu)
    yield megabytes(measured.memory)


def _generator_line(outcome: Outcome) -> str:
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
