"""Dataloaders: what is asked for together is read together, and each key once."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from resolvers.dataloaders import DataLoader


class Reading:
    """Reads the length of each key, and notes what it was asked for together."""

    def __init__(self) -> None:
        self.reads: list[list[str]] = []
        self.begun = asyncio.Semaphore(0)
        self.failure: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.loader = DataLoader(self._read)

    async def _read(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.reads.append(list(keys))
        self.begun.release()
        await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure
        return {key: len(key) for key in keys}


@pytest.fixture
async def reading() -> Reading:
    return Reading()


async def test_values_come_in_the_order_of_their_keys(reading: Reading) -> None:
    assert await reading.loader.load_many(["ccc", "a", "bb", "a"]) == [3, 1, 2, 1]
    assert reading.reads == [["ccc", "a", "bb"]]


async def test_what_several_ask_for_at_the_same_time_is_one_read(reading: Reading) -> None:
    loader = reading.loader

    found = await asyncio.gather(
        loader.load("a"), loader.load_many(["bb", "a"]), loader.load_many(["ccc", "bb"])
    )

    assert tuple(found) == (1, [2, 1], [3, 2])
    assert reading.reads == [["a", "bb", "ccc"]]


async def test_what_is_asked_for_a_turn_later_comes_along(reading: Reading) -> None:
    async def later() -> int:
        await asyncio.sleep(0)
        return await reading.loader.load("bb")

    assert tuple(await asyncio.gather(reading.loader.load("a"), later())) == (1, 2)
    assert reading.reads == [["a", "bb"]]


async def test_what_was_read_is_not_read_again(reading: Reading) -> None:
    await reading.loader.load_many(["a", "bb"])

    assert await reading.loader.load("a") == 1
    assert await reading.loader.load_many(["bb", "ccc"]) == [2, 3]
    assert reading.reads == [["a", "bb"], ["ccc"]]


async def test_what_is_being_read_is_not_read_again(reading: Reading) -> None:
    reading.may_go_on.clear()
    first = asyncio.create_task(reading.loader.load("a"))
    await reading.begun.acquire()
    second = asyncio.create_task(reading.loader.load_many(["a", "bb"]))
    await reading.begun.acquire()
    reading.may_go_on.set()

    assert tuple(await asyncio.gather(first, second)) == (1, [1, 2])
    assert reading.reads == [["a"], ["bb"]]


async def test_for_no_keys_nothing_is_read(reading: Reading) -> None:
    with pytest.raises(StopIteration) as stop:
        reading.loader.load_many([]).send(None)

    assert stop.value.value == []
    assert reading.reads == []


async def test_a_read_that_fails_fails_for_all_who_wait_for_it(reading: Reading) -> None:
    reading.failure = ValueError("unreadable")

    found = await asyncio.gather(
        reading.loader.load("a"), reading.loader.load_many(["a", "bb"]), return_exceptions=True
    )

    assert set(found) == {reading.failure}
    assert reading.reads == [["a", "bb"]]


async def test_what_could_not_be_read_is_read_when_it_is_asked_for_again(reading: Reading) -> None:
    reading.failure = ValueError("unreadable")
    with pytest.raises(ValueError, match="unreadable"):
        await reading.loader.load("a")
    reading.failure = None

    assert await reading.loader.load("a") == 1


async def test_who_gives_up_takes_nothing_from_others(reading: Reading) -> None:
    reading.may_go_on.clear()
    leaving, staying = (asyncio.create_task(reading.loader.load("a")) for _ in range(2))
    await reading.begun.acquire()
    leaving.cancel()
    reading.may_go_on.set()

    assert await staying == 1
    assert leaving.cancelled()
    assert reading.reads == [["a"]]
