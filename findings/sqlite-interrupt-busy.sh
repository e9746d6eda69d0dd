#!/usr/bin/env bash
# Interrupting SQLite does not end its wait for a lock that another process holds.
#
# SQLite of aiosqlite 0.22.1 from PyPI, on Python 3.11 or newer, which brings SQLite itself.
# Source: https://pypi.org/project/aiosqlite/, https://www.sqlite.org/c3ref/interrupt.html
# One would guess: sqlite3_interrupt "causes any pending database operation to abort and return at
# its earliest opportunity", so a statement that waits in the busy handler (busy_timeout) for another
# process' lock ends at once, as one that computes does.
# Seen: a statement that computes ends within milliseconds. One that waits goes on waiting until the
# timeout is over, and tells then that the database is locked, not that it was interrupted.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aiosqlite==0.22.1 >&2

cat >see.py <<'SCRIPT'
import asyncio
import sqlite3
import subprocess
import sys
import time
from importlib.metadata import version

import aiosqlite

TIMEOUT = 2.0
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect("file.db", isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holds", flush=True)
sys.stdin.read()
"""
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def interrupted(connection, sql):
    """What the statement ends by, and how many seconds after the interruption."""
    task = asyncio.ensure_future(connection.execute_fetchall(sql))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await connection.interrupt()
    try:
        await task
    except sqlite3.OperationalError as error:
        return error.sqlite_errorname, time.monotonic() - began
    return "nothing", time.monotonic() - began


async def main():
    async with aiosqlite.connect("file.db", timeout=TIMEOUT, isolation_level=None) as connection:
        await connection.execute("CREATE TABLE things (id INTEGER)")
        computing = await interrupted(connection, ENDLESS)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        holder.stdout.readline()
        try:
            waiting = await interrupted(connection, "INSERT INTO things VALUES (1)")
        finally:
            holder.communicate()
    return computing, waiting


computing, waiting = asyncio.run(main())
print(f"aiosqlite {version('aiosqlite')}, SQLite {sqlite3.sqlite_version}")
print("computing: {} after {:.2f} s".format(*computing))
print("waiting: {} after {:.2f} s".format(*waiting))
ends_at_once = computing[0] == "SQLITE_INTERRUPT" and computing[1] < TIMEOUT / 4
waits_on = waiting[0] == "SQLITE_BUSY" and waiting[1] > TIMEOUT / 2
sys.exit(not (ends_at_once and waits_on))
SCRIPT
timeout 60 env/bin/python see.py
