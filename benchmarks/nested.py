"""`python -m benchmarks.nested`: lists within lists, introspection and new documents, beside
another build.

Each request is run in the process of its build, without HTTP; its cost is the CPU time of that
process and of the database. Both builds use the same databases, with the tables and indexes of this
one, so what an index alone brings is not seen beside another build.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import psutil
import typer
from graphql import get_introspection_query
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.databases import Database, Kind, postgresql, postgresql_server, sqlite
from benchmarks.tables import milliseconds, table
from domain.callers import local_operator
from repositories.drivers.engine import database_url, open_database
from repositories.factory import PersistenceMode, create_storage
from schema.context import Context
from schema.encoding import encode
from schema.execute import GraphQLRequest, execute
from schema.root import create_schema

_HERE: Final = Path(__file__).parents[1]
_WARM: Final = 10
_REQUESTS: Final = 20
_ALIASES: Final = " ".join(
    f'a{number}: drafts(first: 1, filter: {{ title: {{ ne: "{number}" }} }})'
    " { nodes { draftId } }"
    for number in range(50)
)

_EACH_TIME: Final = "NUMBER"
"""Where it stands, each request has another number, so that its document is a new one."""

_LOOKUPS: Final = " ".join(
    f'n{_EACH_TIME}a{number}: draft(draftId: "draft-bulk-{number:07}")'
    " { draftId title qcResult { resultId issues { position severity } } }"
    for number in range(100)
)

REQUESTS: Final = {
    "one of 20,000": """{ campaign(campaignId: "campaign-bulk-000000") {
      drafts(first: 1) { nodes { draftId title } } } }""",
    "one of each of 100": """{ strategyPlans(first: 100) { nodes { strategyId
      drafts(first: 1) { nodes { draftId title } } } } }""",
    "counts of 100": "{ strategyPlans(first: 100) { nodes { drafts { totalCount } } } }",
    "50 aliases of 20": f"{{ strategyPlans(first: 20) {{ nodes {{ {_ALIASES} }} }} }}",
    "20 by their changes": """{ drafts(first: 20, orderBy: { field: UPDATED_AT, direction: DESC })
      { nodes { draftId title } } }""",
    "introspection": get_introspection_query(),
    "100 aliases, first time": f"{{ {_LOOKUPS} }}",
}
"""There are 20,000 drafts: each plan has a hundred, and one campaign has all."""

Costs = dict[str, float]
"""CPU time in seconds, by the request."""


def main(
    beside: Annotated[
        Path | None, typer.Option(help="A checkout of another build, with the same dependencies.")
    ] = None,
    size: Annotated[int, typer.Option(help="How many drafts; full hundreds.")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each build takes its turn.")] = 3,
) -> None:
    """Print what each request costs, and how many times that the other build takes."""
    builds = [build for build in (_HERE, beside) if build is not None]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-nested-")))
        server = stack.enter_context(postgresql_server())
        for database in (
            stack.enter_context(sqlite(folder, size)),
            stack.enter_context(postgresql(server, size)),
        ):
            asyncio.run(_give_all_drafts_to_one_campaign(database))
            costs = {build: [_costs(build, database) for _ in range(rounds)] for build in builds}
            best = {build: _least(found) for build, found in costs.items()}
            typer.echo(f"\n{database.kind}, ms\n")
            headings = ["request", "here", *(["beside", "times"] if beside else [])]
            typer.echo("\n".join(table(headings, list(_rows(best, beside)), texts=1)))


def measure(url: str, database_process: int | None) -> None:
    """Print the costs of this build as JSON; what `main` runs in a process of each build."""
    process = psutil.Process(database_process) if database_process else None
    typer.echo(json.dumps(asyncio.run(_measured(url, process))))


async def _measured(url: str, process: psutil.Process | None) -> Costs:
    database = open_database(url)
    storage, schema = create_storage(PersistenceMode.DB, database), create_schema()
    costs: Costs = {}
    for name, query in REQUESTS.items():

        async def ask(number: int, query: str = query) -> None:
            query = query.replace(_EACH_TIME, str(number))
            context = Context(storage, local_operator(f"request-{number}"))
            response = await execute(schema, GraphQLRequest(query), context)
            if response.errors:
                raise SystemExit(str(response.errors))
            encode(response.as_json())

        for number in range(_WARM):
            await ask(number)
        before = time.process_time() + _cpu(process)
        for number in range(_WARM, _WARM + _REQUESTS):
            await ask(number)
        costs[name] = (time.process_time() + _cpu(process) - before) / _REQUESTS
    await database.close()
    return costs


def _cpu(process: psutil.Process | None) -> float:
    """Seconds that the database's processes took; its first one has those of the ended ones."""
    if process is None:
        return 0
    own = process.cpu_times()
    total: float = own.children_user + own.children_system
    for child in process.children():
        times = child.cpu_times()
        total += times.user + times.system
    return total


def _costs(build: Path, database: Database) -> Costs:
    pid = None if database.process is None else database.process.pid
    found = subprocess.run(
        [sys.executable, __file__, "measure", database.url, str(pid or "")],
        env={**os.environ, "PYTHONPATH": str(build)},
        check=True,
        capture_output=True,
        text=True,
    )
    costs: Costs = json.loads(found.stdout)
    return costs


def _least(found: list[Costs]) -> Costs:
    return {name: min(costs[name] for costs in found) for name in REQUESTS}


def _rows(best: dict[Path, Costs], beside: Path | None) -> Iterator[list[str]]:
    for name, cost in best[_HERE].items():
        other = [] if beside is None else [best[beside][name]]
        yield [
            name,
            milliseconds(cost),
            *(cell for each in other for cell in (milliseconds(each), f"{each / cost:.1f}")),
        ]


async def _give_all_drafts_to_one_campaign(database: Database) -> None:
    engine = create_async_engine(database_url(database.url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(
                text("UPDATE production_drafts SET campaign_id = 'campaign-bulk-000000'")
            )
            await connection.execute(
                text("VACUUM" if database.kind is Kind.SQLITE else "VACUUM ANALYZE")
            )
    finally:
        await engine.dispose()


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        _, _, url, pid = sys.argv
        measure(url, int(pid) if pid else None)
    else:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(main)
        app(prog_name="benchmarks.nested")
