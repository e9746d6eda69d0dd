"""`python -m benchmarks`: start the servers, check their answers, measure, print a table."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop

from benchmarks.contenders import Contender, Running, aicmo
from benchmarks.databases import postgresql, sqlite
from benchmarks.measuring import Measuring, Plan
from benchmarks.report import report
from benchmarks.scenarios import WrongAnswer, scenarios


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of everything, in half a minute: does it run?")
    ] = False,
    size: Annotated[int, typer.Option(min=100, help="How many packages to seed.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often to measure each case.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.05, help="How long to measure each time.")] = 2.0,
    concurrency: Annotated[
        list[int] | None, typer.Option(min=1, help="Requests at once; may be repeated.")
    ] = None,
) -> None:
    """Measure the API on SQLite and on PostgreSQL, side by side."""
    if quick:
        size, rounds, seconds, concurrency = 100, 1, 0.2, concurrency or [1, 8]
    plan = Plan(scenarios(size), tuple(concurrency or (1, 8, 16, 64)), rounds, seconds)
    with ExitStack() as stack:
        _say("Seeding and starting the servers")
        running = _start(stack, size)
        measuring = Measuring(plan, running)
        try:
            uvloop.run(_measure(measuring))
        except WrongAnswer as error:
            raise SystemExit(f"Wrong answer: {error}") from None
        outcome, memory = measuring.outcome(), measuring.memory()
    typer.echo(report(plan, size, outcome, memory))


def _start(stack: ExitStack, size: int) -> list[tuple[Contender, Running]]:
    """Start all contenders, on databases that are filled at the same time."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-bench-")))
    with ThreadPoolExecutor() as threads:
        filling = [
            threads.submit(stack.enter_context, database)
            for database in (sqlite(folder, size), postgresql(size))
        ]
    on_sqlite, on_postgresql = (filled.result() for filled in filling)
    contenders = [
        Contender("AICMO on SQLite", on_sqlite, aicmo),
        Contender("AICMO on PostgreSQL", on_postgresql, aicmo),
    ]
    return [
        (contender, stack.enter_context(contender.start(contender.database)))
        for contender in contenders
    ]


async def _measure(measuring: Measuring) -> None:
    _say("Checking the answers")
    await measuring.check()
    await measuring.run(lambda done, total: _say(f"Measuring: {done} of {total}"))
    _say("")


def _say(text: str) -> None:
    """On a terminal, one line that changes; the report alone is the output."""
    if sys.stderr.isatty():
        typer.echo(f"\r\033[K{text}", err=True, nl=False)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app(prog_name="benchmarks")
