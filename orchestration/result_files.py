"""Result files: the lines that transactions have stored become a file, and are removed.

As with uploads, the store is asked outside of any transaction: claim, act, complete. Whatever is
killed in between can be repeated, since the lines stay until the file is stored.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, NamedTuple

from domain import transfers
from domain.errors import Unavailable
from domain.transfers import Transfer
from files.store import FileStore, content_key, upload_key
from orchestration.leases import Lease
from repositories.unit_of_work import UnitOfWork

_CLAIM: Final = timedelta(minutes=5)
_LOTS_AT_ONCE: Final = 8
"""How many lots of lines are read at once; a lot has what one transaction stored."""
_BUSY: Final = "The same content is being stored at this time."


class _Content(NamedTuple):
    sha256: str
    size: int


async def end(lease: Lease, store: FileStore, stored: Transfer) -> Transfer:
    """Make the file of a transfer that has no lines left; the transfer as it is then.

    Raises LeaseLost, Interrupted, FileStoreError, Unavailable where it has to be tried again.
    """
    owner = lease.job.key
    content = await _received(lease, store, owner)

    async def claim(unit: UnitOfWork) -> bool:
        now = await lease.now(unit)
        return await unit.files.claim_content(content.sha256, owner, until=now + _CLAIM, now=now)

    async def finish(unit: UnitOfWork) -> Transfer:
        found = await unit.of(stored).get_for_update(owner)
        if found is None or not await unit.files.has_claim(content.sha256, owner):
            raise Unavailable(_BUSY)
        new = transfers.result_file(
            found, unit.new_key("file"), size=content.size, sha256=content.sha256, now=unit.now
        )
        file = await unit.files.save(new)
        await unit.files.release_content(content.sha256, owner)
        ended = await unit.of(stored).save(transfers.ended(found, file.file_id, unit.now))
        await unit.jobs.remove(lease.job)
        return ended

    if not await lease.write(claim, is_progress=False):
        raise Unavailable(_BUSY)
    await store.move(upload_key(owner), content_key(content.sha256))
    return await lease.write(finish)


async def _received(lease: Lease, store: FileStore, owner: str) -> _Content:
    """Keep all lines in the store, where uploads are until they're looked at."""
    hashed, size = hashlib.sha256(), 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal size
        async for text in _lots(lease):
            part = text.encode()
            hashed.update(part)
            size += len(part)
            yield part

    await store.delete(upload_key(owner))  # an attempt before may have been killed
    await store.put_if_absent(upload_key(owner), parts())
    return _Content(hashed.hexdigest(), size)


async def _lots(lease: Lease) -> AsyncIterator[str]:
    position = 0
    while True:
        async with lease.read() as snapshot:
            lots = await snapshot.jobs.lines(lease.job.key, position, _LOTS_AT_ONCE)
        for lot in lots:
            yield lot.text
            position = lot.position
        if len(lots) < _LOTS_AT_ONCE:
            return
