"""Fields that lead from an entity to its children and to other entities.

Each resolves through a dataloader: for one parent, or for all parents of a level at once where
the executor can do that.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
import strawberry
from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution import BatchResolver, Selected, Writer
from repositories.contract import Member, Selection
from resolvers.dataloaders import DataLoader, JsonLoader
from resolvers.loaders import Loaders
from schema.context import Context, Info
from schema.reads import CHILDREN

BATCH = "batch"
"""The key in a field's metadata under which its batch resolver is."""

WRITER = "writer"
"""The key in a field's metadata under which its writer is."""

_MOST_WRITTEN: Final = 50
"""Members of an object: functions of SQLite take 100 arguments."""

LoaderOf = Callable[[Loaders], DataLoader[str, Any]]
JsonLoaderOf = Callable[[Loaders], JsonLoader]


def children(
    description: str, *, attribute: str, key: str, loader: LoaderOf, json_loader: JsonLoaderOf
) -> Any:
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

    def writer(selected: Sequence[Selected]) -> BatchResolver | None:
        if len(selected) > _MOST_WRITTEN:
            return None
        selection = Selection(Member(*each) for each in selected)

        async def write_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
            context: Context = info.context
            load_many = json_loader(context.loaders).load_many
            found = await carried_or_loaded(parents, lambda keys: load_many(keys, selection))
            return [
                orjson.Fragment(some) if isinstance(some, str) else selection.of(some)
                for some in found
            ]

        return write_all

    async def carried_or_loaded(
        parents: Sequence[Any], load_many: Callable[[Sequence[str]], Awaitable[Sequence[Any]]]
    ) -> list[Any]:
        carried = [getattr(parent, attribute) for parent in parents]
        keys = [
            getattr(parent, key)
            for parent, has in zip(parents, carried, strict=True)
            if has is None
        ]
        if not keys:
            return carried
        loaded = iter(await load_many(keys))
        return [next(loaded) if has is None else has for has in carried]

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={BATCH: resolve_all, WRITER: writer, CHILDREN: True},
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


def batch_of(field: GraphQLField) -> BatchResolver | None:
    """The field's batch resolver, if it has one."""
    declared = declaration(field)
    return None if declared is None else declared.metadata.get(BATCH)


def writer_of(field: GraphQLField) -> Writer | None:
    """What can have the field written as JSON, if it can be."""
    declared = declaration(field)
    return None if declared is None else declared.metadata.get(WRITER)


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute that the field is read from: fields without a resolver are such."""
    declared = declaration(field)
    return declared.python_name if declared is not None and declared.is_basic_field else None


def declaration(field: GraphQLField) -> StrawberryField | None:
    """The field as it's declared here; None for those of introspection."""
    declared: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared
