"""Statements are made once, and leave others their turns of the event loop."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

import pytest

from repositories.cache import Cache
from repositories.criteria import AnyOf, Comparison, Filter, Operator
from repositories.drivers.compiled import Statement
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.statement_cache import StatementCache
from tests import builders as build
from tests.support.statements import watched
from tests.support.turns import turns_of

LIMIT = 80_000
TITLE_IS = Comparison("title", Operator.EQ, "title")


def shapes() -> Iterator[Filter]:
    """Filters each of which takes another statement."""
    return (AnyOf((TITLE_IS,) * number) for number in count(1))


class Maker:
    def __init__(self, length: int = 1) -> None:
        self.asked: list[tuple[int, ...]] = []
        self._sql = " " * length

    def __call__(self, *arguments: int) -> Statement:
        self.asked.append(arguments)
        return Statement(self._sql, (), (), ())


@pytest.fixture
def kept() -> StatementCache:
    return StatementCache(Cache(LIMIT))


async def test_what_is_made_of_the_same_is_made_once(kept: StatementCache) -> None:
    make = Maker()

    assert await kept.made(make, (1, 2)) is await kept.made(make, (1, 2)) is kept.get(make, (1, 2))
    assert await kept.made(make, (1,)) is not await kept.made(make, (2,))
    assert make.asked == [(1, 2), (1,), (2,)]


async def test_what_many_ask_for_at_once_is_made_once(kept: StatementCache) -> None:
    make = Maker()

    first, *others = await asyncio.gather(*(kept.made(make, (1,)) for _ in range(5)))

    assert all(other is first for other in others)
    assert make.asked == [(1,)]


async def test_what_is_too_heavy_is_made_each_time(kept: StatementCache) -> None:
    make = Maker(LIMIT)

    assert await kept.made(make, (1,)) is not await kept.made(make, (1,))
    assert kept.get(make, (1,)) is None


async def test_others_have_a_turn_between_two_that_are_made(kept: StatementCache) -> None:
    make = Maker()

    async with turns_of(lambda: len(make.asked)) as turns:
        await asyncio.gather(*(kept.made(make, (number,)) for number in range(50)))

    assert len(make.asked) == 50
    assert turns.most == 1


async def test_who_needs_one_waits_for_one_of_those_that_another_needs(
    database: Database,
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    done: list[str] = []
    have_connections = asyncio.Barrier(2)

    async def count_all(name: str, filters: Sequence[Filter]) -> None:
        async with repositories.read() as snapshot:

            async def one(filter: Filter) -> None:
                await snapshot.drafts.count(filter)
                done.append(name)

            await snapshot.drafts.count(None)
            await have_connections.wait()
            await asyncio.gather(*map(one, filters))

    many = [each for each, _ in zip(shapes(), range(40), strict=False)]
    few = [Comparison("body", Operator.EQ, "body")]
    await asyncio.gather(count_all("many", many), count_all("few", few))

    assert done.index("few") < 10
    assert len(done) == 41


async def test_others_have_turns_between_statements_however_many_one_operation_has(
    database: Database,
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async with repositories.read() as snapshot:
        ask = partial(snapshot.drafts.count, TITLE_IS)
        await ask()
        with watched(database) as statements:
            async with turns_of(lambda: len(statements)) as turns:
                await asyncio.gather(*(ask() for _ in range(100)))

    assert len(statements) == 100
    assert turns.most <= 4
