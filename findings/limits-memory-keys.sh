#!/usr/bin/env bash
# Each hit of the rate limiter limits costs as much as there are keys, where it counts in memory.
#
# limits 5.8.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/limits/, https://limits.readthedocs.io/en/stable/storage.html
# One would guess: a hit in `limits.aio` with `MemoryStorage` looks up one key or two in dictionaries,
# so it costs the same however many callers are counted.
# Seen: every hit starts a task that looks at the expiry of all keys, unless one is running. With a
# thousand keys a hit makes about a thousand calls more than with one, and with ten thousand ten
# thousand: the limiter is slowest when most is asked of it.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check limits==5.8.0 >&2

cat >see.py <<'SCRIPT'
import asyncio
import sys
from importlib.metadata import version

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

LIMIT = parse("1000000/minute")
HITS = 20


async def calls_of_a_hit(keys):
    """The calls of functions for one hit of a key, among so many keys."""
    limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
    for number in range(keys):
        await limiter.hit(LIMIT, f"caller {number}")
    await asyncio.sleep(0)
    made = 0

    def note(frame, event, argument):
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(note)
    for _ in range(HITS):
        await limiter.hit(LIMIT, "caller 0")
        await asyncio.sleep(0)  # as each request of a server does, when it waits for anything
    sys.setprofile(None)
    return made / HITS


async def main():
    return [await calls_of_a_hit(keys) for keys in (1, 1_000, 10_000)]


one, thousand, ten_thousand = asyncio.run(main())
print(f"limits {version('limits')}: calls of a hit")
for keys, calls in ((1, one), (1_000, thousand), (10_000, ten_thousand)):
    print(f"among {keys} keys: {calls:.0f}")
sys.exit(not (thousand - one > 900 and ten_thousand - one > 9_000))
SCRIPT
timeout 120 env/bin/python see.py
