"""Fields that look an entity up."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

import strawberry

from domain.scopes import Scope
from execution import Render, SelectedField
from repositories.projections import JsonProjection
from resolvers.dataloaders import DataLoader, Loader
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.rendering import BindConverted, as_rendered, rendered_projection_of
from schema.scopes import for_scope

Found = tuple[Loader[Any, Any], Any]
"""The loader of an entity, and its key."""
FoundRecord = tuple[DataLoader[Any, Any], Any]
"""The loader of a record that is no entity, and its key."""


def lookup(
    find: Callable[..., Found], description: str, scope: Scope, name: str | None = None
) -> Any:
    """A field with the entity that `find` names; null when it isn't stored. It requires the scope.

    `find` takes the loaders of the operation, and the arguments of the field. A name that Python
    keeps for itself is given.
    """

    def render_of(projection: JsonProjection) -> Render:
        async def render(_: Sequence[Any], context: Context, **arguments: Any) -> Sequence[Any]:
            loader, key = find(context.loaders, **arguments)
            [found] = await loader.load_json([key], projection)
            return [as_rendered(found, projection, context.addresses)]

        return render

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        it = rendered_projection_of(selected)
        return None if it is None else it.bind(render_of)

    return _field(find, description, scope, FieldResolution(renderer=renderer), name)


def record_lookup(find: Callable[..., FoundRecord], description: str, scope: Scope) -> Any:
    """The same for a record that is no entity, and so isn't rendered as JSON."""
    return _field(find, description, scope, FieldResolution())


def _field(
    find: Callable[..., Found | FoundRecord],
    description: str,
    scope: Scope,
    resolution: FieldResolution,
    name: str | None = None,
) -> Any:
    @wraps(find)
    async def resolve(info: Info, **arguments: Any) -> Any:
        loader, key = find(info.context.loaders, **arguments)
        return await loader.load(key)

    # Clients give the arguments that `find` takes after the loaders.
    _, *given = signature(find).parameters.values()
    info = Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    resolve.__annotations__["return"] = Any
    resolve.__dict__["__signature__"] = Signature([info, *given], return_annotation=Any)
    return strawberry.field(
        name=name,
        resolver=resolve,
        **for_scope(scope, description),
        metadata=resolution.metadata,
    )
