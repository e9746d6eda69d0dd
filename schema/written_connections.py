"""Connections whose entities repositories write as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import TypeNameMetaFieldDef

from execution import Selected
from repositories.contract import EntityReads, JsonPage
from repositories.criteria import Page, PageRequest
from repositories.selections import (
    Constant,
    Fact,
    Facts,
    Items,
    Itself,
    JsonTexts,
    PagedMember,
    Part,
    Place,
    Selection,
)
from schema.cursors import with_cursors
from schema.writing import (
    MOST_MEMBERS,
    ArgumentsOf,
    Selecting,
    Written,
    as_written,
    declaration,
    written_of,
)

Item = tuple[Any, ...]
"""The texts of an entity, one for each selection; perhaps its place, then: a value and a key."""

EncodePlace = Callable[[Any, str], str]

_CURSORS: Final = {"cursor", "start_cursor", "end_cursor"}
_MORE: Final = {"has_next_page", "has_previous_page"}
_ONLY_COUNTED: Final = {"total_count"}
_NOTHING: Final[Page[Any]] = Page((), False, False)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for a connection."""

    page: Page[Item]
    total: int | None
    encode_place: EncodePlace

    def cursor(self, item: Item) -> str:
        return self.encode_place(*item[-2:])


Make = Callable[[_Read], Any]
MakeOfItem = Callable[[_Read, Item], Any]


@dataclass(frozen=True, slots=True)
class WrittenConnection:
    """What is to be read for a connection, and what makes each member of what was read.

    `names` are those of the fields that are selected of it, its edges and its page info.
    """

    members: tuple[tuple[str, Make], ...]
    written: tuple[Written, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, selected: Sequence[Selected]) -> "WrittenConnection | None":
        """None where repositories can't write all that is selected of the entities."""
        found = _Found()
        members = tuple((each.key, found.member(each)) for each in selected)
        sizes = (each.selection.size for each in found.written)
        if found.is_unwritable or sum(sizes) > MOST_MEMBERS:
            return None
        return cls(members, tuple(found.written), frozenset(found.names))

    def bound(self, arguments_of: ArgumentsOf) -> tuple[Selection, ...] | None:
        """The selections with the pages within; None where their arguments are wrong."""
        bound = [each.bound(arguments_of) for each in self.written]
        return None if None in bound else tuple(each for each in bound if each is not None)

    async def read(
        self,
        reads: EntityReads[Any],
        request: PageRequest,
        selections: Sequence[Selection],
        encode_place: EncodePlace,
    ) -> dict[str, Any]:
        """The connection, by a single call of the repository."""
        page, total = await self._read(reads, request, selections)
        read = _Read(page, total, encode_place)
        return {key: make(read) for key, make in self.members}

    async def _read(
        self, reads: EntityReads[Any], request: PageRequest, selections: Sequence[Selection]
    ) -> JsonPage:
        if not self.names:
            return JsonPage(_NOTHING, None)
        if self.names == _ONLY_COUNTED:
            return JsonPage(_NOTHING, await reads.count(request.filter))
        return await reads.json_page(
            request,
            selections,
            with_places=not selections or not self.names.isdisjoint(_CURSORS),
            with_total="total_count" in self.names,
            with_more=not self.names.isdisjoint(_MORE),
        )


class _Found:
    """What was found so far in what is selected of a connection."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.names: set[str] = set()
        self.is_unwritable = False

    def member(self, selected: Selected) -> Make:
        match self._name(selected):
            case "nodes":
                place, nodes = self._place(selected)
                return lambda read: _list([item[place] for item in read.page.items], nodes)
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

    def _of_edge(self, selected: Selected) -> MakeOfItem:
        match self._name(selected):
            case "cursor":
                return _Read.cursor
            case "node":
                place, node = self._place(selected)
                return lambda _, item: as_written(item[place], node)
        other = self._other(selected)
        return lambda read, _: other(read)

    def _of_page_info(self, selected: Selected) -> Make:
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

    def _other(self, selected: Selected) -> Make:
        if selected.field is not TypeNameMetaFieldDef:
            self.is_unwritable = True
        name = selected.type.name
        return lambda _: name

    def _members(self, selected: Selected, member: Callable[[Selected], Any]) -> Any:
        assert selected.selected is not None
        return [(each.key, member(each)) for each in selected.selected]

    def _name(self, selected: Selected) -> str | None:
        declared = declaration(selected.field)
        if declared is None:
            return None
        self.names.add(declared.python_name)
        return declared.python_name

    def _place(self, selected: Selected) -> tuple[int, Selection]:
        """Which of the selections it is."""
        assert selected.selected is not None
        written = written_of(selected.selected)
        if written is None:
            self.is_unwritable = True
            return 0, Selection(())
        # With pages within, what is selected alike may have other arguments.
        if written.pages or written not in self.written:
            self.written.append(written)
            return len(self.written) - 1, written.selection
        return self.written.index(written), written.selection


def paged_members(
    selected: Sequence[Selected], selecting: Selecting
) -> tuple[tuple[str, PagedMember], ...] | None:
    """What is selected of a connection that is within what is written, as the parts of a page."""
    members: list[tuple[str, PagedMember]] = []
    for each in selected:
        member = _paged_member(each, selecting)
        if member is None:
            return None
        members.append((each.key, member))
    return tuple(members)


def _paged_member(selected: Selected, selecting: Selecting) -> PagedMember | None:
    below = selected.selected or ()
    match _name_of(selected):
        case None:
            return Constant(selected.type.name)
        case "nodes":
            nodes = selecting.selection(below)
            return None if nodes is None else Items(nodes)
        case "edges":
            edge = [(each.key, _part_of_edge(each, selecting)) for each in below]
            parts = tuple((key, part) for key, part in edge if part is not None)
            return Items(Selection(parts)) if len(parts) == len(edge) else None
        case "page_info":
            facts = ((each.key, _fact(each)) for each in below)
            return Facts(tuple(facts))
    return Fact.TOTAL


def _part_of_edge(selected: Selected, selecting: Selecting) -> Part | None:
    match _name_of(selected):
        case None:
            return Constant(selected.type.name)
        case "cursor":
            return Place.OWN
    node = selecting.selection(selected.selected or ())
    return None if node is None else Itself(node)


def _fact(selected: Selected) -> Fact | Constant:
    name = _name_of(selected)
    return Constant(selected.type.name) if name is None else _FACTS[name]


def _name_of(selected: Selected) -> str | None:
    """The name of the field; None of `__typename`."""
    declared = declaration(selected.field)
    return None if declared is None else declared.python_name


_FACTS: Final = {
    "has_next_page": Fact.HAS_NEXT,
    "has_previous_page": Fact.HAS_PREVIOUS,
    "start_cursor": Fact.START,
    "end_cursor": Fact.END,
}


def _list(texts: Sequence[str], selection: Selection) -> JsonTexts:
    return JsonTexts(list(map(with_cursors, texts)) if selection.has_places else texts)
