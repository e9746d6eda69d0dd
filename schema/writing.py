"""Objects that repositories write as JSON: what is selected of fields, as selections."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from graphql import (
    GraphQLField,
    TypeNameMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from execution import Selected
from repositories.selections import Constant, Held, JsonTexts, Part, Selection, Value

WRITER: Final = "writer"
"""The key in a field's metadata under which its writer is."""

PART: Final = "part"
"""The key in a field's metadata under which it says which part it is of a selection."""

MOST_MEMBERS: Final = 200
"""Of all objects within one together: databases have limits, and so has their patience."""

MOST_LEVELS: Final = 6
"""Of objects within one another: SQLite's parser has room for a few more."""

MOST_REPEATED: Final = 4
"""Of one attribute in an object: of records it's read once, however many aliases it has, but SQL
would put it together anew for each, and SQLite keeps all that it puts together on the way.
"""

PartOf = Callable[[Selected, Selection | None], Part]
"""Of a field that is selected, and what is selected of its objects."""


def selection_of(selected: Sequence[Selected]) -> Selection | None:
    """The same for repositories; None where these can't write all of it."""
    selection = _selection_of(selected)
    if selection is None or selection.size > MOST_MEMBERS or selection.levels > MOST_LEVELS:
        return None
    return selection


def as_written(text: str | None) -> JsonTexts | None:
    """What `schema.encoding` writes as it is."""
    return None if text is None else JsonTexts((text,), is_list=False)


def declaration(field: GraphQLField) -> StrawberryField | None:
    """The field as it's declared here; None for those of introspection."""
    declared: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return declared


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute that the field is read from: fields without a resolver are such."""
    declared = declaration(field)
    return declared.python_name if declared is not None and declared.is_basic_field else None


def metadata_of(field: GraphQLField, key: str) -> Any:
    """What the field is declared with under the key, if anything."""
    declared = declaration(field)
    return None if declared is None else declared.metadata.get(key)


def _selection_of(selected: Sequence[Selected]) -> Selection | None:
    members: list[tuple[str, Part]] = []
    for each in selected:
        below = None if each.selected is None else _selection_of(each.selected)
        is_leaf = is_leaf_type(get_named_type(each.field.type))
        part = _part_of(each, below) if is_leaf or below is not None else None
        if part is None:
            return None
        members.append((each.key, part))
    values = Counter(part for _, part in members if isinstance(part, Value))
    if max(values.values(), default=0) > MOST_REPEATED:
        return None
    return Selection(tuple(members))


def _part_of(selected: Selected, below: Selection | None) -> Part | None:
    field = selected.field
    if field is TypeNameMetaFieldDef:
        return Constant(selected.type.name)
    attribute = attribute_of(field)
    if attribute is None:
        part_of: PartOf | None = metadata_of(field, PART)
        return None if part_of is None else part_of(selected, below)
    if below is None:
        return Value(attribute)
    return Held(attribute, below, is_many=is_list_type(get_nullable_type(field.type)))
