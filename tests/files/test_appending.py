"""Uploads that come in parts, to the stores that have no address of their own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from files.memory import MemoryStore
from files.opening import open_folder
from files.store import (
    AppendingStore,
    BeingWritten,
    StoreFull,
    TooLong,
    WrongOffset,
    upload_key,
)
from tests.files.contents import (
    MEBIBYTE,
    block,
    broken_off,
    key_of,
    parts,
    read,
)

KEY = upload_key("upload-1")
ABC = b"abcdefghij"


@pytest.fixture(params=["memory", "folder"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AppendingStore]:
    is_memory = request.param == "memory"
    opened = MemoryStore() if is_memory else open_folder(tmp_path / "files")
    yield opened
    await opened.close()


async def test_parts_follow_each_other(store: AppendingStore) -> None:
    assert await store.append(KEY, 0, parts(b"abc", b"d"), 10) == 4
    assert await store.append(KEY, 4, parts(b"efghij"), 10) == 10

    assert await read(store, KEY) == ABC


async def test_bytes_may_come_one_by_one(store: AppendingStore) -> None:
    content = block(0, 3 * MEBIBYTE)
    single = (content[at : at + 1] for at in range(20_000))

    assert await store.append(KEY, 0, parts(*single, content[20_000:]), len(content))

    assert await read(store, KEY) == content


async def test_an_upload_of_nothing_is_there(store: AppendingStore) -> None:
    assert await store.append(KEY, 0, parts(), 0) == 0

    assert await read(store, KEY) == b""


@pytest.mark.parametrize("offset", [1, 3, 5, 100])
async def test_a_part_elsewhere_is_refused(store: AppendingStore, offset: int) -> None:
    await store.append(KEY, 0, parts(b"abcd"), 10)

    with pytest.raises(WrongOffset) as refused:
        await store.append(KEY, offset, parts(b"x"), 10)

    assert refused.value.size == 4
    assert await read(store, KEY) == b"abcd"


async def test_an_upload_may_begin_anew(store: AppendingStore) -> None:
    await store.append(KEY, 0, parts(b"wrong"), 10)

    assert await store.append(KEY, 0, parts(ABC), 10) == 10

    assert await read(store, KEY) == ABC


async def test_a_whole_upload_changes_no_more(store: AppendingStore) -> None:
    """What was checked is what is kept."""
    await store.append(KEY, 0, parts(ABC), 10)

    with pytest.raises(WrongOffset) as refused:
        await store.append(KEY, 0, parts(b"0123456789"), 10)
    with pytest.raises(TooLong):
        await store.append(KEY, 10, parts(b"k"), 10)

    assert refused.value.size == 10
    assert await read(store, KEY) == ABC


async def test_too_much_is_refused(store: AppendingStore) -> None:
    with pytest.raises(TooLong):
        await store.append(KEY, 0, parts(b"abc", b"defghijk"), 10)

    found = await store.stat(KEY)
    assert found is not None
    assert found.size <= 10


@pytest.mark.parametrize("size", [3, 3 * MEBIBYTE + 5])
async def test_what_came_before_the_sender_vanished_stays(store: AppendingStore, size: int) -> None:
    content = block(0, size)

    with pytest.raises(ConnectionResetError):
        await store.append(KEY, 0, broken_off(content[:1], content[1:]), size + 10)

    assert await read(store, KEY) == content
    assert await store.append(KEY, size, parts(b"0123456789"), size + 10) == size + 10


async def test_two_do_not_write_at_once(store: AppendingStore) -> None:
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        is_begun.set()
        yield b"abcde"
        await may_end.wait()
        yield b"fghij"

    writing = asyncio.create_task(store.append(KEY, 0, slowly(), 10))
    await is_begun.wait()
    with pytest.raises(BeingWritten):
        await store.append(KEY, 0, parts(ABC), 10)
    with pytest.raises(BeingWritten):
        await store.move(KEY, key_of(ABC))
    with pytest.raises(BeingWritten):
        await store.delete(KEY)
    may_end.set()

    assert await writing == 10
    assert await store.move(KEY, key_of(ABC))
    assert await read(store, key_of(ABC)) == ABC


async def test_a_cancelled_writer_leaves_the_upload_to_others(store: AppendingStore) -> None:
    is_begun = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        yield b"abcde"
        is_begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.append(KEY, 0, for_ever(), 10))
    await is_begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    found = await store.stat(KEY)
    assert found is not None
    assert await store.append(KEY, found.size, parts(ABC[found.size :]), 10) == 10
    assert await read(store, KEY) == ABC


async def test_memory_has_an_end() -> None:
    store = MemoryStore(capacity=10)
    await store.append(KEY, 0, parts(b"abcdef"), 100)

    with pytest.raises(StoreFull):
        await store.append(KEY, 6, parts(b"ghijk"), 100)
    with pytest.raises(StoreFull):
        await store.put_if_absent(key_of(ABC), parts(b"ghijk"))
    await store.delete(KEY)

    assert await store.put_if_absent(key_of(ABC), parts(ABC))
