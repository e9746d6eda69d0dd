"""Bindings: how the engine gets the values of a field, in each way that it knows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import GraphQLField, GraphQLObjectType

from execution.arguments import Arguments

Resolver = Callable[..., Any]
"""Resolves a field of one object: `(parent, info, **arguments)`."""

BatchResolver = Callable[..., Awaitable[Sequence[Any]]]
"""Resolves a field of all objects of a level at once: `(parents, info, **arguments)`.

It returns values aligned with the parents. An exception among the values fails that place, and one
that it raises fails all of them. `info` is that of the first parent.
"""

Render = Callable[..., Awaitable[Sequence[Any]]]
"""Renders a field of all objects of a level at once: `(parents, context_value, **arguments)`.

It returns values aligned with the parents, and complete: JSON, null, or `Unrendered`.
"""


class Unrendered(NamedTuple):
    """A renderer returns this where it has only resolved the field: the engine completes it."""

    value: Any


ArgumentsOf = Callable[[Arguments], dict[str, Any]]
"""Returns the arguments of a field, as `Arguments.values` does for an operation's variables."""

Bind = Callable[[ArgumentsOf], Render | None]
"""Returns what renders the objects with the arguments of all fields below.

None where nothing can: the engine resolves the field then, as if it had no renderer.
"""


@dataclass(frozen=True, slots=True)
class Always:
    """A `Bind` for a selection without arguments: `render` is the same for all operations."""

    render: Render

    def __call__(self, _: ArgumentsOf) -> Render:
        return self.render


@dataclass(frozen=True, slots=True)
class FieldBinding:
    """How the engine gets the values of a field, in each way that it knows.

    The engine takes the first way that there is: the `renderer`, where the result is to be rendered
    and the renderer can render what is selected; `resolve_batch`; `attribute`; `resolve`; and else
    the resolver that the schema has for the field. A field that must run through that resolver,
    however it is selected, has `OWN_RESOLVER`.
    """

    renderer: "Renderer | None" = None
    """Renders the field's objects, with all that is selected below them, as JSON."""
    resolve_batch: BatchResolver | None = None
    """Resolves the field for all parents of a level at once."""
    attribute: str | None = None
    """The parent has the value under this name."""
    resolve: Resolver | None = None
    """Does the same as the schema's resolver, in its place."""
    member: object | None = None
    """Tells renderers of fields above how they render this one as a part of their own JSON.

    None: they can't, so the engine resolves the fields above level by level. The engine only passes
    it on, in `SelectedField`.
    """


OWN_RESOLVER: Final = FieldBinding()
"""The binding of a field that has no way but the resolver that the schema has for it."""


class SelectedField(NamedTuple):
    """A field that is selected of objects of a type, under a response key.

    `selected` is what is selected of the field's own objects; None of a leaf, and of what may be of
    several types. `arguments` are those of a field that takes any.
    """

    key: str
    type: GraphQLObjectType
    field: GraphQLField
    selected: "tuple[SelectedField, ...] | None" = None
    arguments: Arguments | None = None
    binding: FieldBinding = OWN_RESOLVER


Renderer = Callable[[Sequence[SelectedField]], Bind | None]
"""Returns what can render the objects of a field of which this is selected. None: nothing can."""
