"""A process that writes into a folder until it's killed, and prints what it has acknowledged."""

import asyncio
import sys
from pathlib import Path

from files.opening import open_folder
from files.store import upload_key
from tests.files.contents import block, key_of, parts

SIZE = 300_000


async def main(folder: Path) -> None:
    store = open_folder(folder)
    print("ready", flush=True)  # noqa: T201

    async def put(number: int) -> None:
        """Half of them at once, half as uploads in parts that are moved."""
        content = block(number, SIZE)
        key = key_of(content)
        if number % 2:
            await store.put_if_absent(key, parts(content[:100_000], content[100_000:]))
        else:
            upload = upload_key(f"u-{number}")
            await store.append(upload, 0, parts(content[:100_000]), SIZE)
            await store.append(upload, 100_000, parts(content[100_000:]), SIZE)
            await store.move(upload, key)
        print(key, flush=True)  # noqa: T201

    number = 0
    while True:
        await asyncio.gather(*(put(number + each) for each in range(4)))
        number += 4


asyncio.run(main(Path(sys.argv[1])))
