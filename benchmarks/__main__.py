"""`python -m benchmarks`: start the servers, check their answers, measure, print a table."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop

from benchmarks import beside, documentation, migrating, pools, report
from benchmarks.contenders import (
    NODE_PROJECT,
    OURS,
    Checkout,
    Contender,
    before,
    contenders,
    started,
)
from benchmarks.databases import Database, Kind, downgrade_to, postgresql, postgresql_server, sqlite
from benchmarks.filling import SEEDED, add_chains
from benchmarks.growth import SIZES, Growth
from benchmarks.identity import WrongContender, require_plans
from benchmarks.measuring import Measuring, Plan
from benchmarks.pools import Pools
from benchmarks.scenarios import Scenario, WrongAnswer, bulk, chain, events, scenarios
from schema.root import create_schema

_KINDS = tuple(Kind)
_MIGRATED = 200_000


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of everything, in a minute: does it run?")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Servers with this in their names; may be repeated."),
    ] = None,
    database: Annotated[
        list[Kind] | None,
        typer.Option(case_sensitive=False, help="On this database; may be repeated."),
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="The scenarios of this name; may be repeated.")
    ] = None,
    size: Annotated[
        int, typer.Option(min=SEEDED, help="How many packages there are; full hundreds.")
    ] = 2_000,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="How often to measure each case; 5 by default.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.05, help="How long to measure each time; 2 by default.")
    ] = None,
    concurrency: Annotated[
        list[int] | None, typer.Option(min=1, help="Requests at once; may be repeated.")
    ] = None,
    growth: Annotated[
        bool, typer.Option("--growth", help="Instead: our server, with more and more packages.")
    ] = False,
    pool: Annotated[
        bool, typer.Option("--pool", help="Instead: our server, with pools of several sizes.")
    ] = False,
    migrations: Annotated[
        bool, typer.Option("--migrations", help="Instead: the times that migrations take.")
    ] = False,
    checkout: Annotated[
        Path | None,
        typer.Option(
            "--beside",
            help="A checkout of the build before, to be measured beside; alone with ours unless "
            f"--only names others. {beside.ROUNDS} rounds of {beside.SECONDS:g} s by default.",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put what was measured into docs/performance.md.")
    ] = False,
) -> None:
    """Measure the API beside other servers on the same data."""
    if size % SEEDED:
        raise typer.BadParameter(f"has to be a multiple of {SEEDED}", param_hint="--size")
    if quick:
        size, concurrency = 100, concurrency or [1, 8]
        rounds, seconds = rounds or 1, seconds or 0.05
    kinds = tuple(database or _KINDS)
    sizes = (100, 200) if quick else SIZES
    usual = (5, 2.0) if checkout is None else (beside.ROUNDS, beside.SECONDS)
    bench = _Bench(kinds, rounds or usual[0], seconds or usual[1], write=write)
    try:
        if growth:
            bench.growth(sizes)
        if pool:
            bench.pool(size, pools.SIZES[:2] if quick else pools.SIZES)
        if migrations:
            bench.migrations(size if quick else _MIGRATED)
        if not (growth or pool or migrations):
            asked = [
                each
                for each in (*scenarios(size), chain(), events(size), bulk(size))
                if each.name in (scenario or [each.name])
            ]
            if not asked:
                raise typer.BadParameter("no scenario has such a name", param_hint="--scenario")
            bench.comparison(
                size, tuple(asked), tuple(concurrency or (1, 8, 16, 64)), only or [], checkout
            )
    except WrongAnswer as error:
        raise SystemExit(f"Wrong answer: {error}") from None
    except WrongContender as error:
        raise SystemExit(f"Wrong server: {error}") from None


@dataclass(frozen=True, slots=True)
class _Bench:
    """The parts of the benchmark; each starts its own databases and servers."""

    kinds: tuple[Kind, ...]
    rounds: int
    seconds: float
    write: bool

    def comparison(
        self,
        size: int,
        asked: tuple[Scenario, ...],
        concurrencies: tuple[int, ...],
        only: list[str],
        checkout: Path | None,
    ) -> None:
        plan = Plan(asked, concurrencies, self.rounds, self.seconds)
        uvloop.run(require_plans(create_schema(), plan.scenarios))
        if Kind.POSTGRESQL in self.kinds:
            _say("Installing the servers on Node")
            NODE_PROJECT.install()
        with ExitStack() as stack:
            databases = self._chained(stack, size)
            chosen = [
                contender
                for database in databases
                for contender in contenders(database)
                if _is_chosen(contender, only, is_beside=checkout is not None)
            ]
            if not chosen:
                raise typer.BadParameter("no server has such a name", param_hint="--only")
            if checkout is not None:
                chosen = self._before(stack, size, Checkout(checkout)) + chosen
            _say("Starting the servers")
            measuring = Measuring(plan, started(stack, chosen))
            _say("Checking the answers")
            uvloop.run(measuring.check())
            rounds = uvloop.run(measuring.run(_progress))
            self._tell("comparison", report.report(plan, databases, rounds))

    def growth(self, sizes: tuple[int, ...]) -> None:
        with ExitStack() as stack:
            databases = self._filled(stack, *sizes)
            part = Growth.start(stack, databases, self.rounds, self.seconds)
            self._tell("growth", uvloop.run(part.measured(_progress)))

    def pool(self, size: int, sizes: tuple[int, ...]) -> None:
        with ExitStack() as stack:
            databases = self._filled(stack, size)
            part = Pools.start(stack, databases, sizes, self.rounds, self.seconds)
            self._tell("pool", uvloop.run(part.measured(_progress)))

    def migrations(self, size: int) -> None:
        with ExitStack() as stack:
            databases = self._filled(stack, size)
            _say("Migrating")
            self._tell("migrations", migrating.report(databases))

    def _before(self, stack: ExitStack, size: int, checkout: Checkout) -> list[Contender]:
        """The build before, on databases of its own: later migrations aren't known to it."""
        revision = checkout.revision()
        databases = self._chained(stack, size)
        for database in databases:
            asyncio.run(downgrade_to(database, revision))
        return [before(database, checkout) for database in databases]

    def _chained(self, stack: ExitStack, size: int) -> list[Database]:
        """Filled databases that also have what the chain needs."""
        databases = self._filled(stack, size)
        for database in databases:
            asyncio.run(add_chains(database.url))
        return databases

    def _filled(self, stack: ExitStack, *sizes: int) -> list[Database]:
        """Databases of each kind and size."""
        _say("Filling the databases")
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-bench-")))
        opening: list[Callable[[int], AbstractContextManager[Database]]] = []
        for kind in self.kinds:
            if kind is Kind.SQLITE:
                opening.append(partial(sqlite, folder))
            else:
                opening.append(partial(postgresql, stack.enter_context(postgresql_server())))
        return [stack.enter_context(open_(size)) for open_ in opening for size in sizes]

    def _tell(self, section: str, told: str) -> None:
        _say("")
        typer.echo(told)
        if self.write:
            documentation.write(section, told)


def _is_chosen(contender: Contender, only: list[str], *, is_beside: bool) -> bool:
    """Whether it has one of these in its name. Of none, ours is alone beside the build before."""
    if is_beside and not only:
        return contender.name == OURS
    return any(part.lower() in contender.name.lower() for part in only or [""])


def _progress(done: int, total: int) -> None:
    _say(f"Measuring: {done} of {total}")


def _say(text: str) -> None:
    """On a terminal, one line that changes; the report alone is the output."""
    if sys.stderr.isatty():
        typer.echo(f"\r\033[K{text}", err=True, nl=False)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app(prog_name="benchmarks")
