"""What every store promises, whatever keeps the bytes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from files.store import ContentMissing, FileStore, upload_key
from tests.files.contents import (
    MEBIBYTE,
    block,
    blocks,
    broken_off,
    key_of,
    keys,
    parts,
    read,
    sha256_of,
    sha256_of_blocks,
)

ABC = b"abcdefghij"
KEY = key_of(ABC)
OTHER = key_of(b"other")

# Putting


async def test_what_was_put_is_read(store: FileStore) -> None:
    assert await store.put_if_absent(KEY, parts(b"abcde", b"", b"fghij"))

    assert await read(store, KEY) == ABC


async def test_what_is_kept_already_stays(store: FileStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    assert not await store.put_if_absent(KEY, parts(b"something else"))

    assert await read(store, KEY) == ABC


async def test_nothing_at_all_is_content_too(store: FileStore) -> None:
    assert await store.put_if_absent(KEY, parts())

    found = await store.stat(KEY)
    assert found is not None
    assert found.size == 0
    assert await read(store, KEY) == b""
    assert not await store.put_if_absent(KEY, parts(ABC))


async def test_content_of_many_parts_is_kept_whole(store: FileStore) -> None:
    """Several parts of a multipart upload, the last smaller than the others."""
    count = 23
    key = f"content/ab/{sha256_of_blocks(count)}"

    assert await store.put_if_absent(key, blocks(count))

    found = await store.stat(key)
    assert found is not None
    assert found.size == count * MEBIBYTE
    assert await sha256_of(store, key) == sha256_of_blocks(count)
    assert await keys(store, "uploads/") == []


async def test_content_that_ends_where_a_part_does_is_kept_whole(store: FileStore) -> None:
    key = f"content/ab/{sha256_of_blocks(10)}"

    assert await store.put_if_absent(key, blocks(10))

    assert await sha256_of(store, key) == sha256_of_blocks(10)


@pytest.mark.parametrize("count", [1, 12], ids=["small", "large"])
async def test_nothing_is_kept_of_content_that_breaks_off(store: FileStore, count: int) -> None:
    sent = [block(number) for number in range(count)]

    with pytest.raises(ConnectionResetError):
        await store.put_if_absent(KEY, broken_off(*sent))

    assert await store.stat(KEY) is None
    assert await keys(store, "") == []
    assert await store.put_if_absent(KEY, parts(ABC))
    assert await read(store, KEY) == ABC


async def test_nothing_is_kept_where_the_writer_is_cancelled(store: FileStore) -> None:
    begun = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        for number in range(40):
            yield block(number)
            begun.set()
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(store.put_if_absent(KEY, slowly()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await store.stat(KEY) is None
    assert await store.put_if_absent(KEY, parts(ABC))


@pytest.mark.parametrize("size", [10, 7 * MEBIBYTE], ids=["small", "large"])
async def test_of_many_who_put_at_once_one_is_told_that_it_did(store: FileStore, size: int) -> None:
    count = 6 if size > MEBIBYTE else 20
    content = block(1, size)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.put_if_absent(KEY, parts(content))) for _ in range(count)]

    assert [task.result() for task in tasks].count(True) == 1
    assert await read(store, KEY) == content
    assert await keys(store, "") == [KEY]


async def test_readers_see_all_or_nothing(store: FileStore) -> None:
    count = 12
    is_written = asyncio.Event()

    async def put() -> None:
        await store.put_if_absent(KEY, blocks(count))
        is_written.set()

    seen = set()
    async with asyncio.TaskGroup() as group:
        group.create_task(put())
        while not is_written.is_set():
            found = await store.stat(KEY)
            seen.add(None if found is None else found.size)
            await asyncio.sleep(0)

    assert seen <= {None, count * MEBIBYTE}


# Reading


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, None, ABC),
        (0, 10, ABC),
        (3, None, b"defghij"),
        (3, 5, b"de"),
        (0, 1, b"a"),
        (9, 100, b"j"),
        (5, 5, b""),
        (10, None, b""),
        (50, 60, b""),
    ],
)
async def test_a_range_is_what_lies_between(
    store: FileStore, start: int, stop: int | None, expected: bytes
) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    assert await read(store, KEY, start, stop) == expected


async def test_parts_are_bytes_of_at_most_a_megabyte(store: FileStore) -> None:
    await store.put_if_absent(KEY, blocks(6))

    got = [part async for part in store.read(KEY)]

    assert {type(part) for part in got} == {bytes}
    assert max(map(len, got)) <= MEBIBYTE
    assert b"".join(got) == b"".join(block(number) for number in range(6))


async def test_a_range_of_something_large_is_right(store: FileStore) -> None:
    await store.put_if_absent(KEY, blocks(6))
    whole = b"".join(block(number) for number in range(6))

    for start, stop in ((MEBIBYTE - 1, 3 * MEBIBYTE + 1), (5, 4 * MEBIBYTE), (6_000_000, None)):
        assert await read(store, KEY, start, stop) == whole[start:stop]


@pytest.mark.parametrize("range_", [(0, None), (0, 0), (2, 3)])
async def test_reading_what_is_not_there_says_so(
    store: FileStore, range_: tuple[int, int | None]
) -> None:
    with pytest.raises(ContentMissing):
        await read(store, KEY, *range_)
    assert await store.stat(KEY) is None


async def test_a_reader_may_stop_early(store: FileStore) -> None:
    await store.put_if_absent(KEY, blocks(6))

    reading = store.read(KEY)
    await anext(reading)
    await reading.aclose()

    assert await store.delete(KEY)


async def test_what_is_stored_has_its_time(store: FileStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    found = await store.stat(KEY)

    assert found is not None
    assert (found.key, found.size) == (KEY, 10)
    assert abs(datetime.now(UTC) - found.stored_at) < timedelta(minutes=10)
    assert found.stored_at.tzinfo is not None


# Moving


async def test_what_is_moved_is_elsewhere(store: FileStore) -> None:
    await store.put_if_absent(upload_key("u"), parts(ABC))

    assert await store.move(upload_key("u"), KEY)

    assert await store.stat(upload_key("u")) is None
    assert await read(store, KEY) == ABC


async def test_moving_to_what_is_kept_leaves_it_and_removes_the_source(store: FileStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))
    await store.put_if_absent(upload_key("u"), parts(b"other"))

    assert not await store.move(upload_key("u"), KEY)

    assert await store.stat(upload_key("u")) is None
    assert await read(store, KEY) == ABC


async def test_moving_again_does_nothing(store: FileStore) -> None:
    await store.put_if_absent(upload_key("u"), parts(ABC))
    await store.move(upload_key("u"), KEY)

    assert not await store.move(upload_key("u"), KEY)

    assert await read(store, KEY) == ABC


async def test_moving_nothing_says_so(store: FileStore) -> None:
    with pytest.raises(ContentMissing):
        await store.move(upload_key("u"), KEY)


async def test_of_many_who_move_at_once_one_is_told_that_it_did(store: FileStore) -> None:
    for number in range(8):
        await store.put_if_absent(upload_key(f"u{number}"), parts(ABC))

    moved = await asyncio.gather(*(store.move(upload_key(f"u{n}"), KEY) for n in range(8)))

    assert moved.count(True) == 1
    assert await keys(store, "") == [KEY]


# Deleting and listing


async def test_what_is_deleted_is_gone(store: FileStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    assert await store.delete(KEY)
    assert not await store.delete(KEY)

    assert await store.stat(KEY) is None
    assert await store.put_if_absent(KEY, parts(ABC))


async def test_deleting_one_leaves_the_others(store: FileStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))
    await store.put_if_absent(OTHER, parts(b"other"))

    await store.delete(KEY)

    assert await read(store, OTHER) == b"other"


async def test_a_list_has_all_below_a_prefix(store: FileStore) -> None:
    contents = [KEY, OTHER, *(key_of(str(number).encode()) for number in range(30))]
    for key in contents:
        await store.put_if_absent(key, parts(ABC))
    await store.put_if_absent(upload_key("u"), parts(b"1"))

    assert await keys(store, "content/") == sorted(contents)
    assert await keys(store, "uploads/") == [upload_key("u")]
    assert await keys(store, KEY[:10]) == sorted(key for key in contents if key[:10] == KEY[:10])
    assert await keys(store, "nothing/") == []
    assert {found.size async for found in store.list("content/")} == {10}


async def test_a_list_of_more_than_a_page_has_all(store: FileStore) -> None:
    count = 1_050
    async with asyncio.TaskGroup() as group:
        limit = asyncio.Semaphore(20)

        async def put(number: int) -> None:
            async with limit:
                await store.put_if_absent(upload_key(f"u{number}"), parts(b"1"))

        for number in range(count):
            group.create_task(put(number))

    assert len(await keys(store, "uploads/")) == count
