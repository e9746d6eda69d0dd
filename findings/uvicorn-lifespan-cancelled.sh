#!/usr/bin/env bash
# uvicorn ends the lifespan while the requests that it cancelled still clean up.
#
# uvicorn 0.54.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/uvicorn/, https://asgi.readthedocs.io/en/latest/specs/lifespan.html
# One would guess: the lifespan's part after `yield`, which closes what requests share, begins when
# the last request has ended; those that exceed `timeout_graceful_shutdown` are cancelled, and their
# `finally` runs before it.
# Seen: uvicorn cancels them and doesn't await them. The lifespan ends first: a request that awaits in
# its `finally`, such as one that gives a connection back, finds the pool closed.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 >&2

cat >see.py <<'SCRIPT'
import asyncio
import socket

import uvicorn

seen = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        seen.append("the lifespan ends")
        await send({"type": "lifespan.shutdown.complete"})
        return
    seen.append("the request begins")
    begun.set()
    try:
        await asyncio.sleep(60)
    finally:
        seen.append("the request is cancelled")
        await asyncio.sleep(0.2)
        seen.append("the request has cleaned up")


async def main():
    global begun
    begun = asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, timeout_graceful_shutdown=1, log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    _, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await begun.wait()
    server.should_exit = True
    await serving
    await asyncio.sleep(0.5)
    writer.close()


asyncio.run(main())
print(*seen, sep="\n")
SCRIPT
timeout 60 env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
the request begins
the request is cancelled
the lifespan ends
the request has cleaned up
EXPECTED
