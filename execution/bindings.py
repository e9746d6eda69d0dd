"""Bindings: the ways in which the engine gets the values of a field."""

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
    """A resolved value that a renderer returns for the engine to complete."""

    value: Any


ArgumentsOf = Callable[[Arguments], dict[str, Any]]
"""Returns the arguments of a field, as `Arguments.values` does for an operation's variables."""

Bind = Callable[[ArgumentsOf], Render | None]
"""Returns the function that renders the objects, with the arguments of all fields below.

It returns None where nothing can render them: the engine then resolves the field, as if it had no
renderer.
"""


@dataclass(frozen=True, slots=True)
class ConstantBind:
    """A `Bind` of a selection without arguments: it returns one `render` for all operations."""

    render: Render

    def __call__(self, _: ArgumentsOf) -> Render:
        return self.render


@dataclass(frozen=True, slots=True)
class FieldBinding:
    """The ways in which the engine may get the values of a field.

    The engine takes the first that applies: the `renderer`, if the execution uses renderers and
    this one can render the selected fields; `resolve_batch`; `attribute`; `resolve`; and else the
    schema's resolver of the field. A field that must always run through the schema's resolver has
    `OWN_RESOLVER`.
    """

    renderer: "Renderer | None" = None
    """Renders the field's objects, with all that is selected below them, as JSON."""
    resolve_batch: BatchResolver | None = None
    """Resolves the field for all parents of a level at once."""
    attribute: str | None = None
    """The parent's attribute that has the value."""
    resolve: Resolver | None = None
    """Replaces the schema's resolver, with the same results."""
    is_restricted: bool = False
    """Whether the schema's own resolver refuses the field to some callers.

    For those who may be refused something, the engine resolves the field by that resolver alone.
    """
    member: object | None = None
    """Tells renderers of fields above how to render this field as a part of their own JSON.

    With None they can't, so the engine resolves the fields above level by level. The engine only
    passes it on, in `SelectedField`.
    """


OWN_RESOLVER: Final = FieldBinding()
"""The binding of a field whose values come from the schema's resolver alone."""


class SelectedField(NamedTuple):
    """A field that is selected of objects of a type, under a response key.

    `selected` are the fields that are selected of the field's own objects; None for leaves and
    abstract types. `arguments` are None for a field that takes no arguments.
    """

    key: str
    type: GraphQLObjectType
    field: GraphQLField
    selected: "tuple[SelectedField, ...] | None" = None
    arguments: Arguments | None = None
    binding: FieldBinding = OWN_RESOLVER


Renderer = Callable[[Sequence[SelectedField]], Bind | None]
"""Returns the `Bind` for objects of which these fields are selected; None if it can't render them.
"""
