"""Everything that a database says about its schema, as lines of text that can be compared.

Alembic's own comparison sees neither CHECK nor COLLATE; this one reads the system's catalogues.
Only what a migration can't help is left out: alembic's own table, the order of columns (one that
is added later comes last), and how SQLite's CREATE statements are spaced and quoted.
"""

import re
from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncConnection

FUNCTION = "function: "
VERSION_TABLE = "alembic_version"


async def catalogue(connection: AsyncConnection) -> list[str]:
    """Sorted lines: tables, columns, constraints, indexes, sequences and whatever else there is."""
    read = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    return sorted(await read(connection))


# SQLite

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),]|[^\s(),'"]+""")


async def _sqlite(connection: AsyncConnection) -> list[str]:
    found: list[str] = []
    rows = await connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_schema"
        rf" WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name <> '{VERSION_TABLE}'"
    )
    for row in rows.all():
        if row.type == "table":
            found += (f"table {row.name}: {part}" for part in _parts_of_table(row.sql))
            found += await _sqlite_columns(connection, row.name)
            found += await _sqlite_indexes(connection, row.name)
        else:
            found.append(f"{row.type} {row.name}: {' '.join(_tokens(row.sql))}")
    return found


async def _sqlite_columns(connection: AsyncConnection, table: str) -> list[str]:
    return [
        f"column {table}.{column.name}: {column.type}, not null {column.notnull}, "
        f"default {column.dflt_value}, primary key {column.pk}, hidden {column.hidden}"
        for column in await connection.exec_driver_sql(f"PRAGMA table_xinfo('{table}')")
    ]


async def _sqlite_indexes(connection: AsyncConnection, table: str) -> list[str]:
    found = []
    for index in (await connection.exec_driver_sql(f"PRAGMA index_list('{table}')")).all():
        columns = ", ".join(
            f"{column.name} {'DESC' if column.desc else 'ASC'} COLLATE {column.coll}"
            for column in await connection.exec_driver_sql(f"PRAGMA index_xinfo('{index.name}')")
            if column.key
        )
        # An index that stands for a constraint has a number, by the order of the constraints.
        name = index.name if index.origin == "c" else f"{table} (of a constraint)"
        found.append(f"index {name}: {columns}, unique {index.unique}, partial {index.partial}")
    return found


def _parts_of_table(sql: str) -> Iterator[str]:
    """Each definition of a column or a constraint in CREATE TABLE, and the options at its end."""
    tokens = list(_tokens(sql))
    begin, end = tokens.index("("), len(tokens) - tokens[::-1].index(")")
    part: list[str] = []
    depth = 0
    for token in tokens[begin + 1 : end - 1]:
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            yield " ".join(part)
            part = []
        else:
            part.append(token)
    yield " ".join(part)
    yield " ".join(["options", *tokens[end:]])


def _tokens(sql: str) -> Iterator[str]:
    for token in _TOKEN.findall(sql):
        yield token[1:-1] if token.startswith('"') else token


# PostgreSQL

_POSTGRESQL = (
    """
    SELECT format('table %s: kind %s, persistence %s, options %s, row security %s, owner %s',
                  relname, relkind, relpersistence, reloptions, relrowsecurity,
                  pg_get_userbyid(relowner))
    FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind NOT IN ('i', 'I')
    """,
    """
    SELECT format('column %s.%s: %s, collation %s, not null %s, default %s, identity %s, '
                  'generated %s, storage %s, sequence %s',
                  relname, attname, format_type(atttypid, atttypmod),
                  attcollation::regcollation, attnotnull, pg_get_expr(adbin, adrelid),
                  nullif(attidentity, ''), nullif(attgenerated, ''), attstorage,
                  pg_get_serial_sequence(quote_ident(relname), attname))
    FROM pg_class
    JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    """,
    """
    SELECT format('constraint %s on %s: %s, validated %s', conname, conrelid::regclass,
                  pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
    """,
    """
    SELECT format('index %s: %s, valid %s, collations %s', indexrelid::regclass,
                  pg_get_indexdef(indexrelid), indisvalid,
                  ARRAY(SELECT unnest(indcollation)::regcollation))
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = current_schema()::regnamespace
    """,
    """
    SELECT format('sequence %s: %s from %s by %s, %s to %s, cache %s, cycle %s', seqrelid::regclass,
                  seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle)
    FROM pg_sequence
    """,
    """
    SELECT format('type %s: %s', typname, typtype) FROM pg_type
    WHERE typnamespace = current_schema()::regnamespace AND typtype NOT IN ('b', 'c')
    """,
    """
    SELECT format('view %s: %s', oid::regclass, pg_get_viewdef(oid)) FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm')
    """,
    """
    SELECT format('trigger: %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    """,
    """
    SELECT format('function: %s', pg_get_functiondef(oid)) FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND prokind <> 'a'
    """,
    """
    SELECT format('extension %s: %s', extname, extversion) FROM pg_extension
    """,
)


async def _postgresql(connection: AsyncConnection) -> list[str]:
    found: list[str] = []
    for statement in _POSTGRESQL:
        found += (await connection.exec_driver_sql(statement)).scalars()
    return [line for line in found if VERSION_TABLE not in line]
