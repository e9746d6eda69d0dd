"""Connections whose entities repositories render as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import TypeNameMetaFieldDef

from execution import SelectedField
from repositories.contract import EntityReads, JsonPage
from repositories.criteria import Page, PageRequest
from repositories.json_encoding import JsonTexts
from repositories.projections import (
    Constant,
    Fact,
    Facts,
    Items,
    Itself,
    JsonProjection,
    PagedMember,
    Part,
    Place,
)
from schema.addresses import Addresses
from schema.rendering import (
    MAX_MEMBERS,
    ArgumentsOf,
    ProjectionBuilder,
    RenderedProjection,
    as_rendered,
    filled_in,
    member_of,
    rendered_projection_of,
)

Item = tuple[Any, ...]
"""The texts of an entity, one for each projection; perhaps followed by its position: value, key."""


class Finishing(NamedTuple):
    """What makes cursors and addresses."""

    encode_place: Callable[[Any, str], str]
    addresses: Addresses


_CURSORS: Final = {"cursor", "start_cursor", "end_cursor"}
_MORE: Final = {"has_next_page", "has_previous_page"}
_ONLY_COUNTED: Final = {"total_count"}
_NOTHING: Final[Page[Any]] = Page((), False, False)


@dataclass(frozen=True, slots=True)
class _Read:
    """The page, and the total, that were read for a connection."""

    page: Page[Item]
    total: int | None
    projections: Sequence[JsonProjection]
    finishing: Finishing

    def cursor(self, item: Item) -> str:
        return self.finishing.encode_place(*item[-2:])

    def node(self, place: int, item: Item) -> JsonTexts | None:
        return as_rendered(item[place], self.projections[place], self.finishing.addresses)

    def nodes(self, place: int) -> JsonTexts:
        texts, projection = [item[place] for item in self.page.items], self.projections[place]
        if projection.has_places or projection.has_addresses:
            addresses = self.finishing.addresses
            texts = [filled_in(text, projection, addresses) for text in texts]
        return JsonTexts(texts)


Make = Callable[[_Read], Any]
MakeOfItem = Callable[[_Read, Item], Any]


@dataclass(frozen=True, slots=True)
class RenderedConnection:
    """The projections to read for a connection, and the functions that make its members.

    `names` are those of the fields that are selected of it, its edges and its page info.
    """

    members: tuple[tuple[str, Make], ...]
    rendered: tuple[RenderedProjection, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, selected: Sequence[SelectedField]) -> "RenderedConnection | None":
        """The rendered connection; None if repositories can't render all of the selection."""
        builder = _Builder()
        members = tuple((each.key, builder.member(each)) for each in selected)
        sizes = (each.projection.size for each in builder.rendered)
        if builder.is_unrenderable or sum(sizes) > MAX_MEMBERS:
            return None
        return cls(members, tuple(builder.rendered), frozenset(builder.names))

    def bound(self, arguments_of: ArgumentsOf) -> tuple[JsonProjection, ...] | None:
        """The projections with their page requests; None if their arguments are invalid."""
        bound = [each.bound(arguments_of) for each in self.rendered]
        return None if None in bound else tuple(each for each in bound if each is not None)

    async def read(
        self,
        reads: EntityReads[Any],
        request: PageRequest,
        projections: Sequence[JsonProjection],
        finishing: Finishing,
    ) -> dict[str, Any]:
        """The connection, by a single call of the repository."""
        page, total = await self._read(reads, request, projections)
        read = _Read(page, total, projections, finishing)
        return {key: make(read) for key, make in self.members}

    async def _read(
        self, reads: EntityReads[Any], request: PageRequest, projections: Sequence[JsonProjection]
    ) -> JsonPage:
        if not self.names:
            return JsonPage(_NOTHING, None)
        if self.names == _ONLY_COUNTED:
            return JsonPage(_NOTHING, await reads.count(request.filter))
        return await reads.json_page(
            request,
            projections,
            with_places=not projections or not self.names.isdisjoint(_CURSORS),
            with_total="total_count" in self.names,
            with_more=not self.names.isdisjoint(_MORE),
        )


class _Builder:
    """Collects the members, projections and field names of a connection's selection."""

    def __init__(self) -> None:
        self.rendered: list[RenderedProjection] = []
        self.names: set[str] = set()
        self.is_unrenderable = False

    def member(self, selected: SelectedField) -> Make:
        match self._name(selected):
            case "nodes":
                place = self._place(selected)
                return lambda read: read.nodes(place)
            case "edges":
                edge = self._members(selected, self._of_edge)
                return lambda read: [
                    {key: make(read, item) for key, make in edge} for item in read.page.items
                ]
            case "page_info":
                info = self._members(selected, self._of_page_info)
                return lambda read: {key: make(read) for key, make in info}
            case "total_count":
                return lambda read: read.total
        return self._other(selected)

    def _of_edge(self, selected: SelectedField) -> MakeOfItem:
        match self._name(selected):
            case "cursor":
                return _Read.cursor
            case "node":
                place = self._place(selected)
                return lambda read, item: read.node(place, item)
        other = self._other(selected)
        return lambda read, _: other(read)

    def _of_page_info(self, selected: SelectedField) -> Make:
        match self._name(selected):
            case "has_next_page":
                return lambda read: read.page.has_next
            case "has_previous_page":
                return lambda read: read.page.has_previous
            case "start_cursor":
                return lambda read: read.cursor(read.page.items[0]) if read.page.items else None
            case "end_cursor":
                return lambda read: read.cursor(read.page.items[-1]) if read.page.items else None
        return self._other(selected)

    def _other(self, selected: SelectedField) -> Make:
        if selected.field is not TypeNameMetaFieldDef:
            # The field has to be resolved, as with an extension, and so has the whole connection.
            self.is_unrenderable = True
        name = selected.type.name
        return lambda _: name

    def _members(self, selected: SelectedField, member: Callable[[SelectedField], Any]) -> Any:
        assert selected.selected is not None
        return [(each.key, member(each)) for each in selected.selected]

    def _name(self, selected: SelectedField) -> str | None:
        member = member_of(selected)
        if member is None:
            return None
        self.names.add(member.name)
        return member.name

    def _place(self, selected: SelectedField) -> int:
        """The index of the selection's projection."""
        assert selected.selected is not None
        rendered = rendered_projection_of(selected.selected)
        if rendered is None:
            self.is_unrenderable = True
            return 0
        # Equal selections with arguments within may have different ones.
        if rendered.has_arguments or rendered not in self.rendered:
            self.rendered.append(rendered)
            return len(self.rendered) - 1
        return self.rendered.index(rendered)


def paged_members(
    selected: Sequence[SelectedField], builder: ProjectionBuilder
) -> tuple[tuple[str, PagedMember], ...] | None:
    """The fields that are selected of a nested connection, as the parts of a page."""
    members: list[tuple[str, PagedMember]] = []
    for each in selected:
        member = _paged_member(each, builder)
        if member is None:
            return None
        members.append((each.key, member))
    return tuple(members)


def _paged_member(selected: SelectedField, builder: ProjectionBuilder) -> PagedMember | None:
    if selected.field is TypeNameMetaFieldDef:
        return Constant(selected.type.name)
    below = selected.selected or ()
    match _name_of(selected):
        case "nodes":
            nodes = builder.projection(below)
            return None if nodes is None else Items(nodes)
        case "edges":
            edge = [(each.key, _part_of_edge(each, builder)) for each in below]
            parts = tuple((key, part) for key, part in edge if part is not None)
            return Items(JsonProjection(parts)) if len(parts) == len(edge) else None
        case "page_info":
            info = [(each.key, _fact(each)) for each in below]
            facts = tuple((key, fact) for key, fact in info if fact is not None)
            return Facts(facts) if len(facts) == len(info) else None
        case "total_count":
            return Fact.TOTAL
    return None


def _part_of_edge(selected: SelectedField, builder: ProjectionBuilder) -> Part | None:
    if selected.field is TypeNameMetaFieldDef:
        return Constant(selected.type.name)
    match _name_of(selected):
        case "cursor":
            return Place.OWN
        case "node":
            node = builder.projection(selected.selected or ())
            return None if node is None else Itself(node)
    return None


def _fact(selected: SelectedField) -> Fact | Constant | None:
    if selected.field is TypeNameMetaFieldDef:
        return Constant(selected.type.name)
    return _FACTS.get(_name_of(selected))


def _name_of(selected: SelectedField) -> str | None:
    """The name of the field; None if no field above may render it."""
    member = member_of(selected)
    return None if member is None else member.name


_FACTS: Final[Mapping[str | None, Fact]] = {
    "has_next_page": Fact.HAS_NEXT,
    "has_previous_page": Fact.HAS_PREVIOUS,
    "start_cursor": Fact.START,
    "end_cursor": Fact.END,
}
