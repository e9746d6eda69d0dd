"""What reading the log costs as it grows: `python -m benchmarks.log`.

The events are made by SQL alone: ten of each of a tenth as many drafts. Requests come one at a
time.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.contenders import aicmo
from benchmarks.databases import Database, Kind, postgresql_server
from benchmarks.tables import milliseconds, table
from migrations.runner import upgrade
from repositories.drivers.engine import database_url, open_database
from repositories.factory import PersistenceMode, create_storage
from tests.support.patience import SECONDS
from tests.support.postgres_server import create_database, drop_database

SIZES: Final = (10_000, 100_000, 1_000_000)
REVISIONS: Final = 10
"""How many events there are of each draft."""
_STORED: Final = 20
"""How many of the drafts are stored, and asked for."""
_REQUESTS: Final = 30

_PAGE: Final = "{ nodes { cursor type key revisionAfter } pageInfo { hasNextPage } }"


@dataclass(frozen=True, slots=True)
class Operation:
    """A request; its variables are `key`, a draft's, and `after`, a cursor in the middle."""

    name: str
    query: str


def _events(arguments: str) -> str:
    used = {"$key: ID!": "$key", "$after: String": "$after"}
    declared = ", ".join(it for it, name in used.items() if name in arguments)
    variables = f"({declared})" if declared else ""
    return f"query{variables} {{ events(first: 20, {arguments}) {_PAGE} }}"


def _of_draft(selection: str) -> str:
    return f"query($key: ID!) {{ draft(draftId: $key) {{ {selection} }} }}"


_IN_BETWEEN: Final = 'since: "2026-01-01T00:00:05Z", until: "2026-01-01T00:00:05.005Z"'

OPERATIONS: Final = (
    Operation("the first page", _events("after: null")),
    Operation("a page in the middle", _events("after: $after")),
    Operation("the last page", _events("after: null").replace("first", "last")),
    Operation("by a key", _events("filter: {keys: [$key]}")),
    Operation("by a key that has none", _events('filter: {keys: ["nowhere"]}')),
    Operation("by type and key", _events("filter: {entityTypes: [DRAFT], keys: [$key]}")),
    Operation("by a type of event", _events("filter: {types: [DRAFT_SAVED]}")),
    Operation("by one that never was", _events("filter: {types: [DRAFT_DELETED]}")),
    Operation("by a type of entity", _events("filter: {entityTypes: [DRAFT]}")),
    Operation("by one without events", _events("filter: {entityTypes: [CAMPAIGN]}")),
    Operation("by a client without events", _events('filter: {clientIds: ["nobody"]}')),
    Operation("by a caller", _events('filter: {callerIds: ["ada"]}')),
    Operation("by a caller without events", _events('filter: {callerIds: ["nobody"]}')),
    Operation("by a kind without events", _events("filter: {callerKinds: [AGENT]}")),
    Operation("for nobody", _events('filter: {onBehalfOf: ["nobody"]}')),
    Operation("since a time", _events('filter: {since: "2026-01-01T00:00:05Z"}')),
    Operation("of a time", _events(f"filter: {{{_IN_BETWEEN}}}")),
    Operation("of a time, by nobody", _events(f'filter: {{{_IN_BETWEEN}, callerIds: ["nobody"]}}')),
    Operation("of a time without events", _events('filter: {until: "2025-12-31T00:00:00Z"}')),
    Operation("history", _of_draft(f"history(first: 5) {_PAGE}")),
    Operation("changes", _of_draft("history(first: 5) { nodes { changes { path } } }")),
    Operation("asOf a revision", _of_draft("asOf(revision: 5) { title }")),
    Operation("asOf a time", _of_draft('asOf(at: "2026-01-01T00:00:05Z") { title }')),
)
_PRUNING: Final = "a step of pruning"

_SAVE: Final = """mutation Save($input: SaveDraftInput!) {
  saveDraft(input: $input) { errors { message } }
}"""

_FILL: Final = """
INSERT INTO events (
    position, event_id, type, entity_type, entity_key, revision, revision_before, is_deletion,
    caller_kind, caller_id, request_id, occurred_at, changed_fields, state, created_at, updated_at
)
SELECT number, 'event-log-' || {padded}, 'draft.saved', 'draft',
    'draft-log-' || (number % {keys}), number / {keys} + 1, number / {keys}, {false},
    'operator', 'ada', 'request-' || number, {time}, '["title"]',
    ('{{"draftId":"draft-log-' || (number % {keys}) || '","strategyId":"plan",'
        || '"campaignId":"campaign",'
        || '"contentType":"article","title":"Title ' || number || '","body":"Text",'
        || '"metadata":{{}}}}'){json}, {time}, {time}
FROM {numbers}
"""
_DIALECTS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.POSTGRESQL: {
        "padded": "lpad(number::text, 9, '0')",
        "false": "false",
        "time": "'2026-01-01T00:00:00Z'::timestamptz + number * interval '1 ms'",
        "json": "::json",
        "numbers": "generate_series(1, {size}) AS number",
    },
    Kind.SQLITE: {
        "padded": "printf('%09d', number)",
        "false": "0",
        "time": "strftime('%Y-%m-%d %H:%M:%f', 1767225600 + number / 1000.0, 'unixepoch') || '000'",
        "json": "",
        "numbers": "(WITH RECURSIVE them (number) AS (SELECT 1 UNION ALL SELECT number + 1 "
        "FROM them WHERE number < {size}) SELECT number FROM them)",
    },
}


async def _fill(database: Database, size: int) -> None:
    opened = open_database(database.url)
    try:
        await upgrade(opened)
    finally:
        await opened.close()
    words = {name: said.format(size=size) for name, said in _DIALECTS[database.kind].items()}
    engine = create_async_engine(database_url(database.url))
    try:
        async with engine.begin() as connection:
            fill = _FILL.format(keys=size // REVISIONS, **words)
            await connection.exec_driver_sql(fill)
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            tidy = "VACUUM ANALYZE events" if database.kind is Kind.POSTGRESQL else "ANALYZE"
            await connection.execute(text(tidy))
    finally:
        await engine.dispose()
    opened = open_database(database.url)
    try:
        storage = create_storage(PersistenceMode.DB, opened)
        while await storage.note_periods():
            pass
    finally:
        await opened.close()


async def _measured(database: Database, address: str, size: int) -> dict[str, float]:
    """The median seconds of each operation."""
    keys = [f"draft-log-{number * (size // REVISIONS // _STORED)}" for number in range(_STORED)]
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:

        async def ask(query: str, **variables: Any) -> Any:
            response = await http.post(address, json={"query": query, "variables": variables})
            answer = response.json()
            if answer.get("errors") or "message" in response.text:
                raise RuntimeError(response.text)
            return answer["data"]

        for key in keys:
            input = {"draftId": key, "strategyId": "plan", "campaignId": "campaign"}
            await ask(
                _SAVE, input={**input, "contentType": "article", "title": "Title", "body": "Text"}
            )
        middle = await _cursor(ask, size)
        found = {}
        for operation in OPERATIONS:
            times = []
            for number in range(_REQUESTS):
                began = time.perf_counter()
                await ask(operation.query, key=keys[number % _STORED], after=middle)
                times.append(time.perf_counter() - began)
            found[operation.name] = median(times)
    found[_PRUNING] = await _pruned(database)
    return found


async def _cursor(ask: Any, size: int) -> str:
    """A cursor from the middle: half of the drafts' fifth event."""
    key = f"draft-log-{size // REVISIONS // 2}"
    data = await ask(_events("filter: {entityTypes: [DRAFT], keys: [$key]}"), key=key)
    cursor: str = data["events"]["nodes"][REVISIONS // 2]["cursor"]
    return cursor


async def _pruned(database: Database) -> float:
    opened = open_database(database.url)
    try:
        storage = create_storage(PersistenceMode.DB, opened)
        times = []
        for _ in range(_REQUESTS):
            began = time.perf_counter()
            await storage.prune_events(timedelta())
            times.append(time.perf_counter() - began)
    finally:
        await opened.close()
    return median(times)


def _drop(server: str, url: str) -> None:
    asyncio.run(drop_database(server, url))


def _lines(
    found: Mapping[tuple[Kind, int], Mapping[str, float]], kinds: Sequence[Kind]
) -> Iterator[str]:
    headings = ("database", "what is read", *(f"{size:,}" for size in SIZES), "growth")
    rows = []
    for kind in kinds:
        for name in found[kind, SIZES[0]]:
            times = [found[kind, size][name] for size in SIZES]
            told = [milliseconds(seconds) for seconds in times]
            rows.append((kind.value, name, *told, f"{times[-1] / times[0]:.2f}"))
    yield from table(headings, rows, texts=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*Kind], type=Kind, help="only this one")
    asked = parser.parse_args()
    kinds = [kind for kind in Kind if asked.database in (None, kind)]
    found = {}
    for kind in kinds:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="aicmo-bench-")))
            server = stack.enter_context(postgresql_server()) if kind is Kind.POSTGRESQL else ""
            for size in SIZES:
                with ExitStack() as one:
                    if kind is Kind.POSTGRESQL:
                        url = asyncio.run(create_database(server))
                        one.callback(_drop, server, url)
                    else:
                        url = f"sqlite:///{folder / f'{size}.db'}"
                    database = Database(kind, url, size)
                    asyncio.run(_fill(database, size))
                    with aicmo(database) as ours:
                        found[kind, size] = asyncio.run(_measured(database, ours.address, size))
        print("\n".join(_lines(found, [kind])))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
