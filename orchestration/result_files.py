"""Result files: the lines that transactions have stored become a file, and are removed.

Whatever is killed in between can be repeated, since the lines stay until the file is stored.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

from domain import transfers
from domain.errors import Unavailable
from domain.transfers import Transfer
from files.checksums import Checksums
from files.store import FileStore, upload_key
from orchestration.contents import Received, keep_content
from orchestration.leases import Lease
from repositories.unit_of_work import UnitOfWork


async def end(lease: Lease, store: FileStore, stored: Transfer) -> Transfer:
    """Make the file of a transfer that has no lines left; the transfer as it is then.

    Raises LeaseLost, Interrupted, FileStoreError, Unavailable where it has to be tried again.
    """
    owner = lease.job.key
    content = await _received(lease, store, owner)
    checksums = content.checksums

    async def lock(unit: UnitOfWork) -> Transfer | None:
        return await unit.of(stored).get_for_update(owner)

    async def complete(unit: UnitOfWork, found: Transfer) -> Transfer:
        new = transfers.result_file(
            found, unit.new_key("file"), size=content.size, sha256=checksums.sha256, now=unit.now
        )
        file = await unit.files.save(new)
        ended = await unit.of(stored).save(transfers.ended(found, file.file_id, unit.now))
        await unit.jobs.remove(lease.job)
        return ended

    received = Received(owner, checksums.sha256, checksums.crc32)
    # What a bug may follow again is no progress.
    write = partial(lease.write, is_progress=False)
    ended = await keep_content(received, store, write, lock=lock, complete=complete)
    if ended is None:
        raise Unavailable("The transfer isn't there any more.")
    return ended


class _Content(NamedTuple):
    checksums: Checksums
    size: int


async def _received(lease: Lease, store: FileStore, owner: str) -> _Content:
    """Keep all lines in the store, where uploads are until they're looked at."""
    checksums, size = Checksums(), 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal size
        async for text in _chunks(lease):
            part = text.encode()
            checksums.feed(part)
            size += len(part)
            yield part

    await store.delete(upload_key(owner))  # an attempt before may have been killed
    await store.put_if_absent(upload_key(owner), parts())
    return _Content(checksums, size)


async def _chunks(lease: Lease) -> AsyncIterator[str]:
    """What each transaction stored: one after the other, since one may be as large as many."""
    position = 0
    while True:
        async with lease.read() as snapshot:
            found = await snapshot.jobs.lines(lease.job.key, position, 1)
        if not found:
            return
        [chunk] = found
        yield chunk.text
        position = chunk.position
