"""What servers do for files and uploads without a request, again and again.

Every server may do so at once: each step is safe beside others, and what is to happen once a day is
claimed, by the database's clock.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from domain.callers import system
from domain.errors import DomainError, Unavailable
from domain.files import UploadStatus
from domain.sources import Clock
from files.store import FileStore, FileStoreError
from orchestration.garbage import Garbage
from orchestration.uploads import EXPIRED_AT_ONCE, Uploads
from repositories.criteria import AllOf, Comparison, Direction, Operator, Order, PageRequest
from repositories.deadlines import set_deadline
from repositories.history.background import keep_stepping
from repositories.unit_of_work import Storage, UnitOfWork

COLLECTED_AFTER: Final = timedelta(days=1)
"""How long what was received stays after the upload took it no more: it may still be coming."""
FORGOTTEN_AT_ONCE: Final = 20
"""How many uploads one transaction removes: it takes some milliseconds."""
_CALLER: Final = system("files", "files")
_STORAGE_SECONDS: Final = 10.0
_CLEANING_PAUSE: Final = 60.0
_ROUNDS_OF_COLLECTING: Final = 60
"""After so many rounds what was received is looked through, which asks the store for all of it."""
_APART_SECONDS: Final = 0.1
"""How long writers have for themselves between two steps."""
_DAILY: Final = "daily"
"""What is claimed for a collection: no hash of content is like it."""
_DAY: Final = timedelta(days=1)
_LOOKING_PAUSE: Final = 3600.0

Pause = Callable[[float], Awaitable[None]]

log = logging.getLogger("aicmo.files")


async def keep_cleaning(uploads: Uploads, pause: Pause = asyncio.sleep) -> None:
    """Let uploads expire, and delete what was received for those that took it no more, until it's
    cancelled."""
    has_failed = False
    count = rounds = 0
    while True:
        if count < EXPIRED_AT_ONCE:
            await pause(_CLEANING_PAUSE)
        try:
            count = await uploads.expire()
            if rounds % _ROUNDS_OF_COLLECTING == 0:
                await uploads.collect(COLLECTED_AFTER)
            has_failed = False
        except DomainError as error:
            if not has_failed:
                log.warning("uploads aren't cleaned up: %s", error)
            has_failed, count = True, 0
        except Exception:
            if not has_failed:
                log.exception("uploads aren't cleaned up")
            has_failed, count = True, 0
        rounds += 1


async def keep_forgetting(
    storage: Storage, clock: Clock, keep: timedelta, pause: Pause = asyncio.sleep
) -> None:
    """Remove uploads that ended longer ago, until it's cancelled."""
    await pause(_CLEANING_PAUSE)
    await keep_stepping(
        partial(forget_ended, storage, clock, keep),
        "ended uploads aren't removed",
        apart=_APART_SECONDS,
        idle=_CLEANING_PAUSE,
        pause=pause,
    )


async def forget_ended(storage: Storage, clock: Clock, keep: timedelta) -> int:
    """Remove some of the uploads that ended longer ago, the oldest first; how many it were."""
    before = clock() - keep
    has_ended = AllOf(
        (
            Comparison("status", Operator.NE, UploadStatus.PENDING.value),
            Comparison("updated_at", Operator.LT, before),
            Comparison("created_at", Operator.LT, before),  # the index has it
        )
    )
    request = PageRequest(FORGOTTEN_AT_ONCE, Order("created_at", Direction.ASC), has_ended)
    repositories = storage.as_(_CALLER)
    set_deadline(_STORAGE_SECONDS)
    async with repositories.read() as snapshot:
        found = (await snapshot.uploads.page(request)).items

    async def work(unit: UnitOfWork) -> int:
        # Nothing changes an upload that has ended; another server may have removed it.
        return sum([await unit.uploads.delete(upload.upload_id) for upload in found])

    if not found:
        return 0
    set_deadline(_STORAGE_SECONDS)
    return await repositories.write(work)


class Collected(NamedTuple):
    """What was deleted: so many files, and contents of so many bytes altogether."""

    files: int
    contents: int
    size: int


async def keep_collecting(
    storage: Storage, store: FileStore, clock: Clock, grace: timedelta, pause: Pause = asyncio.sleep
) -> None:
    """Collect garbage once a day, until it's cancelled.

    It doesn't begin at once: who has started a server on the wrong database may stop it.
    """

    async def step() -> int:
        collected = await collect_today(storage, store, clock, grace)
        if collected is not None:
            log.info("collected %d files, and %d contents of %d bytes", *collected)
        return 0

    await pause(_LOOKING_PAUSE)
    await keep_stepping(
        step,
        "files that nobody needs aren't deleted",
        apart=_LOOKING_PAUSE,
        idle=_LOOKING_PAUSE,
        pause=pause,
    )


async def collect_today(
    storage: Storage, store: FileStore, clock: Clock, grace: timedelta
) -> Collected | None:
    """Collect garbage, unless any server has begun to within the last day: then it's None.

    Whoever fails lets others try again. Raises DomainError.
    """
    owner = f"daily_{secrets.token_hex(8)}"
    repositories = storage.as_(_CALLER)

    async def claim(unit: UnitOfWork) -> bool:
        now = await unit.files.time(unit.now)
        return await unit.files.claim_contents([_DAILY], owner, until=now + _DAY, now=now)

    async def release(unit: UnitOfWork) -> None:
        await unit.files.release_contents([_DAILY], owner)

    set_deadline(_STORAGE_SECONDS)
    if not await repositories.write(claim):
        return None
    try:
        return await _collect(Garbage(storage, store, grace, clock=clock))
    except BaseException as error:
        set_deadline(_STORAGE_SECONDS)
        await repositories.write(release)
        if isinstance(error, FileStoreError):
            raise Unavailable(str(error)) from error
        raise


async def _collect(garbage: Garbage) -> Collected:
    files = contents = size = 0
    async for _ in garbage.delete_files():
        files += 1
    async for content in garbage.delete_content():
        contents, size = contents + 1, size + content.size
    return Collected(files, contents, size)
