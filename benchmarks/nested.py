"""`python -m benchmarks.nested`: lists within lists, introspection and new documents, beside
another build.

Each build's server runs on a database of its own, at the revision that it knows. The cost of a
request is the CPU time of the server and its database.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from graphql import get_introspection_query
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.contenders import BEFORE, OURS, Checkout, Contender, Running, aicmo, before, started
from benchmarks.databases import (
    Database,
    Kind,
    downgrade_to,
    postgresql,
    postgresql_server,
    sqlite,
)
from benchmarks.measuring import CpuTime
from benchmarks.tables import milliseconds, table
from repositories.drivers.engine import database_url

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

Costs = Mapping[str, float]
"""CPU time in seconds, by the request."""


def main(
    beside: Annotated[
        Path | None, typer.Option(help="A checkout of another build, with its own environment.")
    ] = None,
    size: Annotated[int, typer.Option(help="How many drafts; full hundreds.")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each build takes its turn.")] = 3,
) -> None:
    """Print what each request costs, and how many times that the other build takes."""
    checkout = None if beside is None else Checkout(beside)
    with ExitStack() as stack:
        server = stack.enter_context(postgresql_server())
        for kind in Kind:
            contenders = []
            for build in (None, *([checkout] if checkout else [])):
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-nested-")))
                database = stack.enter_context(
                    sqlite(folder, size) if kind is Kind.SQLITE else postgresql(server, size)
                )
                asyncio.run(_give_all_drafts_to_one_campaign(database))
                contenders.append(_contender(database, build))
            with ExitStack() as running:
                servers = started(running, contenders)
                turns = [
                    [(c.name, _costs(c, s, first=turn * (_WARM + _REQUESTS))) for c, s in servers]
                    for turn in range(rounds)
                ]
            best = {
                contender.name: _least([dict(turn)[contender.name] for turn in turns])
                for contender in contenders
            }
            typer.echo(f"\n{kind}, ms\n")
            headings = ["request", "here", *(["beside", "times"] if beside else [])]
            typer.echo("\n".join(table(headings, list(_rows(best)), texts=1)))


def _contender(database: Database, checkout: Checkout | None) -> Contender:
    if checkout is None:
        return Contender(OURS, database, aicmo)
    asyncio.run(downgrade_to(database, checkout.revision()))
    return before(database, checkout)


def _costs(contender: Contender, server: Running, *, first: int) -> Costs:
    """What a turn measures; its new documents have the numbers from `first` on."""
    connection = HTTPConnection(urlsplit(server.address).netloc)
    costs = {}
    for name, query in REQUESTS.items():
        for number in range(_WARM):
            _ask(connection, query, first + number)
        server_cpu = CpuTime(server.process)
        database_cpu = CpuTime(contender.database.process)
        for number in range(_WARM, _WARM + _REQUESTS):
            _ask(connection, query, first + number)
        costs[name] = (server_cpu.taken() + database_cpu.taken()) / _REQUESTS
    connection.close()
    return costs


def _ask(connection: HTTPConnection, query: str, number: int) -> None:
    body = json.dumps({"query": query.replace(_EACH_TIME, str(number))})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    if "errors" in answer:
        raise SystemExit(str(answer["errors"]))


def _least(found: list[Costs]) -> Costs:
    return {name: min(costs[name] for costs in found) for name in REQUESTS}


def _rows(best: Mapping[str, Costs]) -> Iterator[list[str]]:
    others = best.get(BEFORE)
    for name, cost in best[OURS].items():
        beside = (
            [] if others is None else [milliseconds(others[name]), f"{others[name] / cost:.1f}"]
        )
        yield [name, milliseconds(cost), *beside]


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
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app(prog_name="benchmarks.nested")
