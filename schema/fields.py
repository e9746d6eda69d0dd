"""Fields that lead from an entity to its children and to other entities.

Each resolves through a dataloader: for one parent, or for all parents of a level at once where
the executor can do that.
"""

from collections.abc import Callable, Sequence
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from resolvers.dataloaders import DataLoader
from resolvers.loaders import Loaders
from schema.context import Context, Info
from schema.reads import CHILDREN

BATCH = "batch"
"""The key in a field's metadata under which its batch resolver is."""


LoaderOf = Callable[[Loaders], DataLoader[str, Any]]


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
        carried = [getattr(parent, attribute) for parent in parents]
        keys = [
            getattr(parent, key)
            for parent, has in zip(parents, carried, strict=True)
            if has is None
        ]
        loaded = iter(await loader(context.loaders).load_many(keys))
        return [next(loaded) if has is None else has for has in carried]

    return strawberry.field(
        resolver=resolve, description=description, metadata={BATCH: resolve_all, CHILDREN: True}
    )


def edge(description: str, *, key: str, loader: LoaderOf) -> Any:
    """The entity that a key of this one refers to; null where it has none, or it isn't stored."""

    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        [found] = await resolve_all([parent], info)
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        context: Context = info.context
        keys = [getattr(parent, key) for parent in parents]
        found = await loader(context.loaders).load_many(
            [value for value in keys if value is not None]
        )
        entities = iter(found)
        return [None if value is None else next(entities) for value in keys]

    return strawberry.field(
        resolver=resolve, description=description, metadata={BATCH: resolve_all}
    )


def batch_of(field: StrawberryField) -> Any:
    """The field's batch resolver, if it has one."""
    return field.metadata.get(BATCH)
