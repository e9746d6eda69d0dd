"""Connections whose entities repositories write as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import TypeNameMetaFieldDef

from execution import Selected
from repositories.contract import EntityReads, JsonPage
from repositories.criteria import Page, PageRequest
from repositories.selections import JsonTexts, Selection
from schema.writing import MOST_MEMBERS, as_written, declaration, selection_of

Item = tuple[Any, ...]
"""The texts of an entity, one for each selection; perhaps its place, then: a value and a key."""

EncodePlace = Callable[[Any, str], str]

_CURSORS: Final = {"cursor", "start_cursor", "end_cursor"}


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
    selections: tuple[Selection, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, selected: Sequence[Selected]) -> "WrittenConnection | None":
        """None where repositories can't write all that is selected of the entities."""
        found = _Found()
        members = tuple((each.key, found.member(each)) for each in selected)
        if found.is_unwritable or sum(each.size for each in found.selections) > MOST_MEMBERS:
            return None
        return cls(members, tuple(found.selections), frozenset(found.names))

    async def read(
        self, reads: EntityReads[Any], request: PageRequest, encode_place: EncodePlace
    ) -> dict[str, Any]:
        """The connection, by a single call of the repository."""
        page, total = await self._read(reads, request)
        read = _Read(page, total, encode_place)
        return {key: make(read) for key, make in self.members}

    async def _read(self, reads: EntityReads[Any], request: PageRequest) -> JsonPage:
        if self.names <= {"total_count"}:
            return JsonPage(Page((), False, False), await reads.count(request.filter))
        return await reads.json_page(
            request,
            self.selections,
            with_places=not self.selections or not self.names.isdisjoint(_CURSORS),
            with_total="total_count" in self.names,
        )


class _Found:
    """What was found so far in what is selected of a connection."""

    def __init__(self) -> None:
        self.selections: list[Selection] = []
        self.names: set[str] = set()
        self.is_unwritable = False

    def member(self, selected: Selected) -> Make:
        match self._name(selected):
            case "nodes":
                place = self._place(selected)
                return lambda read: JsonTexts([item[place] for item in read.page.items])
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
                place = self._place(selected)
                return lambda _, item: as_written(item[place])
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

    def _place(self, selected: Selected) -> int:
        """Which of the selections it is."""
        assert selected.selected is not None
        selection = selection_of(selected.selected)
        if selection is None:
            self.is_unwritable = True
            return 0
        if selection not in self.selections:
            self.selections.append(selection)
        return self.selections.index(selection)
