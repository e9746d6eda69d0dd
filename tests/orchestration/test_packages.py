"""Packages of runs: their files are put into the store, and then the packages are saved."""

import asyncio
from typing import Any

from domain.workflow import RunStatus
from files.memory import MemoryStore
from files.store import FileStoreError, content_key
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.support.files import require_unclaimed
from tests.support.packagers import PackagerOfFiles
from tests.support.patience import SECONDS
from tests.support.runs import TimedRunSystem

CONTENTS = (b"for Word", b"for people", b"for printing")


class TogetherStore(MemoryStore):
    """Puts nothing before three keys are to be put."""

    def __init__(self) -> None:
        super().__init__()
        self._three = asyncio.Barrier(3)

    async def put_if_absent(self, *given: Any) -> bool:
        await self._three.wait()
        return await super().put_if_absent(*given)


class FailingStore(MemoryStore):
    """Doesn't put one content for the first time."""

    def __init__(self, refused: bytes) -> None:
        super().__init__()
        self._refused = {content_key(build.sha256_of(refused))}

    async def put_if_absent(self, key: str, *given: Any) -> bool:
        if key in self._refused:
            self._refused.clear()
            raise FileStoreError
        return await super().put_if_absent(key, *given)


def system_of(storage: Storage, store: MemoryStore) -> TimedRunSystem:
    system = TimedRunSystem(storage, store=store, tactics=1)
    producers = system.fakes.as_producers(packager=PackagerOfFiles(CONTENTS))
    system.server = system.another(producers=producers)
    return system


async def has_all(store: MemoryStore) -> list[bool]:
    keys = [content_key(build.sha256_of(content)) for content in CONTENTS]
    return [await store.stat(key) is not None for key in keys]


async def test_the_files_of_a_package_are_put_at_once(storage: Storage) -> None:
    store = TogetherStore()
    system = system_of(storage, store)
    await system.add_brief()

    async with asyncio.timeout(SECONDS):
        run = await system.settled(await system.start())

    assert run.status is RunStatus.SUCCEEDED
    assert await has_all(store) == [True, True, True]


async def test_a_package_is_made_later_when_one_of_its_files_cannot_be_put(
    storage: Storage,
) -> None:
    store = FailingStore(CONTENTS[1])
    system = system_of(storage, store)
    await system.add_brief()

    waiting = await system.settled(await system.start())

    assert waiting.current is not None
    assert (waiting.current.name, waiting.current.error) == ("package", FileStoreError.message)
    assert await has_all(store) == [True, False, True]
    await require_unclaimed(storage, *map(build.sha256_of, CONTENTS))
    system.clock.move(seconds=6)
    assert (await system.settled(waiting)).status is RunStatus.SUCCEEDED
    assert await has_all(store) == [True, True, True]
