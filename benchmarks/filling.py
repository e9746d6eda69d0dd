"""Any number of packages in a database, in seconds: what `aicmo seed` adds, many times over."""

from collections.abc import Iterator

from sqlalchemy import Column, DateTime, Table, text
from sqlalchemy.ext.asyncio import create_async_engine

import repositories.factory  # noqa: F401  it knows all modules, and so fills the metadata
from repositories.engine import database_url
from repositories.metadata import Timestamp, metadata

SEEDED = 100
"""How many packages `aicmo seed` has to add before: those of one plan."""

_OF_PLANS = frozenset({"brief_id", "strategy_id", "campaign_id"})
_OF_PACKAGES = frozenset({"draft_id", "result_id", "package_id"})
_TOLD_APART = "LIKE '%-bulk-%'"


async def multiply(url: str, size: int) -> None:
    """Add copies of the first plan and its packages, made by SQL alone, up to `size` packages.

    Copies have keys and times as `aicmo seed` would give them, and else are as the first are.
    """
    engine = create_async_engine(database_url(url))
    try:
        if size > SEEDED:
            async with engine.begin() as connection:
                for table in metadata.sorted_tables:
                    copied = _copied(table, is_sqlite=engine.dialect.name == "sqlite")
                    await connection.execute(text(copied), {"copies": size // SEEDED - 1})
        if engine.dialect.name == "postgresql":
            # As it would have done by itself a minute later.
            async with engine.execution_options(
                isolation_level="AUTOCOMMIT"
            ).connect() as connection:
                await connection.execute(text("VACUUM ANALYZE"))
    finally:
        await engine.dispose()


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
