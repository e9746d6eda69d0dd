"""Fields that look an entity up."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

import strawberry

from execution import Selected, Write
from repositories.selections import Selection
from resolvers.dataloaders import Loader
from schema.context import Context, Info
from schema.writing import WRITER, Binding, as_written, written_of

Found = tuple[Loader[Any, Any], Any]
"""Where an entity is loaded, and by which key."""


def lookup(find: Callable[..., Found], description: str) -> Any:
    """A field with the entity that `find` names; null when it isn't stored.

    `find` takes the loaders of the operation, and the arguments of the field.
    """

    @wraps(find)
    async def resolve(info: Info, **arguments: Any) -> Any:
        loader, key = find(info.context.loaders, **arguments)
        return await loader.load(key)

    def write_of(selection: Selection) -> Write:
        async def write(_: Sequence[Any], context: Context, **arguments: Any) -> Sequence[Any]:
            loader, key = find(context.loaders, **arguments)
            [found] = await loader.load_json([key], selection)
            return [as_written(found, selection)]

        return write

    def writer(selected: Sequence[Selected]) -> Binding | None:
        it = written_of(selected)
        return None if it is None else it.binding(write_of)

    # Clients give the arguments that `find` takes after the loaders.
    _, *given = signature(find).parameters.values()
    info = Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    resolve.__annotations__["return"] = Any
    resolve.__dict__["__signature__"] = Signature([info, *given], return_annotation=Any)
    return strawberry.field(resolver=resolve, description=description, metadata={WRITER: writer})
