"""Fields that lead from an entity to its children and to other entities.

Each resolves through a dataloader: for one parent, or for all parents of a level at once where
the executor can do that, as records or as JSON.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import strawberry
from graphql import GraphQLField

from execution import BatchResolver, Selected, Write
from repositories.selections import Owned, Part, Referenced, Selection, carried, objects
from resolvers.dataloaders import Loader
from resolvers.loaders import Loaders
from schema.context import Context, Info
from schema.entities import EntityKind
from schema.writing import PART, WRITER, as_written, metadata_of, selection_of

BATCH: Final = "batch"
"""The key in a field's metadata under which its batch resolver is."""

LoaderOf = Callable[[Loaders], Loader[str, Any]]


def children(description: str, *, attribute: str, key: str, loader: LoaderOf) -> Any:
    """The ordered children of an entity, by its key.

    A record that a mutation has just written carries them, under `attribute`: they are of its own
    revision, whatever others have written since.
    """

    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        [found] = await resolve_all([parent], info)
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        context: Context = info.context
        return await carried_or_loaded(parents, loader(context.loaders).load_many)

    def writer(selected: Sequence[Selected]) -> Write | None:
        selection = selection_of(selected)
        if selection is None:
            return None

        async def write(parents: Sequence[Any], context: Context) -> Sequence[Any]:
            load_json = loader(context.loaders).load_json
            found = await carried_or_loaded(parents, lambda keys: load_json(keys, selection))
            return [
                as_written(some) if isinstance(some, str) else objects(selection, some, carried)
                for some in found
            ]

        return write

    async def carried_or_loaded(
        parents: Sequence[Any], load_many: Callable[[Sequence[str]], Awaitable[Sequence[Any]]]
    ) -> list[Any]:
        found = [getattr(parent, attribute) for parent in parents]
        keys = [
            getattr(parent, key) for parent, has in zip(parents, found, strict=True) if has is None
        ]
        if not keys:
            return found
        loaded = iter(await load_many(keys))
        return [next(loaded) if has is None else has for has in found]

    def part_of(_: Selected, below: Selection | None) -> Part:
        assert below is not None
        return Owned(attribute, below)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={BATCH: resolve_all, WRITER: writer, PART: part_of},
    )


def edge(
    description: str,
    *,
    key: str,
    kind: EntityKind,
    by: str | None = None,
    loader: LoaderOf | None = None,
) -> Any:
    """The entity of a kind that a key of this one refers to; null where it has none, or it isn't
    stored. It's found by its own key; or by what it has under `by`, with the loader for that.
    """
    load = loader or (lambda loaders: kind.loaders(loaders).by_key)

    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        [found] = await resolve_all([parent], info)
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        context: Context = info.context
        return await referenced(parents, load(context.loaders).load_many)

    def writer(selected: Sequence[Selected]) -> Write | None:
        selection = selection_of(selected)
        if selection is None:
            return None

        async def write(parents: Sequence[Any], context: Context) -> Sequence[Any]:
            load_json = load(context.loaders).load_json
            found = await referenced(parents, lambda keys: load_json(keys, selection))
            return list(map(as_written, found))

        return write

    async def referenced(
        parents: Sequence[Any], load_many: Callable[[Sequence[str]], Awaitable[Sequence[Any]]]
    ) -> Sequence[Any]:
        keys = [getattr(parent, key) for parent in parents]
        found = iter(await load_many([value for value in keys if value is not None]))
        return [None if value is None else next(found) for value in keys]

    def part_of(_: Selected, below: Selection | None) -> Part:
        assert below is not None
        return Referenced(key, kind.name, by or kind.key_name, below)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={BATCH: resolve_all, WRITER: writer, PART: part_of},
    )


def batch_of(field: GraphQLField) -> BatchResolver | None:
    """The field's batch resolver, if it has one."""
    batch: BatchResolver | None = metadata_of(field, BATCH)
    return batch
