"""Dataloaders: they batch the reads of one operation into one statement for each type of read.

They live as long as the snapshot that they read. Each returns a value for every key: None, or an
empty tuple of children, where nothing is stored.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

from domain.entity import Entity
from repositories.contract import EntityReads
from repositories.criteria import Filter, Page, PageRequest
from repositories.lazy import lazy
from repositories.projections import JsonProjection

A = TypeVar("A")
K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=Entity)
Item = TypeVar("Item")
"""An item of a list: an entity or not."""

Load = Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]


class _Read(Generic[K]):
    """A read of a batch of keys, and the waiters for it."""

    def __init__(self, run: Callable[["_Read[K]"], Coroutine[Any, Any, None]]) -> None:
        self.keys: list[K] = []
        self._failure: Exception | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._has_ended = False
        # The event loop holds tasks only weakly.
        self._task = asyncio.create_task(run(self))

    async def ended(self) -> None:
        """Waits until the read has ended. Raises the exception that it failed with."""
        if not self._has_ended:
            # A waiter may be cancelled; the read goes on for the others.
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self._failure is not None:
            raise self._failure

    def end(self, failure: Exception | None = None) -> None:
        self._has_ended = True
        self._failure = failure
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class DataLoader(Generic[K, V]):
    """Loads values by keys: keys of the same time in one batch, each key once.

    A failed read fails for all its waiters; later loads of its keys read again.
    """

    def __init__(self, load: Load[K, V]) -> None:
        """`load` returns a value for every key."""
        self._load = load
        self._values: dict[K, V] = {}
        self._next: _Read[K] | None = None
        self._reads: dict[K, _Read[K]] = {}

    async def load(self, key: K) -> V:
        [value] = await self.load_many((key,))
        return value

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """The values of the keys, in their order."""
        values = self._values
        missing = [key for key in keys if key not in values]
        if missing:
            for read in self._reads_of(missing):
                await read.ended()
        return [values[key] for key in keys]

    def _reads_of(self, keys: Sequence[K]) -> Iterable[_Read[K]]:
        reads = self._reads
        new = dict.fromkeys(key for key in keys if key not in reads)
        if new:
            if self._next is None:
                self._next = _Read(self._run)
            self._next.keys += new
            reads |= dict.fromkeys(new, self._next)
        return dict.fromkeys(map(reads.__getitem__, keys))

    async def _run(self, read: _Read[K]) -> None:
        # Keys that are requested in the next turn of the event loop join the batch.
        await asyncio.sleep(0)
        self._next = None
        failure = None
        try:
            self._values.update(await self._load(read.keys))
        except Exception as error:  # noqa: BLE001 - the waiters raise it
            failure = error
        for key in read.keys:
            del self._reads[key]
        read.end(failure)


class _ByArgument(Generic[A, V]):
    """Dataloaders by a further argument of their reads."""

    def __init__(self, load: Callable[[Sequence[str], A], Awaitable[Mapping[str, V]]]) -> None:
        self._load = load
        self._loaders: dict[A, DataLoader[str, V]] = {}

    async def load_many(self, argument: A, keys: Sequence[str]) -> list[V]:
        if argument not in self._loaders:
            load = self._load
            self._loaders[argument] = DataLoader(lambda keys: load(keys, argument))
        return await self._loaders[argument].load_many(keys)


LoadJson = Callable[[Sequence[K], Sequence[JsonProjection]], Awaitable[Mapping[K, tuple[str, ...]]]]


class JsonLoader(Generic[K]):
    """Loads JSON by keys; `absent_json` where nothing is stored."""

    def __init__(
        self,
        load_json: LoadJson[K],
        *,
        absent_json: str | None = None,
        single_statement: bool = False,
    ) -> None:
        """With `single_statement`, JSON is loaded only once, so there is nothing to batch."""
        self._load_json = load_json
        self._absent_json = absent_json
        self._is_single_statement = single_statement

    async def load_json(self, keys: Sequence[K], projection: JsonProjection) -> list[str | None]:
        """The JSON texts of the projection, in the order of the keys.

        Loads of the same time are one read, and so are several projections of the same keys.
        """
        if self._is_single_statement:
            found = await self._load_json(keys, [projection])
            return [found[key][0] if key in found else self._absent_json for key in keys]
        return await self._texts.load_many([(key, projection) for key in keys])

    @lazy
    def _texts(self) -> DataLoader[tuple[K, JsonProjection], str | None]:
        return DataLoader(partial(_read_json, self._load_json, self._absent_json))


class Loader(JsonLoader[K], Generic[K, V]):
    """Loads values, or their JSON, by keys; `absent` where nothing is stored."""

    def __init__(
        self,
        load: Load[K, V],
        load_json: LoadJson[K],
        *,
        absent: V,
        absent_json: str | None = None,
        single_statement: bool = False,
    ) -> None:
        super().__init__(load_json, absent_json=absent_json, single_statement=single_statement)
        self._load = load
        self._absent = absent

    async def load(self, key: K) -> V:
        return await self._values.load(key)

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """The values, in the order of the keys."""
        return await self._values.load_many(keys)

    @lazy
    def _values(self) -> DataLoader[K, V]:
        return DataLoader(partial(_read_all, self._load, self._absent))


async def _read_all(load: Load[K, V], absent: V, keys: Sequence[K]) -> Mapping[K, V]:
    found = await load(keys)
    return {key: found.get(key, absent) for key in keys}


async def _read_json(
    load: LoadJson[K], absent: str | None, asked: Sequence[tuple[K, JsonProjection]]
) -> Mapping[tuple[K, JsonProjection], str | None]:
    keys_of = defaultdict[JsonProjection, list[K]](list)
    for key, projection in asked:
        keys_of[projection].append(key)
    # Projections share a read only if they have the same keys: nothing is read in vain.
    together = defaultdict[tuple[K, ...], list[JsonProjection]](list)
    for projection, keys in keys_of.items():
        together[tuple(keys)].append(projection)
    texts: dict[tuple[K, JsonProjection], str | None] = dict.fromkeys(asked, absent)
    for same_keys, projections in together.items():
        for key, found in (await load(same_keys, projections)).items():
            pairs = [(key, projection) for projection in projections]
            texts.update(zip(pairs, found, strict=True))
    return texts


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """Lists of entities by key, which are read page by page, or counted."""

    pages: Callable[[PageRequest, Sequence[str]], Awaitable[list[Page[Item]]]]
    counts: Callable[[Filter | None, Sequence[str]], Awaitable[list[int]]]


ALL: Final = ""
"""The key of the list of all entities."""


def listing_of_all(
    read_page: Callable[[PageRequest], Awaitable[Page[Item]]],
    read_count: Callable[[Filter | None], Awaitable[int]],
) -> Listing[Item]:
    """The one list that has ALL as its key."""

    async def page(_: Sequence[str], request: PageRequest) -> Mapping[str, Page[Item]]:
        return {ALL: await read_page(request)}

    async def count(_: Sequence[str], filter: Filter | None) -> Mapping[str, int]:
        return {ALL: await read_count(filter)}

    return Listing(_ByArgument(page).load_many, _ByArgument(count).load_many)


class EntityLoaders(Generic[R]):
    """The loaders of one entity type."""

    def __init__(self, reads: EntityReads[R], *, single_statement: bool = False) -> None:
        """With `single_statement`, only one read happens, so there is nothing to batch."""
        self.reads = reads
        self._is_single_statement = single_statement

    @lazy
    def by_key(self) -> Loader[str, R | None]:
        return self._entities(self.reads.get_many, self.reads.json_by_key)

    def _entities(self, load: Load[K, R], load_json: LoadJson[K]) -> Loader[K, R | None]:
        return Loader(load, load_json, absent=None, single_statement=self._is_single_statement)

    def _children(
        self, load: Load[str, tuple[V, ...]], load_json: LoadJson[str]
    ) -> Loader[str, tuple[V, ...]]:
        return Loader(load, load_json, absent=(), absent_json="[]")

    @lazy
    def all(self) -> Listing[R]:
        return listing_of_all(self.reads.page, self.reads.count)


class Related(Generic[R]):
    """Loads the entities that refer to others, by the keys of these."""

    def __init__(
        self,
        load_pages: Callable[[Sequence[str], PageRequest], Awaitable[Mapping[str, Page[R]]]],
        load_counts: Callable[[Sequence[str], Filter | None], Awaitable[Mapping[str, int]]],
        load_json: LoadJson[str],
    ) -> None:
        self.listing = Listing(
            _ByArgument(load_pages).load_many, _ByArgument(load_counts).load_many
        )
        self.json = JsonLoader(load_json)
