"""How connections are taken and given back."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from domain.errors import Unavailable
from repositories.drivers.connection_pool import ConnectionPool
from repositories.drivers.engine import Database, open_database
from tests.support.pools import held_connection
from tests.support.tasks import elsewhere


@dataclass(eq=False)
class Fake:
    """A connection to nothing."""

    number: int
    closed: str = ""

    def is_closed(self) -> bool:
        return bool(self.closed)

    def terminate(self) -> None:
        self.closed = "at once"

    async def close(self) -> None:
        self.closed = "in peace"


class FakeConnections(ConnectionPool[Fake]):
    """Opens fakes, unless it's told not to."""

    def __init__(self, size: int, acquire_timeout: float = 60) -> None:
        super().__init__(self._opened, size, acquire_timeout)
        self.opened: list[Fake] = []
        self.failure: Exception | None = None

    async def _opened(self) -> Fake:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.opened.append(Fake(len(self.opened)))
        return self.opened[-1]


async def _turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_connection_that_was_given_back_is_taken_again() -> None:
    connections = FakeConnections(2)

    for _ in range(3):
        connections.give_back(await connections.acquire())

    assert len(connections.opened) == 1
    assert connections.in_use == 0


async def test_a_free_connection_is_taken_without_waiting() -> None:
    connections = FakeConnections(1)
    connections.give_back(await connections.acquire())

    with pytest.raises(StopIteration):
        connections.acquire().send(None)


async def test_there_are_never_more_than_the_size_says() -> None:
    connections = FakeConnections(3)

    async def use() -> None:
        connection = await connections.acquire()
        assert connections.in_use <= 3
        await _turns()
        connections.give_back(connection)

    await asyncio.gather(*(use() for _ in range(20)))

    assert len(connections.opened) == 3


async def test_who_waits_is_served_in_the_order_of_coming() -> None:
    connections = FakeConnections(1)
    held = await connections.acquire()
    served: list[int] = []

    async def use(number: int) -> None:
        connection = await connections.acquire()
        served.append(number)
        connections.give_back(connection)

    waiting = [elsewhere(use(number)) for number in range(5)]
    await _turns()
    connections.give_back(held)
    late = elsewhere(use(5))
    await asyncio.gather(*waiting, late)

    assert served == [0, 1, 2, 3, 4, 5]


async def test_who_waits_too_long_is_told_so_and_leaves_the_queue() -> None:
    connections = FakeConnections(1, acquire_timeout=0.01)
    held = await connections.acquire()

    with pytest.raises(Unavailable, match="in use"):
        await connections.acquire()
    connections.give_back(held)

    assert await connections.acquire() is held
    assert connections.in_use == 1


@pytest.mark.parametrize("given_back_first", [True, False])
async def test_who_is_cancelled_while_waiting_takes_nothing(given_back_first: bool) -> None:
    connections = FakeConnections(1)
    held = await connections.acquire()
    waiting = [elsewhere(connections.acquire()) for _ in range(2)]
    await _turns()

    if given_back_first:
        connections.give_back(held)
    waiting[0].cancel()
    if not given_back_first:
        connections.give_back(held)

    assert await waiting[1] is held
    assert waiting[0].cancelled()
    assert connections.in_use == 1


async def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    connections = FakeConnections(2)
    first, second = await connections.acquire(), await connections.acquire()
    connections.give_back(first)
    connections.give_back(second)
    second.terminate()

    assert await connections.acquire() is first
    assert (await connections.acquire()).number == 2


async def test_a_connection_that_is_not_sound_goes_to_nobody_else() -> None:
    connections = FakeConnections(1)
    first = await connections.acquire()
    waiting = elsewhere(connections.acquire())
    await _turns()

    connections.give_back(first, is_sound=False)

    assert (await waiting).number == 1
    assert first.closed == "at once"


async def test_what_can_not_be_opened_takes_no_place() -> None:
    connections = FakeConnections(1)
    connections.failure = ConnectionRefusedError()
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await connections.acquire()
    assert connections.in_use == 0

    connections.failure = None

    assert (await connections.acquire()).number == 0


async def test_all_are_closed_in_the_end() -> None:
    connections = FakeConnections(2)
    idle, used = await connections.acquire(), await connections.acquire()
    connections.give_back(idle)

    await connections.close()
    connections.give_back(used)

    assert (idle.closed, used.closed) == ("in peace", "at once")


async def test_no_connection_of_a_database_survives_it(database_url: str) -> None:
    database = open_database(database_url)
    idle, used = [await database.connections.acquire() for _ in range(2)]
    database.connections.give_back(idle)

    await database.close()
    database.connections.give_back(used)

    assert idle.is_closed()
    assert used.is_closed()


async def test_a_connection_that_is_not_sound_is_closed(database: Database) -> None:
    unsound = await database.connections.acquire()

    database.connections.give_back(unsound, is_sound=False)
    sound = await database.connections.acquire()
    database.connections.give_back(sound)

    assert unsound.is_closed()
    assert not sound.is_closed()


async def test_the_engines_open_connections_beside_those_of_units_of_work(
    database_url: str,
) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=0.01)

    async with held_connection(database), database.readers.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1

    await database.close()
