"""A process that is killed while it writes many parts into a bucket."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from files.buckets import open_bucket
from tests.files.contents import block

MEBIBYTE = 1024 * 1024


async def endless() -> AsyncIterator[bytes]:
    for number in range(1_000_000):
        yield block(number)
        if number == 20:
            print("writing", flush=True)  # noqa: T201
        if number > 20:
            await asyncio.sleep(0.1)


async def main(url: str, key: str) -> None:
    store = open_bucket(url, os.environ, seconds=20, chunk_bytes=MEBIBYTE)
    await store.put_if_absent(key, endless())


asyncio.run(main(*sys.argv[1:]))
