"""What no version of a package needs is deleted after a grace time, and nothing else ever is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.delivery import DeliveryPackage
from domain.files import CompleteUpload, File
from files.memory import MemoryStore
from files.store import content_key
from orchestration.garbage import Garbage, Verified, verify
from orchestration.uploads import Uploads
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.delivery.commands import save_delivery_package
from tests import builders as build
from tests.support.files import files_in, keep, kept, send
from tests.support.sources import SettableClock

OPERATOR = build.caller()
GRACE = timedelta(hours=12)


class System:
    """A storage with files, a store with their content, and what collects both."""

    def __init__(self, storage: Storage, clock: SettableClock) -> None:
        self.storage = storage
        self.clock = clock
        self.store = MemoryStore(clock=clock)
        self.garbage = Garbage(storage, self.store, GRACE, clock=clock)
        self.uploads = Uploads(storage, files_in(self.store, clock))

    async def add(self, *keys: str, **changes: Any) -> list[File]:
        """Files under these keys, each with bytes of its own."""

        async def work(unit: UnitOfWork) -> list[File]:
            return [await unit.files.save(file) for file in files]

        files = []
        for key in keys:
            content = f"The bytes of {key}.".encode()
            sha256 = build.sha256_of(content)
            await keep(self.store, sha256, content)
            given = {"sha256": sha256, "size": len(content), "created_at": self.clock.now}
            files.append(build.file(key, **given | changes))
        return await self.storage.as_(OPERATOR).write(work)

    async def pack(self, key: str, *file_ids: str) -> DeliveryPackage:
        artifacts = tuple(build.artifact(url=None, file_id=file_id) for file_id in file_ids)
        command = build.save_package(package_id=key, artifacts=artifacts)
        return await self.storage.as_(OPERATOR).write(
            lambda unit: save_delivery_package(unit, command)
        )

    async def files(self) -> set[str]:
        async with self.storage.as_(OPERATOR).read() as snapshot:
            return {*await snapshot.files.get_many([f"{n}" for n in range(20)])}

    async def collect(self) -> tuple[set[str], set[str]]:
        """Collect; the keys of the files, and the keys of the content, that are gone."""
        files = {file.file_id async for file in self.garbage.delete_files()}
        return files, {content.key async for content in self.garbage.delete_content()}


@pytest.fixture
def system(storage: Storage, clock: SettableClock) -> System:
    return System(storage, clock)


def keys_of(files: list[File]) -> set[str]:
    return {content_key(file.sha256) for file in files}


async def test_files_that_no_package_has_go_with_their_bytes(system: System) -> None:
    files = await system.add("1", "2", "3")
    await system.pack("package", "2")
    system.clock.move(days=1)

    gone = await system.collect()

    assert gone == ({"1", "3"}, keys_of([files[0], files[2]]))
    assert await system.files() == {"2"}
    assert [*await kept(system.store)] == [content_key(files[1].sha256)]
    assert await system.collect() == (set(), set())


async def test_what_is_young_stays(system: System) -> None:
    await system.add("1")
    system.clock.move(hours=11)

    assert await system.collect() == (set(), set())


async def test_a_file_stays_as_long_as_any_version_has_it(system: System) -> None:
    await system.add("1", "2")
    await system.pack("package", "1", "2")
    await system.pack("package", "2")
    await system.pack("package")
    await system.pack("other", "2")

    async def delete(unit: UnitOfWork) -> bool:
        return await unit.delivery_packages.delete("other")

    await system.storage.as_(OPERATOR).write(delete)
    system.clock.move(days=1)

    assert await system.collect() == (set(), set())


async def test_files_of_versions_that_are_forgotten_go(system: System) -> None:
    """Old events may be removed, and with them what packages once were."""
    await system.add("1", "2")
    await system.pack("package", "1")
    system.clock.move(days=1)
    await system.pack("package", "2")
    system.clock.move(days=10)
    await system.storage.sequence_events()
    while await system.storage.prune_events(timedelta(days=2)):
        pass

    files, _ = await system.collect()

    assert files == {"1"}


async def test_a_dry_run_tells_and_deletes_nothing(system: System) -> None:
    [file] = await system.add("1")
    await keep(system.store, build.sha256_of(b"lost"), b"lost")
    system.clock.move(days=1)
    before = await kept(system.store)

    found = [each.file_id async for each in system.garbage.unneeded_files()]
    content = {each.key async for each in system.garbage.unneeded_content()}

    assert found == ["1"]
    assert content == {content_key(build.sha256_of(b"lost"))}
    assert await system.files() == {"1"}
    assert await kept(system.store) == before
    assert content_key(file.sha256) in before


async def test_bytes_that_another_file_has_stay(system: System) -> None:
    [first] = await system.add("1")
    await system.add("2", sha256=first.sha256)
    await system.pack("package", "2")
    system.clock.move(days=1)

    files, content = await system.collect()

    assert files == {"1"}
    assert content_key(first.sha256) not in content


async def test_there_may_be_more_than_are_looked_at_at_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.garbage._AT_ONCE", 3)
    files = await system.add(*map(str, range(10)))
    await system.pack("package", "4")
    system.clock.move(days=1)

    gone = await system.collect()

    assert gone == ({*map(str, range(10))} - {"4"}, keys_of(files[:4] + files[5:]))


async def test_a_package_that_is_being_saved_keeps_its_files(system: System) -> None:
    """On SQLite and in memory they come one after the other anyway."""
    await system.add("1", "2")
    system.clock.move(days=1)
    is_held, may_go_on = asyncio.Event(), asyncio.Event()
    artifacts = (build.artifact(url=None, file_id="1"),)

    async def save(unit: UnitOfWork) -> None:
        await unit.files.hold(["1"])
        is_held.set()
        await asyncio.wait([asyncio.ensure_future(may_go_on.wait())], timeout=0.2)
        await unit.delivery_packages.save(build.package(artifacts=artifacts))

    saving = asyncio.create_task(system.storage.as_(OPERATOR).write(save))
    await is_held.wait()
    files, _ = await system.collect()
    may_go_on.set()
    await saving

    assert files == {"2"}
    assert await system.files() == {"1"}


async def test_content_that_somebody_makes_a_file_of_is_left_alone(system: System) -> None:
    sha256 = build.sha256_of(build.CONTENT)
    await keep(system.store, sha256, build.CONTENT)
    system.clock.move(days=1)

    async def claim(unit: UnitOfWork) -> bool:
        now = await unit.files.time(unit.now)
        return await unit.files.claim_contents([sha256], "other", until=now + GRACE, now=now)

    async def release(unit: UnitOfWork) -> None:
        await unit.files.release_contents([sha256], "other")

    operator = system.storage.as_(OPERATOR)
    assert await operator.write(claim)
    assert await system.collect() == (set(), set())
    await operator.write(release)
    assert await system.collect() == (set(), {content_key(sha256)})


async def test_whatever_comes_between_every_file_has_its_bytes(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same content is collected and uploaded again and again, at the same time."""
    system.garbage = Garbage(system.storage, system.store, timedelta(), clock=system.clock)

    async def slowly(key: str) -> bool:
        await asyncio.sleep(0.001)
        return await delete(key)

    delete = system.store.delete
    monkeypatch.setattr(system.store, "delete", slowly)

    async def upload() -> None:
        upload = await system.uploads.create(OPERATOR, build.create_upload())
        await send(system.store, upload, build.CONTENT)
        command = CompleteUpload(upload_id=upload.upload_id)
        completed = await system.uploads.complete(OPERATOR, command)
        if await system.uploads.find(OPERATOR, completed.file.file_id) is not None:
            assert await system.store.stat(content_key(completed.file.sha256))

    async def collect() -> None:
        for _ in range(10):
            system.clock.move(seconds=1)
            await system.collect()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(collect())
        for _ in range(8):
            tasks.create_task(upload())

    async with system.storage.as_(OPERATOR).read() as snapshot:
        is_there = await snapshot.files.hashes_among([build.sha256_of(build.CONTENT)])
    assert not is_there or await system.store.stat(content_key(build.sha256_of(build.CONTENT)))


# Verifying


async def verified(system: System) -> list[Verified]:
    return [found async for found in verify(system.storage, system.store)]


async def test_all_bytes_are_compared_with_their_hashes(system: System) -> None:
    good, bad, lost = await system.add("good", "bad", "lost")
    for file in (bad, lost):
        await system.store.delete(content_key(file.sha256))
    await keep(system.store, bad.sha256, b"other bytes")

    found = await verified(system)

    assert sorted(found) == sorted(
        [
            Verified(good.sha256, "ok"),
            Verified(bad.sha256, "damaged"),
            Verified(lost.sha256, "missing", "lost"),
        ]
    )
    assert [each.is_ok for each in sorted(found, key=lambda it: it.verdict)] == [
        False,
        False,
        True,
    ]


async def test_where_nothing_is_kept_there_is_nothing_to_say(system: System) -> None:
    assert await verified(system) == []
