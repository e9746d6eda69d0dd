"""Declarations of fields: Strawberry's fields, with further ways to resolve them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution import BatchResolver, SelectedField
from schema.rendering import BindConverted, PartOf

_RESOLUTION: Final = "resolution"
"""The key of a field's `FieldResolution` in its metadata."""


@dataclass(frozen=True, slots=True)
class FieldResolution:
    """The ways to resolve a field beside its resolver.

    A field declares them in its `metadata`; `schema/bindings.py` decides which the engine may use.
    """

    resolve_batch: BatchResolver | None = None
    """Resolves the field for all parents of a level at once."""
    renderer: Callable[[Sequence[SelectedField]], BindConverted | None] | None = None
    """Renders the field's objects as JSON; it gets arguments as the resolver does."""
    part_of: PartOf | None = None
    """Returns the field's part of the JSON of its parent."""
    attributes: tuple[str, ...] = ()
    """The attributes of the record that the resolver looks at, but for keys and that of the
    field's own name."""
    attributes_of_others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those of other records that it reads, by the names of their types."""

    @property
    def metadata(self) -> dict[str, "FieldResolution"]:
        """The metadata of a Strawberry field that declares this."""
        return {_RESOLUTION: self}


_DEFAULT: Final = FieldResolution()


def declaration(field: GraphQLField) -> StrawberryField | None:
    """Strawberry's declaration of the field; None for introspection fields."""
    declared: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared


def resolution_of(declared: StrawberryField) -> FieldResolution:
    """The resolution that the field declares."""
    resolution: FieldResolution = declared.metadata.get(_RESOLUTION, _DEFAULT)
    return resolution


def is_extended(declared: StrawberryField) -> bool:
    """Whether Strawberry does more for the field than call its resolver or read an attribute.

    It does for fields with extensions, such as permissions, and for subclasses of its field.
    """
    return bool(declared.extensions) or type(declared) is not StrawberryField
