"""Any number of packages in a database, in seconds: what `aicmo seed` adds, many times over."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import Any

from sqlalchemy import Column, DateTime, Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import repositories.factory  # noqa: F401  it knows all modules, and so fills the metadata
from benchmarks.scenarios import BRIEFS, CLIENTS, DRAFTS, PLANS, client_id
from repositories.drivers.engine import database_url, open_database
from repositories.onboarding.tables import onboarding_forms
from repositories.production.tables import production_drafts
from repositories.sql.metadata import Timestamp, metadata
from repositories.strategy.tables import strategy_plans

SEEDED = 100
"""How many packages `aicmo seed` has to add before: those of one plan."""

_OF_PLANS = frozenset({"brief_id", "strategy_id", "campaign_id"})
_OF_PACKAGES = frozenset({"draft_id", "result_id", "qc_result_id", "package_id"})
_TOLD_APART = "LIKE '%-bulk-%'"


async def multiply(url: str, size: int) -> None:
    """Add copies of the first plan and its packages, made by SQL alone, up to `size` packages.

    Copies have keys and times as `aicmo seed` would give them, and else are as the first are.
    """
    engine = create_async_engine(database_url(url))
    try:
        if size > SEEDED:
            async with engine.begin() as connection:
                # Copies have no events, as if these had been kept for some time only.
                for table in filter(_is_copied, metadata.sorted_tables):
                    copied = _copied(table, is_sqlite=engine.dialect.name == "sqlite")
                    await connection.execute(text(copied), {"copies": size // SEEDED - 1})
    finally:
        await engine.dispose()
    await _vacuum(url)


async def add_chains(url: str) -> None:
    """Add clients with briefs, plans of each and drafts of each, each as the first seeded."""
    briefs = [*product(map(client_id, range(CLIENTS)), range(BRIEFS))]
    plans = [
        (client, f"{client}-{brief:02}", plan)
        for (client, brief), plan in product(briefs, range(PLANS))
    ]
    drafts = [
        (client, f"{brief}-{plan}", draft)
        for (client, brief, plan), draft in product(plans, range(DRAFTS))
    ]
    database = open_database(url)
    try:
        async with database.writers.begin() as connection:
            await _add(
                connection,
                onboarding_forms.c.brief_id,
                [
                    {"brief_id": f"brief-{client}-{brief:02}", "client_id": client}
                    for client, brief in briefs
                ],
            )
            await _add(
                connection,
                strategy_plans.c.strategy_id,
                [
                    {
                        "strategy_id": f"plan-{brief}-{plan}",
                        "brief_id": f"brief-{brief}",
                        "version": plan + 1,
                        "client_id": client,
                    }
                    for client, brief, plan in plans
                ],
            )
            await _add(
                connection,
                production_drafts.c.draft_id,
                [
                    {
                        "draft_id": f"draft-{plan}-{draft:02}",
                        "strategy_id": f"plan-{plan}",
                        "campaign_id": None,
                        "client_id": client,
                    }
                    for client, plan, draft in drafts
                ],
            )
    finally:
        await database.close()
    await _vacuum(url)


async def _add(
    connection: AsyncConnection, key: Column[str], items: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows that are as the first seeded one of the key's table, but for what is given."""
    table = key.table
    columns = [column for column in table.columns if column.name != "id"]
    first = select(*columns).where(key.contains("-bulk-")).order_by(key).limit(1)
    row = dict((await connection.execute(first)).mappings().one())
    await connection.execute(
        insert(table),
        [
            {**row, **item, "created_at": row["created_at"] + timedelta(minutes=number)}
            for number, item in enumerate(items)
        ],
    )


async def _vacuum(url: str) -> None:
    """Do what PostgreSQL would do by itself a minute later."""
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT")
    try:
        if engine.dialect.name == "postgresql":
            async with engine.connect() as connection:
                await connection.execute(text("VACUUM ANALYZE"))
    finally:
        await engine.dispose()


def _is_copied(table: Table) -> bool:
    """Whether it's about a plan or a package; the log is, and isn't copied."""
    return bool((_OF_PLANS | _OF_PACKAGES) & set(table.columns.keys()))


def _copied(table: Table, *, is_sqlite: bool) -> str:
    columns = [column for column in table.columns if column.name != "id"]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(_values(table, columns, is_sqlite=is_sqlite))
    key = next(column.name for column in columns if column.name in _OF_PLANS | _OF_PACKAGES)
    return (
        "WITH RECURSIVE copies (copy) AS "
        "(SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < :copies) "
        f"INSERT INTO {table.name} ({names}) SELECT {values} "
        f"FROM copies CROSS JOIN {table.name} WHERE {key} {_TOLD_APART} ORDER BY copy"
    )


def _values(table: Table, columns: list[Column[object]], *, is_sqlite: bool) -> Iterator[str]:
    """Numbers of packages end in two digits that stay as they are; those of plans don't."""
    minutes = 100 if _OF_PACKAGES & set(table.columns.keys()) else 60
    for column in columns:
        name = f'"{column.name}"'
        if column.name in _OF_PACKAGES:
            yield (
                f"substr({name}, 1, length({name}) - 7) "
                f"|| substr(CAST(100000 + copy AS TEXT), 2) || substr({name}, length({name}) - 1)"
            )
        elif column.name in _OF_PLANS:
            yield (
                f"substr({name}, 1, length({name}) - 6) || substr(CAST(1000000 + copy AS TEXT), 2)"
            )
        elif not isinstance(column.type, (Timestamp, DateTime)):
            yield name
        elif is_sqlite:
            later = f"{name}, '+' || (copy * {minutes}) || ' minutes'"
            yield f"strftime('%Y-%m-%d %H:%M:%f', {later}) || '000'"
        else:
            yield f"{name} + copy * interval '{minutes} minutes'"
