"""Objects that repositories write as JSON: what is selected of fields, as selections."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

from execution import Always, Selected, Write
from repositories.criteria import PageRequest
from repositories.selections import Constant, Held, JsonTexts, Part, Selection, Value
from schema.cursors import with_cursors

WRITER: Final = "writer"
"""The key in a field's metadata under which its writer is."""

BATCH: Final = "batch"
"""The key in a field's metadata under which its batch resolver is."""

PART: Final = "part"
"""The key in a field's metadata under which it says which part it is of a selection."""

MOST_MEMBERS: Final = 400
"""Of all objects within one together: databases have limits, and so has their patience."""

MOST_DEPTH: Final = 51
"""Of queries within one another, by their weights: SQLite's parser has room for a few more."""

MOST_REPEATED: Final = 4
"""Of one attribute in an object: of records it's read once, however many aliases it has, but SQL
would put it together anew for each, and SQLite keeps all that it puts together on the way.
"""

ArgumentsOf = Callable[[Selected], dict[str, Any]]
"""Gives the arguments of a field that is selected, as its resolver gets them."""

Binding = Always | Callable[[ArgumentsOf], Write | None]
"""As the executor's `Bind`, with the arguments that resolvers get."""

RequestOf = Callable[..., PageRequest]
"""The page that the arguments of a field ask for. Raises what is wrong with them."""


class PageWithin:
    """A page that is selected within what is written; its request is made once where it can be."""

    def __init__(self, selected: Selected, request_of: RequestOf) -> None:
        self._selected = selected
        self._request_of = request_of
        self._request: PageRequest | None = None
        assert selected.arguments is not None
        self._is_constant = selected.arguments.are_constant

    def request(self, arguments_of: ArgumentsOf) -> PageRequest:
        if self._request is not None:
            return self._request
        request = self._request_of(**arguments_of(self._selected))
        if self._is_constant:
            self._request = request
        return request


@dataclass(frozen=True, slots=True)
class Written:
    """What is selected of objects that repositories write, with the pages within it."""

    selection: Selection
    pages: tuple[PageWithin, ...]

    def bound(self, arguments_of: ArgumentsOf) -> Selection | None:
        """The whole selection; None where arguments are wrong, which their resolver will tell."""
        if not self.pages:
            return self.selection
        try:
            return self.selection.of_pages(tuple(page.request(arguments_of) for page in self.pages))
        except Exception:  # noqa: BLE001
            return None

    def binding(self, write_of: Callable[[Selection], Write]) -> Binding:
        """What writes the selection, by what `write_of` has for it."""
        if not self.pages:
            return Always(write_of(self.selection))

        def bind(arguments_of: ArgumentsOf) -> Write | None:
            selection = self.bound(arguments_of)
            return None if selection is None else write_of(selection)

        return bind


class Selecting:
    """Makes selections of what is selected of fields, and gathers the pages within."""

    def __init__(self, first_page: int = 0) -> None:
        """`first_page` is the number of the first page within."""
        self.pages: list[PageWithin] = []
        self._first_page = first_page

    def selection(self, selected: Sequence[Selected]) -> Selection | None:
        """None where repositories can't write all of it."""
        members: list[tuple[str, Part]] = []
        for each in selected:
            part = self._part(each)
            if part is None:
                return None
            members.append((each.key, part))
        values = Counter(part for _, part in members if isinstance(part, Value))
        if max(values.values(), default=0) > MOST_REPEATED:
            return None
        return Selection(tuple(members))

    def page(self, selected: Selected, request_of: RequestOf) -> int:
        """The number of a page."""
        self.pages.append(PageWithin(selected, request_of))
        return self._first_page + len(self.pages) - 1

    def written(self, selection: Selection | None) -> Written | None:
        """The selection with the pages that were gathered; None where it's too much."""
        if selection is None or selection.size > MOST_MEMBERS or selection.depth > MOST_DEPTH:
            return None
        return Written(selection, tuple(self.pages))

    def _part(self, selected: Selected) -> Part | None:
        field = selected.field
        if field is TypeNameMetaFieldDef:
            return Constant(selected.type.name)
        attribute = attribute_of(field)
        if attribute is None:
            part_of: PartOf | None = metadata_of(field, PART)
            return None if part_of is None else part_of(selected, self)
        if is_leaf_type(get_named_type(field.type)):
            return Value(attribute)
        below = None if selected.selected is None else self.selection(selected.selected)
        if below is None:
            return None
        return Held(attribute, below, is_many=is_list_type(get_nullable_type(field.type)))


PartOf = Callable[[Selected, Selecting], Part | None]
"""Of a field that is selected; None where it can't be one."""


def written_of(selected: Sequence[Selected]) -> Written | None:
    """What is selected of objects, for repositories; None where these can't write all of it."""
    selecting = Selecting()
    return selecting.written(selecting.selection(selected))


def as_written(text: str | None, selection: Selection) -> JsonTexts | None:
    """What `schema.encoding` writes as it is, of what a repository wrote."""
    if text is None:
        return None
    return JsonTexts((with_cursors(text) if selection.has_places else text,), is_list=False)


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
