"""Makes selections of selected fields: repositories render them as JSON."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    TypeNameMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from execution import Always, Render, SelectedField
from repositories.criteria import PageRequest
from repositories.projections import Attribute, Constant, Embedded, JsonProjection, JsonTexts, Part
from schema.cursors import with_cursors

MAX_MEMBERS: Final = 400
"""Of all objects within one together: databases have limits, and so has their patience."""

MAX_DEPTH: Final = 51
"""Of queries within one another, by their weights: SQLite's parser has room for a few more."""

MAX_REPEATED: Final = 4
"""Of one attribute in an object: of records it's read once, however many aliases it has, but SQL
would put it together anew for each, and SQLite keeps all that it puts together on the way.
"""

ArgumentsOf = Callable[[SelectedField], dict[str, Any]]
"""Gives the arguments of a field that is selected, as its resolver gets them."""

BindConverted = Always | Callable[[ArgumentsOf], Render | None]
"""The engine's `Bind`, with arguments as resolvers get them."""

RequestOf = Callable[..., PageRequest]
"""The page that the arguments of a field ask for. Raises what is wrong with them."""


class PageWithin:
    """A page within a selection. Its request is made once where no variable changes it."""

    def __init__(self, selected: SelectedField, request_of: RequestOf) -> None:
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
class Rendered:
    """A selection of objects that repositories render, with the pages within it."""

    selection: JsonProjection
    pages: tuple[PageWithin, ...]

    def bound(self, arguments_of: ArgumentsOf) -> JsonProjection | None:
        """The whole selection; None where arguments are wrong: their resolver reports it."""
        if not self.pages:
            return self.selection
        try:
            return self.selection.of_pages(tuple(page.request(arguments_of) for page in self.pages))
        except Exception:  # noqa: BLE001
            return None

    def bind(self, render_of: Callable[[JsonProjection], Render]) -> BindConverted:
        """Binds the arguments of pages within; `render_of` returns what renders a selection."""
        if not self.pages:
            return Always(render_of(self.selection))

        def bind(arguments_of: ArgumentsOf) -> Render | None:
            selection = self.bound(arguments_of)
            return None if selection is None else render_of(selection)

        return bind


class Selecting:
    """Makes selections of what is selected of fields, and gathers the pages within."""

    def __init__(self, first_page: int = 0) -> None:
        """`first_page` is the number of the first page within."""
        self.pages: list[PageWithin] = []
        self._first_page = first_page

    def selection(self, selected: Sequence[SelectedField]) -> JsonProjection | None:
        """None where repositories can't render all of it."""
        members: list[tuple[str, Part]] = []
        for each in selected:
            part = self._part(each)
            if part is None:
                return None
            members.append((each.key, part))
        values = Counter(part for _, part in members if isinstance(part, Attribute))
        if max(values.values(), default=0) > MAX_REPEATED:
            return None
        return JsonProjection(tuple(members))

    def page(self, selected: SelectedField, request_of: RequestOf) -> int:
        """The number of a page."""
        self.pages.append(PageWithin(selected, request_of))
        return self._first_page + len(self.pages) - 1

    def rendered(self, selection: JsonProjection | None) -> Rendered | None:
        """The selection with the pages that were gathered; None where it's too much."""
        if selection is None or selection.size > MAX_MEMBERS or selection.depth > MAX_DEPTH:
            return None
        return Rendered(selection, tuple(self.pages))

    def _part(self, selected: SelectedField) -> Part | None:
        if selected.field is TypeNameMetaFieldDef:
            return Constant(selected.type.name)
        member = member_of(selected)
        if member is None or member.part_of is None:
            return None
        return member.part_of(selected, self)


PartOf = Callable[[SelectedField, Selecting], Part | None]
"""Returns the part of a selected field; None where it can't be rendered as one."""


class Member(NamedTuple):
    """A field as the renderers of fields above it know it."""

    name: str
    """Its name in Python."""
    part_of: PartOf | None


def member_of(selected: SelectedField) -> Member | None:
    """None where no field above may render it: it has to be resolved, or it's `__typename`."""
    member = selected.binding.member
    return member if isinstance(member, Member) else None


def attribute_part(attribute: str, selected: SelectedField, selecting: Selecting) -> Part | None:
    """The part of a field that is read from an attribute."""
    field = selected.field
    if is_leaf_type(get_named_type(field.type)):
        return Attribute(attribute)
    below = None if selected.selected is None else selecting.selection(selected.selected)
    if below is None:
        return None
    return Embedded(attribute, below, is_many=is_list_type(get_nullable_type(field.type)))


def rendered_of(selected: Sequence[SelectedField]) -> Rendered | None:
    """The selection of these fields; None where repositories can't render all of it."""
    selecting = Selecting()
    return selecting.rendered(selecting.selection(selected))


def as_rendered(text: str | None, selection: JsonProjection) -> JsonTexts | None:
    """The text that a repository rendered, as `schema.encoding` encodes it."""
    if text is None:
        return None
    return JsonTexts((with_cursors(text) if selection.has_places else text,), is_list=False)
