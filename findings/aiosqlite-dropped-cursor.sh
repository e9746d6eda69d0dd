#!/usr/bin/env bash
# A cursor of aiosqlite that is dropped before it was read to its end stops the event loop.
#
# aiosqlite 0.22.1 from PyPI, on Python 3.11 or newer and the SQLite that it brings.
# Source: https://pypi.org/project/aiosqlite/
# One would guess: all that touches the database happens on the connection's own thread, so a cursor
# that nobody holds any more (after an exception, a cancellation, a `break`) costs the loop nothing.
# Seen: it's destroyed where the last reference goes, on the event loop. Its statement is reset there,
# which waits for the connection's lock: as long as the thread runs another statement of the
# connection, the loop stands still. A cursor that was read to its end, or closed, doesn't wait.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aiosqlite==0.22.1 >&2

cat >see.py <<'SCRIPT'
import asyncio
import time

import aiosqlite

LONG = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
    SELECT count(*) FROM n
"""


async def unread(connection):
    cursor = await connection.execute("VALUES (1), (2), (3)")
    await cursor.fetchone()
    return cursor


async def read(connection):
    cursor = await connection.execute("VALUES (1), (2), (3)")
    await cursor.fetchall()
    return cursor


async def closed(connection):
    cursor = await unread(connection)
    await cursor.close()
    return cursor


async def is_stopped(make):
    """Whether the loop stood still for most of a long statement when the cursor was dropped."""
    async with aiosqlite.connect(":memory:", check_same_thread=False) as connection:
        kept = [await make(connection)]
        began = time.monotonic()
        running = asyncio.ensure_future(connection.execute_fetchall(LONG))
        await asyncio.sleep(0.05)
        dropped = time.monotonic()
        kept.clear()
        held = time.monotonic() - dropped
        await running
        return held > (time.monotonic() - began) / 2


async def main():
    for make in (unread, read, closed):
        print(make.__name__, await is_stopped(make))


asyncio.run(main())
SCRIPT

env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
unread True
read False
closed False
EXPECTED
