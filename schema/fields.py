"""Fields that lead from an entity to its children and to other entities.

Each resolves through a dataloader: for one parent, or for all parents of a level at once where
the executor can do that, as records or as JSON.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry

from domain.scopes import read_scope
from execution import Render, SelectedField
from repositories.projections import Children, JsonProjection, Part, Reference
from repositories.registry import EntityType
from repositories.rendering import carried, objects, refers
from resolvers.dataloaders import Loader
from resolvers.loaders import Loaders
from schema.addresses import Addresses
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.rendering import (
    BindConverted,
    ProjectionBuilder,
    as_encoded,
    as_rendered,
    rendered_projection_of,
)
from schema.scopes import for_scope

LoaderOf = Callable[[Loaders], Loader[str, Any]]
Load = Callable[[Sequence[str]], Awaitable[Sequence[Any]]]


def children(description: str, *, attribute: str, key: str, loader: LoaderOf) -> Any:
    """A field with the ordered children of an entity, by its key.

    A record that a mutation has just stored carries them under `attribute`: they are those of its
    own revision, whatever other callers have stored since.
    """

    async def carried_or_loaded(parents: Sequence[Any], load: Load) -> Sequence[Any]:
        found = [getattr(parent, attribute) for parent in parents]
        keys = [
            getattr(parent, key) for parent, has in zip(parents, found, strict=True) if has is None
        ]
        if not keys:
            return found
        loaded = iter(await load(keys))
        return [next(loaded) if has is None else has for has in found]

    def rendered(found: Any, projection: JsonProjection, addresses: Addresses) -> Any:
        if isinstance(found, str):
            return as_rendered(found, projection, addresses)
        return as_encoded(objects(projection, found, carried), projection, addresses)

    return _loaded(
        {"description": description},
        loader,
        carried_or_loaded,
        rendered,
        lambda projection: Children(attribute, projection),
        # Records that carry their children have nothing of what these refer to.
        may_render=lambda projection: not refers(projection),
    )


def reference(
    description: str,
    *,
    key: str,
    entity_type: EntityType[Any, Any],
    by: str | None = None,
    loader: LoaderOf | None = None,
) -> Any:
    """A field with the entity that a key of this one refers to; null without a key, or when the
    entity isn't stored. The loader finds it by its own key, or by its attribute `by`. It requires
    the scope to read the entity's module.
    """

    async def referenced(parents: Sequence[Any], load: Load) -> Sequence[Any]:
        keys = [getattr(parent, key) for parent in parents]
        found = iter(await load([value for value in keys if value is not None]))
        return [None if value is None else next(found) for value in keys]

    return _loaded(
        for_scope(read_scope(entity_type.module), description),
        loader or (lambda loaders: loaders.of(entity_type).by_key),
        referenced,
        as_rendered,
        lambda projection: Reference(key, entity_type.name, by or entity_type.key_name, projection),
    )


def _loaded(
    declared: dict[str, Any],
    loader: LoaderOf,
    together: Callable[[Sequence[Any], Load], Awaitable[Sequence[Any]]],
    rendered: Callable[[Any, JsonProjection, Addresses], Any],
    part: Callable[[JsonProjection], Part],
    may_render: Callable[[JsonProjection], bool] = lambda _: True,
) -> Any:
    """A field whose values `together` loads for all parents of a level: as records, or as JSON,
    which `rendered` converts for the response, if it `may_render` them. In projections of parents
    it's this `part`. The field is `declared` by its description, and perhaps a rule.
    """

    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        [found] = await resolve_all([parent], info)
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        context: Context = info.context
        return await together(parents, loader(context.loaders).load_many)

    def render_of(projection: JsonProjection) -> Render:
        async def render(parents: Sequence[Any], context: Context) -> Sequence[Any]:
            load_json = loader(context.loaders).load_json
            found = await together(parents, lambda keys: load_json(keys, projection))
            return [rendered(each, projection, context.addresses) for each in found]

        return render

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        it = rendered_projection_of(selected)
        if it is None or not may_render(it.projection):
            return None
        return it.bind(render_of)

    def part_of(selected: SelectedField, builder: ProjectionBuilder) -> Part | None:
        assert selected.selected is not None
        below = builder.projection(selected.selected)
        return None if below is None else part(below)

    return strawberry.field(
        resolver=resolve,
        **declared,
        metadata=FieldResolution(
            resolve_batch=resolve_all, renderer=renderer, part_of=part_of
        ).metadata,
    )
