"""Dataloaders: reads of one operation, gathered into one statement for each kind of read.

They live as long as the snapshot that they read. Each gives an answer for every key: where
nothing is stored, None, or an empty tuple of children.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from domain.entity import Entity
from repositories.contract import EntityReads
from repositories.criteria import Filter, Page, PageRequest

A = TypeVar("A")
K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=Entity)

Load = Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]


class DataLoader(Generic[K, V]):
    """Reads what belongs to keys: all that are asked for at the same time at once, each once.

    What can't be read fails for all who wait for it, and is read again when it's asked for again.
    """

    def __init__(self, load: Load[K, V]) -> None:
        """`load` gives a value for every key."""
        self._load = load
        self._values: dict[K, V] = {}
        self._asked: list[K] = []
        self._reads: dict[K, asyncio.Task[Exception | None]] = {}

    async def load(self, key: K) -> V:
        [value] = await self.load_many((key,))
        return value

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """The values of the keys, in their order."""
        missing = [key for key in keys if key not in self._values]
        if missing:
            self._ask_for(missing)
            reads = dict.fromkeys(self._reads[key] for key in missing)
            # Who waits may be cancelled; what others wait for, too, goes on.
            await asyncio.wait(reads)
            for read in reads:
                if error := read.result():
                    raise error
        return [self._values[key] for key in keys]

    def _ask_for(self, keys: Sequence[K]) -> None:
        new = dict.fromkeys(key for key in keys if key not in self._reads)
        if new:
            coming = self._reads[self._asked[0]] if self._asked else None
            self._reads |= dict.fromkeys(new, coming or asyncio.create_task(self._read()))
            self._asked += new

    async def _read(self) -> Exception | None:
        # What is asked for a turn of the event loop later comes along.
        await asyncio.sleep(0)
        keys, self._asked = self._asked, []
        try:
            self._values.update(await self._load(keys))
        except Exception as error:  # noqa: BLE001 - those who wait raise it
            return error
        else:
            return None
        finally:
            for key in keys:
                del self._reads[key]


def one_by_key(load: Load[K, V]) -> DataLoader[K, V | None]:
    async def read(keys: Sequence[K]) -> Mapping[K, V | None]:
        found = await load(keys)
        return {key: found.get(key) for key in keys}

    return DataLoader(read)


def children_by_key(load: Load[K, tuple[V, ...]]) -> DataLoader[K, tuple[V, ...]]:
    async def read(keys: Sequence[K]) -> Mapping[K, tuple[V, ...]]:
        found = await load(keys)
        return {key: found.get(key, ()) for key in keys}

    return DataLoader(read)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list of entities, to be read page by page or counted."""

    page: Callable[[PageRequest], Awaitable[Page[R]]]
    count: Callable[[Filter | None], Awaitable[int]]


class EntityLoaders(Generic[R]):
    """What can be read of the entities of one kind."""

    def __init__(self, reads: EntityReads[R], *, with_children: bool = False) -> None:
        """`with_children`: what is read by its key has its children with it."""
        self._entities = reads
        self._with_children = with_children

    @cached_property
    def by_key(self) -> DataLoader[str, R | None]:
        return one_by_key(
            lambda keys: self._entities.get_many(keys, with_children=self._with_children)
        )

    @cached_property
    def all(self) -> Listing[R]:
        return Listing(page=_shared(self._entities.page), count=_shared(self._entities.count))


class Related(Generic[R]):
    """The entities that refer to another one, which is told by its key."""

    def __init__(
        self,
        load_pages: Callable[[Sequence[str], PageRequest], Awaitable[Mapping[str, Page[R]]]],
        load_counts: Callable[[Sequence[str], Filter | None], Awaitable[Mapping[str, int]]],
    ) -> None:
        self._pages = _ByArgument(load_pages)
        self._counts = _ByArgument(load_counts)

    def of(self, key: str) -> Listing[R]:
        return Listing(
            page=lambda request: self._pages.load(key, request),
            count=lambda filter: self._counts.load(key, filter),
        )


def _shared(load: Callable[[A], Awaitable[V]]) -> Callable[[A], Awaitable[V]]:
    """One read for each distinct argument, however often it's asked for."""

    async def read(arguments: Sequence[A]) -> Mapping[A, V]:
        return {argument: await load(argument) for argument in arguments}

    return DataLoader(read).load


class _ByArgument(Generic[A, V]):
    """One read of many keys for each distinct argument."""

    def __init__(self, load: Callable[[Sequence[str], A], Awaitable[Mapping[str, V]]]) -> None:
        self._load = load
        self._loaders: dict[A, DataLoader[str, V]] = {}

    def load(self, key: str, argument: A) -> Awaitable[V]:
        if argument not in self._loaders:
            self._loaders[argument] = DataLoader(lambda keys: self._load(keys, argument))
        return self._loaders[argument].load(key)
