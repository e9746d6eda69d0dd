"""Fields as they are declared here: Strawberry's fields, with the ways to resolve them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution import BatchResolver, SelectedField
from schema.rendering import BindConverted, PartOf

_WAYS: Final = "ways"
"""The key in a field's metadata under which its ways are."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to resolve a field that its declaration adds to its resolver.

    They are declared by `metadata`; `schema/bindings.py` decides which of them the engine may take.
    """

    resolve_batch: BatchResolver | None = None
    """Resolves the field for all parents of a level at once."""
    renderer: Callable[[Sequence[SelectedField]], BindConverted | None] | None = None
    """Renders the field's objects as JSON, with arguments as its resolver gets them."""
    part_of: PartOf | None = None
    """The part that the field is of the JSON of its parent."""

    @property
    def metadata(self) -> dict[str, "Ways"]:
        """The metadata of a Strawberry field that has these ways."""
        return {_WAYS: self}


_NO_WAYS: Final = Ways()


def declaration(field: GraphQLField) -> StrawberryField | None:
    """The field as it's declared here; None for those of introspection."""
    declared: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared


def ways_of(declared: StrawberryField) -> Ways:
    """The ways that the field is declared with."""
    ways: Ways = declared.metadata.get(_WAYS, _NO_WAYS)
    return ways


def is_extended(declared: StrawberryField) -> bool:
    """Whether Strawberry does more for the field than to call its resolver or read an attribute.

    That is so with extensions, such as permissions, and with fields of a class of their own.
    """
    return bool(declared.extensions) or type(declared) is not StrawberryField
