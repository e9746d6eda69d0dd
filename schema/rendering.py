"""Builds projections of selected fields, which repositories render as JSON."""

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

from execution import ConstantBind, Render, SelectedField
from repositories.criteria import PageRequest
from repositories.json_encoding import JsonTexts, encode_json
from repositories.projections import Attribute, Constant, Embedded, JsonProjection, Part
from schema.addresses import Addresses, Terms
from schema.cursors import with_cursors

MAX_MEMBERS: Final = 400
"""The most members of a projection, of all nested objects together: databases have limits, and
larger statements take long to plan."""

MAX_DEPTH: Final = 51
"""The greatest depth of nested queries, by weight: SQLite's parser allows only a few more."""

MAX_REPEATED: Final = 4
"""How many aliases of one attribute an object may have: SQL renders the attribute once for each
alias, and SQLite keeps all intermediate texts in memory.
"""

ArgumentsOf = Callable[[SelectedField], dict[str, Any]]
"""Returns the arguments of a selected field, as its resolver gets them."""

BindConverted = ConstantBind | Callable[[ArgumentsOf], Render | None]
"""The engine's `Bind`, with arguments as resolvers get them."""

RequestOf = Callable[..., PageRequest]
"""Returns the page request of a field's arguments. Raises BadUserInput if they are invalid."""


class PageWithin:
    """A page within a projection. Its request is made once if no variable changes it."""

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


TermsOf = Callable[..., Terms]
"""Returns the terms of an address, of a field's arguments. Raises BadUserInput if they are invalid.
"""


class TermsWithin(NamedTuple):
    """The terms of an address within a projection."""

    selected: SelectedField
    terms_of: TermsOf

    def terms(self, arguments_of: ArgumentsOf) -> Terms:
        return self.terms_of(**arguments_of(self.selected))


@dataclass(frozen=True, slots=True)
class RenderedProjection:
    """A projection that repositories can render, with pages and terms of addresses within it."""

    projection: JsonProjection
    pages: tuple[PageWithin, ...]
    terms: tuple[TermsWithin, ...] = ()

    @property
    def has_arguments(self) -> bool:
        """Whether what is rendered depends on the arguments of fields within it."""
        return bool(self.pages or self.terms)

    def bound(self, arguments_of: ArgumentsOf) -> JsonProjection | None:
        """The projection with its page requests, and terms of addresses; None if their
        arguments are invalid."""
        if not self.has_arguments:
            return self.projection
        try:
            return self.projection.of_pages(
                tuple(page.request(arguments_of) for page in self.pages),
                tuple(each.terms(arguments_of) for each in self.terms),
            )
        except Exception:  # noqa: BLE001
            return None

    def bind(self, render_of: Callable[[JsonProjection], Render]) -> BindConverted:
        """Binds the arguments of fields within; `render_of` gives the renderer of a projection."""
        if not self.has_arguments:
            return ConstantBind(render_of(self.projection))

        def bind(arguments_of: ArgumentsOf) -> Render | None:
            projection = self.bound(arguments_of)
            return None if projection is None else render_of(projection)

        return bind


class ProjectionBuilder:
    """Builds projections of selected fields, and gathers the pages and terms within them."""

    def __init__(self, first_page: int = 0) -> None:
        """`first_page` is the number of the first page."""
        self.pages: list[PageWithin] = []
        self.terms: list[TermsWithin] = []
        self._first_page = first_page

    def projection(self, selected: Sequence[SelectedField]) -> JsonProjection | None:
        """The projection of the fields; None if repositories can't render all of them."""
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
        """Adds a page, and returns its number."""
        self.pages.append(PageWithin(selected, request_of))
        return self._first_page + len(self.pages) - 1

    def address(self, selected: SelectedField, terms_of: TermsOf) -> int:
        """Adds the terms of an address, and returns their number."""
        self.terms.append(TermsWithin(selected, terms_of))
        return len(self.terms) - 1

    def rendered(self, projection: JsonProjection | None) -> RenderedProjection | None:
        """The projection with what was gathered; None if it's too large."""
        if projection is None or projection.size > MAX_MEMBERS or projection.depth > MAX_DEPTH:
            return None
        return RenderedProjection(projection, tuple(self.pages), tuple(self.terms))

    def _part(self, selected: SelectedField) -> Part | None:
        if selected.field is TypeNameMetaFieldDef:
            return Constant(selected.type.name)
        member = member_of(selected)
        if member is None or member.part_of is None:
            return None
        return member.part_of(selected, self)


PartOf = Callable[[SelectedField, ProjectionBuilder], Part | None]
"""Returns the part of a selected field; None if it can't be rendered as one."""


class Member(NamedTuple):
    """A field, for the renderers of the fields above it."""

    name: str
    """The field's name in Python."""
    part_of: PartOf | None


def member_of(selected: SelectedField) -> Member | None:
    """The field's member; None if it has to be resolved, or is `__typename`."""
    member = selected.binding.member
    return member if isinstance(member, Member) else None


def attribute_part(
    attribute: str, selected: SelectedField, builder: ProjectionBuilder
) -> Part | None:
    """The part of a field whose value is an attribute."""
    field = selected.field
    if is_leaf_type(get_named_type(field.type)):
        return Attribute(attribute)
    below = None if selected.selected is None else builder.projection(selected.selected)
    if below is None:
        return None
    return Embedded(attribute, below, is_many=is_list_type(get_nullable_type(field.type)))


def rendered_projection_of(selected: Sequence[SelectedField]) -> RenderedProjection | None:
    """The projection of these fields; None if repositories can't render all of them."""
    builder = ProjectionBuilder()
    return builder.rendered(builder.projection(selected))


def filled_in(text: str, projection: JsonProjection, addresses: Addresses) -> str:
    """The text that a repository rendered, with its cursors and addresses."""
    if projection.has_places:
        text = with_cursors(text)
    return addresses.filled_in(text, projection) if projection.has_addresses else text


def as_rendered(
    text: str | None, projection: JsonProjection, addresses: Addresses
) -> JsonTexts | None:
    """The text that a repository rendered, for `schema.encoding`."""
    if text is None:
        return None
    return JsonTexts((filled_in(text, projection, addresses),), is_list=False)


def as_encoded(objects: Any, projection: JsonProjection, addresses: Addresses) -> Any:
    """The objects that were made of records, for `schema.encoding`."""
    if not projection.has_addresses:
        return objects
    return as_rendered(encode_json(objects).decode(), projection, addresses)
