"""What servers do for files and uploads again and again, each in its time, beside each other."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Unavailable
from domain.files import Upload, UploadStatus
from files.memory import MemoryStore
from files.store import FileStore, FileStoreError
from orchestration.upkeep import (
    FORGOTTEN_AT_ONCE,
    Collected,
    collect_today,
    forget_ended,
    keep_cleaning,
    keep_collecting,
)
from orchestration.uploads import Uploads
from repositories.criteria import PageRequest
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.files import files_in, keep, kept
from tests.support.sources import SettableClock

OPERATOR = build.caller()
MONTH = timedelta(days=30)
GRACE = timedelta(hours=12)
ENDED = [status for status in UploadStatus if status is not UploadStatus.PENDING]


async def test_cleaning_goes_on_after_failures(
    storage: Storage,
    clock: SettableClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds = 0

    async def collect(_: timedelta) -> int:
        raise Unavailable("The bucket can't be reached.")

    async def pause(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 130:
            raise asyncio.CancelledError

    uploads = Uploads(storage, files_in(clock=clock))
    monkeypatch.setattr(uploads, "collect", collect)
    with pytest.raises(asyncio.CancelledError):
        await keep_cleaning(uploads, pause)

    assert caplog.messages == ["uploads aren't cleaned up: The bucket can't be reached."] * 3


# Uploads that ended


async def store(storage: Storage, clock: SettableClock, *uploads: Upload) -> None:
    async def work(unit: UnitOfWork) -> None:
        for upload in uploads:
            await unit.uploads.save(upload)

    await storage.as_(OPERATOR).write(work)


def upload(key: str, clock: SettableClock, **changes: Any) -> Upload:
    return build.upload(key, created_at=clock.now, updated_at=clock.now, **changes)


async def left(storage: Storage) -> set[str]:
    async with storage.as_(OPERATOR).read() as snapshot:
        page = await snapshot.uploads.page(PageRequest(100))
        return {found.upload_id for found in page.items}


async def test_uploads_go_a_while_after_they_ended(storage: Storage, clock: SettableClock) -> None:
    await store(storage, clock, *(upload(it, clock, status=it) for it in UploadStatus))
    clock.move(days=30)
    assert await forget_ended(storage, clock, MONTH) == 0

    clock.move(seconds=1)

    assert await forget_ended(storage, clock, MONTH) == len(ENDED)
    assert await left(storage) == {"PENDING"}
    assert await forget_ended(storage, clock, MONTH) == 0


async def test_an_upload_that_ended_late_stays_its_time(
    storage: Storage, clock: SettableClock
) -> None:
    await store(storage, clock, upload("1", clock, status=UploadStatus.PENDING))
    clock.move(days=29)
    await store(storage, clock, upload("1", clock, status=UploadStatus.FAILED))
    clock.move(days=2)

    assert await forget_ended(storage, clock, MONTH) == 0
    assert await left(storage) == {"1"}


async def test_uploads_go_some_at_a_time(storage: Storage, clock: SettableClock) -> None:
    old = [upload(f"{n}", clock, status=UploadStatus.FAILED) for n in range(FORGOTTEN_AT_ONCE + 3)]
    await store(storage, clock, *old)
    clock.move(days=31)

    counts = [await forget_ended(storage, clock, MONTH) for _ in range(3)]

    assert counts == [FORGOTTEN_AT_ONCE, 3, 0]


async def test_several_servers_forget_the_same_at_once(
    storage: Storage, clock: SettableClock
) -> None:
    old = [upload(f"{n}", clock, status=UploadStatus.COMPLETED) for n in range(10)]
    await store(storage, clock, *old)
    clock.move(days=31)

    counts = await asyncio.gather(*(forget_ended(storage, clock, MONTH) for _ in range(4)))

    assert sum(counts) == 10
    assert await left(storage) == set()


# Garbage


async def unneeded(storage: Storage, store: FileStore, clock: SettableClock) -> None:
    """A file that no package has, and so old that nobody will."""
    sha256 = build.sha256_of(build.CONTENT)
    await keep(store, sha256, build.CONTENT)
    file = build.file("1", created_at=clock.now, updated_at=clock.now)
    await storage.as_(OPERATOR).write(lambda unit: unit.files.save(file))
    clock.move(days=1)


async def has_files(storage: Storage) -> bool:
    async with storage.as_(OPERATOR).read() as snapshot:
        return await snapshot.files.count(None) > 0


async def test_garbage_is_collected_once_a_day_by_all_servers_together(
    storage: Storage, clock: SettableClock
) -> None:
    store = MemoryStore(clock=clock)
    await unneeded(storage, store, clock)

    collected = await asyncio.gather(
        *(collect_today(storage, store, clock, GRACE) for _ in range(4))
    )
    again = await collect_today(storage, store, clock, GRACE)

    assert [it for it in collected if it] == [Collected(1, 1, len(build.CONTENT))]
    assert again is None
    assert not await has_files(storage)
    assert await kept(store) == {}


async def test_who_fails_to_collect_lets_others_try(
    storage: Storage, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore(clock=clock)
    await unneeded(storage, store, clock)

    def fail(_: str) -> Any:
        raise FileStoreError

    with monkeypatch.context() as broken:
        broken.setattr(store, "list", fail)
        with pytest.raises(Unavailable):
            await collect_today(storage, store, clock, GRACE)

    assert await collect_today(storage, store, clock, GRACE) == Collected(0, 1, len(build.CONTENT))


async def test_collecting_does_not_begin_at_once(storage: Storage, clock: SettableClock) -> None:
    store = MemoryStore(clock=clock)
    await unneeded(storage, store, clock)
    had_files = list[bool]()

    async def pause(_: float) -> None:
        had_files.append(await has_files(storage))
        if len(had_files) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_collecting(storage, store, clock, GRACE, pause)

    assert had_files == [True, False]
