"""Dataloaders: reads of one operation, gathered into one statement for each kind of read.

They live as long as the snapshot that they read. Each gives an answer for every key: where
nothing is stored, None, or an empty tuple of children.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from aiodataloader import DataLoader

from domain.entity import Entity
from repositories.contract import EntityReads
from repositories.criteria import Filter, Page, PageRequest

A = TypeVar("A")
K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=Entity)

Load = Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]


def one_by_key(load: Load[K, V]) -> DataLoader[K, V | None]:
    async def batch(keys: list[K]) -> list[V | None]:
        found = await load(keys)
        return [found.get(key) for key in keys]

    return DataLoader(batch)


def children_by_key(load: Load[K, tuple[V, ...]]) -> DataLoader[K, tuple[V, ...]]:
    async def batch(keys: list[K]) -> list[tuple[V, ...]]:
        found = await load(keys)
        return [found.get(key, ()) for key in keys]

    return DataLoader(batch)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list of entities, to be read page by page or counted."""

    page: Callable[[PageRequest], Awaitable[Page[R]]]
    count: Callable[[Filter | None], Awaitable[int]]


class EntityLoaders(Generic[R]):
    """What can be read of the entities of one kind."""

    def __init__(self, reads: EntityReads[R]) -> None:
        self._entities = reads

    @cached_property
    def by_key(self) -> DataLoader[str, R | None]:
        return one_by_key(self._entities.get_many)

    @cached_property
    def all(self) -> Listing[R]:
        return Listing(
            page=_Shared(self._entities.page).load, count=_Shared(self._entities.count).load
        )


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


class _Shared(Generic[A, V]):
    """One read for each distinct argument, however often it's asked for."""

    def __init__(self, load: Callable[[A], Awaitable[V]]) -> None:
        async def batch(arguments: list[tuple[A]]) -> list[V]:
            return [await load(argument) for (argument,) in arguments]

        self._loader = DataLoader(batch)

    def load(self, argument: A) -> Awaitable[V]:
        return self._loader.load((argument,))


class _ByArgument(Generic[A, V]):
    """One read of many keys for each distinct argument."""

    def __init__(self, load: Callable[[Sequence[str], A], Awaitable[Mapping[str, V]]]) -> None:
        self._load = load
        self._loaders: dict[A, DataLoader[str, V]] = {}

    def load(self, key: str, argument: A) -> Awaitable[V]:
        if argument not in self._loaders:

            async def batch(keys: list[str]) -> list[V]:
                found = await self._load(keys, argument)
                return [found[key] for key in keys]

            self._loaders[argument] = DataLoader(batch)
        return self._loaders[argument].load(key)
