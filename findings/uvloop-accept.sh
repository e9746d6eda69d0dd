#!/usr/bin/env bash
# uvloop accepts one connection of a listening socket in a turn of the event loop.
#
# uvloop 0.23.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/uvloop/
# One would guess: whoever waits in the backlog when the loop comes back to a listening socket is
# accepted then, as asyncio does, up to the backlog.
# Seen: of 20 connections that came while the loop was busy, asyncio accepts all in one turn, uvloop
# one in each of 20. On a server whose turns take milliseconds, new clients wait behind all the work
# of those who are connected already. Listening to the same socket several times lets in as many.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uvloop==0.23.0 >&2

cat >see.py <<'SCRIPT'
import asyncio
import socket
from collections import Counter

import uvloop

CLIENTS = 20


async def accepted_at_once(listeners):
    """How many connections were accepted in the busiest turn, and in how many turns all were."""
    loop = asyncio.get_running_loop()
    turn = 0
    accepted = Counter()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport):
            accepted[turn] += 1
            transport.close()

    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    servers = [
        await loop.create_server(Accepted, sock=listening.dup(), backlog=100)
        for _ in range(listeners)
    ]
    # All of them wait in the backlog: the loop has no turn meanwhile.
    clients = [socket.create_connection(listening.getsockname()) for _ in range(CLIENTS)]
    while accepted.total() < CLIENTS:
        turn += 1
        await asyncio.sleep(0)
    for each in (*servers, *clients, listening):
        each.close()
    return max(accepted.values()), len(accepted)


print("asyncio", *asyncio.run(accepted_at_once(1)))
print("uvloop", *uvloop.run(accepted_at_once(1)))
most, turns = uvloop.run(accepted_at_once(4))
print("uvloop, listening four times: several in a turn", most > 1 and turns < CLIENTS)
SCRIPT

env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
asyncio 20 1
uvloop 1 20
uvloop, listening four times: several in a turn True
EXPECTED
