"""Dataloaders: reads of one operation, gathered into one statement for each kind of read.

They live as long as the snapshot that they read. Each gives an answer for every key: where
nothing is stored, None, or an empty tuple of children.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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


class ByArgument(Generic[A, K, V]):
    """A dataloader for each distinct argument, such as the page or the filter asked for."""

    def __init__(self, load: Callable[[Sequence[K], A], Awaitable[Mapping[K, V]]]) -> None:
        self._load = load
        self._loaders: dict[A, DataLoader[K, V]] = {}

    def load(self, key: K, argument: A) -> Awaitable[V]:
        if argument not in self._loaders:

            async def batch(keys: list[K]) -> list[V]:
                found = await self._load(keys, argument)
                return [found[key] for key in keys]

            self._loaders[argument] = DataLoader(batch)
        return self._loaders[argument].load(key)


PagesBy = ByArgument[PageRequest, str, Page[R]]
CountsBy = ByArgument[Filter | None, str, int]


class EntityLoaders(Generic[R]):
    """What can be read of the entities of one kind."""

    def __init__(self, reads: EntityReads[R]) -> None:
        self._entities = reads

    @cached_property
    def by_key(self) -> DataLoader[str, R | None]:
        return one_by_key(self._entities.get_many)

    @cached_property
    def page(self) -> DataLoader[PageRequest, Page[R]]:
        async def batch(requests: list[PageRequest]) -> list[Page[R]]:
            return [await self._entities.page(request) for request in requests]

        return DataLoader(batch)

    @cached_property
    def count(self) -> DataLoader[tuple[Filter | None], int]:
        async def batch(filters: list[tuple[Filter | None]]) -> list[int]:
            return [await self._entities.count(filter) for (filter,) in filters]

        return DataLoader(batch)
