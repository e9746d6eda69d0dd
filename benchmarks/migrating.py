"""How long migrations take where there is something to migrate."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence

from benchmarks.databases import Database
from benchmarks.tables import paragraph, table
from migrations.revisions import require_head, revisions
from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import open_database


def report(databases: Sequence[Database]) -> str:
    """The times of all revisions on each of the databases, which are empty afterwards."""
    rows = [row for database in databases for row in asyncio.run(_rows(database))]
    return "\n".join(
        [
            *paragraph(
                f"With {databases[0].size:,} packages. A start asks whether anything is to be "
                "migrated. Each revision is taken back with the data that it made room for, and "
                "applied again beside the data of those before it, from the newest to the first."
            ),
            "",
            *table(("database", "step", "seconds"), rows, texts=2),
        ]
    )


async def _rows(database: Database) -> list[tuple[str, str, str]]:
    return [(database.kind, step, f"{took:.2f}") async for step, took in _steps(database.url)]


async def _steps(url: str) -> AsyncIterator[tuple[str, float]]:
    database = open_database(url)
    try:
        yield "start", await _seconds(require_head(database))
        known = revisions()
        for before, revision in [*zip(("base", *known[:-1]), known, strict=True)][::-1]:
            yield f"{revision} back", await _seconds(downgrade(database, before))
            yield f"{revision} again", await _seconds(upgrade(database, revision))
            await downgrade(database, before)
    finally:
        await database.close()


async def _seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
