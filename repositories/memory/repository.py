"""What the in-memory repositories of all modules have in common."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, Generic, TypeVar

from domain.callers import Caller
from domain.changes import Change, ChangeKind
from domain.entity import Entity, require_positions
from domain.errors import RevisionConflict
from repositories import visibility
from repositories.answer_size import ANSWER
from repositories.contract import JsonPage
from repositories.criteria import Filter, Page, PageRequest
from repositories.errors import WriteConflict
from repositories.memory.criteria import matches, page_of
from repositories.projections import (
    Children,
    Found,
    JsonProjection,
    Paged,
    Reference,
    Scope,
    carried,
    encode_json,
    objects,
    paged,
    render_place,
    size_of,
)
from repositories.semaphores import FairSemaphore

K = TypeVar("K")
R = TypeVar("R", bound=Entity)
_SCANS_AT_ONCE: Final = 4
"""After how many scans of tables others get a turn of the event loop."""

Root = Mapping[str, Mapping[str, Any]]
"""Everything stored, by table and key. Neither it nor anything in it is ever changed."""


_NO_KINDS: Mapping[str, Any] = {}


class MemorySession:
    """What a caller reads of a root, and the copies of those of its tables that were written to.

    `kinds` are the repositories of all kinds of entities, by the names of their records' types.
    """

    def __init__(
        self,
        caller: Caller,
        root: Root,
        kinds: "Mapping[str, type[MemoryRepository[Any]]]" = _NO_KINDS,
    ) -> None:
        self.caller = caller
        self.rules = visibility.rules_of(caller)
        self._root = root
        self.kinds = kinds
        self._written: dict[str, dict[str, Any]] = {}
        self._is_closed = False
        self.changes: list[Change] = []
        self._failure: WriteConflict | None = None
        self._turn = FairSemaphore(1)
        self._scans = 0

    async def scan(self) -> None:
        """To be awaited by who is about to look at all of a table: others have turns now and then,
        however many ask at once."""
        async with self._turn:
            self._scans += 1
            if self._scans % _SCANS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def table(self, name: str) -> Mapping[str, Any]:
        """All rows, whoever may see them."""
        if self._is_closed:
            raise RuntimeError("this unit of work has ended")
        if self._failure is not None:
            raise self._failure
        return self._written[name] if name in self._written else self._root.get(name, {})

    def rows(self, kind: str, name: str, children: str | None = None) -> Mapping[str, Any]:
        """What the caller may see of a table of entities, or of the table of their children."""
        found = self.table(children or name)
        rule = self.rules.get(kind)
        if rule is None:
            return found
        entities = self.table(name)
        return {
            key: row
            for key, row in found.items()
            if key in entities and matches(entities[key], rule)
        }

    def writable(self, name: str) -> dict[str, Any]:
        if name not in self._written:
            self._written[name] = dict(self.table(name))
        return self._written[name]

    def outcome(self) -> Root:
        """The root with everything that was written."""
        if self._failure is not None:
            raise self._failure
        return {**self._root, **self._written}

    def write_conflict(self) -> WriteConflict:
        """To be raised by who sees that another writer came between; nothing else comes of it."""
        self._failure = WriteConflict()
        return self._failure

    async def close(self) -> None:
        self._is_closed = True


class MemoryRepository(Generic[R]):
    """Entities of one kind, and their children, as one session sees them."""

    record_type: ClassVar[type[Entity]]
    table_name: ClassVar[str]
    key_name: ClassVar[str]
    """The record's."""
    children_table: ClassVar[str | None] = None
    children_attribute: ClassVar[str | None] = None
    second_key: ClassVar[tuple[str, ...]] = ()
    """Fields that no two entities may have the same of."""
    unchanging: ClassVar[tuple[str, ...]] = ()
    """Fields that a save under the same key may not change: they are part of another key."""

    def __init_subclass__(cls) -> None:
        cls.key_name = cls.record_type.key_name

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    @property
    def _records(self) -> Mapping[str, R]:
        """Those that the caller may see."""
        if not self._session.rules:
            return self._session.table(self.table_name)
        return self._session.rows(self.record_type.__name__, self.table_name)

    @property
    def _all(self) -> Mapping[str, R]:
        """All, whoever may see them: a key that is taken is taken for everybody."""
        return self._session.table(self.table_name)

    @property
    def _children_by_key(self) -> Mapping[str, tuple[Any, ...]]:
        """The children of those that the caller may see."""
        assert self.children_table is not None
        if not self._session.rules:
            return self._session.table(self.children_table)
        kind = self.record_type.__name__
        return self._session.rows(kind, self.table_name, self.children_table)

    # Reading

    async def get(self, key: str) -> R | None:
        return self._records.get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        records = self._records
        return {key: records[key] for key in keys if key in records}

    async def json_by_key(
        self, keys: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return self._json(await self.get_many(keys), selections)

    async def page(self, request: PageRequest) -> Page[R]:
        await self._session.scan()
        return page_of(self._records.values(), self.key_name, request)

    async def json_page(
        self,
        request: PageRequest,
        selections: Sequence[JsonProjection],
        *,
        with_places: bool = False,
        with_total: bool = False,
        with_more: bool = True,
    ) -> JsonPage:
        found = await self.page(request)
        columns = [self._texts(found.items, selection) for selection in selections]
        if with_places:
            names = (request.order.field, self.key_name)
            columns += [[getattr(record, name) for record in found.items] for name in names]
        items = tuple(zip(*columns, strict=True))
        total = await self.count(request.filter) if with_total else None
        return JsonPage(Page(items, found.has_previous, found.has_next), total)

    async def count(self, filter: Filter | None) -> int:
        await self._session.scan()
        return sum(matches(record, filter) for record in self._records.values())

    async def _children(self, keys: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        stored = self._children_by_key
        return {key: stored[key] for key in keys if stored.get(key)}

    async def _children_json(
        self, keys: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return {
            key: tuple(
                _counted_json(objects(selection, found, carried)) for selection in selections
            )
            for key, found in (await self._children(keys)).items()
        }

    def _json(
        self, records: Mapping[K, R], selections: Sequence[JsonProjection]
    ) -> Mapping[K, tuple[str, ...]]:
        columns = [self._texts(records.values(), selection) for selection in selections]
        return dict(zip(records, zip(*columns, strict=True), strict=True))

    def _texts(self, records: Iterable[R], selection: JsonProjection) -> list[str]:
        belonging = partial(self._belonging, selection.pages)
        return [_counted_json(each) for each in objects(selection, records, belonging)]

    def _belonging(
        self,
        pages: Sequence[PageRequest],
        part: Children | Reference | Paged,
        records: Sequence[Any],
    ) -> Sequence[Any]:
        match part:
            case Paged(attribute, kind):
                other = self._session.kinds[kind](self._session)
                return other._paged(pages, part, [getattr(each, attribute) for each in records])
            case Children(_, selection):
                stored = self._children_by_key
                return [
                    objects(selection, stored.get(getattr(each, self.key_name), ()), carried)
                    for each in records
                ]
            case Reference(attribute, kind, by, selection):
                other = self._session.kinds[kind](self._session)
                found = {getattr(each, by): each for each in other._records.values()}
                referenced = [found.get(getattr(each, attribute)) for each in records]
                belonging = partial(other._belonging, pages)
                made = iter(objects(selection, [it for it in referenced if it], belonging))
                return [it and next(made) for it in referenced]

    async def json_pages(
        self, values: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        columns = []
        for selection in selections:
            [(_, part)] = selection.members
            assert isinstance(part, Paged)
            found = self._paged(selection.pages, part, values)
            columns.append(list(map(_counted_json, found)))
        return dict(zip(values, zip(*columns, strict=True), strict=True))

    def _paged(
        self, pages: Sequence[PageRequest], part: Paged, values: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """For each value, the page of those that have it under what the part goes by."""
        request = pages[part.number]
        groups = self._grouped(part.by, values)
        found = [self._found(part.kind, groups[value], request) for value in values]
        return paged(part, found, partial(self._belonging, pages))

    def _found(self, kind: str, records: Sequence[R], request: PageRequest) -> Found:
        page = page_of(records, self.key_name, request)
        scope = Scope(kind, request.order)
        return Found(
            page,
            [
                render_place(scope, getattr(it, request.order.field), getattr(it, self.key_name))
                for it in page.items
            ],
            lambda: sum(matches(record, request.filter) for record in records),
        )

    async def _pages_by(
        self, reference: str, values: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[R]]:
        return {
            value: page_of(records, self.key_name, request)
            for value, records in self._grouped(reference, values).items()
        }

    async def _counts_by(
        self, reference: str, values: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return {
            value: sum(matches(record, filter) for record in records)
            for value, records in self._grouped(reference, values).items()
        }

    def _grouped(self, reference: str, values: Sequence[str]) -> dict[str, list[R]]:
        groups: dict[str, list[R]] = {value: [] for value in values}
        for record in self._records.values():
            group = groups.get(getattr(record, reference))
            if group is not None:
                group.append(record)
        return groups

    # Writing

    async def get_for_update(self, key: str) -> R | None:
        return await self.get(key)

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        key: str = getattr(record, self.key_name)
        stored = self._all.get(key)
        actual = 0 if stored is None else stored.revision
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        self._require_no_interference(key, record, stored)
        saved = replace(
            record,
            revision=actual + 1,
            created_at=stored.created_at if stored else record.created_at,
            updated_at=max(stored.updated_at, record.updated_at) if stored else record.updated_at,
        )
        self._session.writable(self.table_name)[key] = self._without_children(key, saved)
        self._session.changes.append(Change(ChangeKind.SAVED, self.record_type, key))
        return saved

    async def delete(self, key: str) -> bool:
        if key not in self._records:
            return False
        del self._session.writable(self.table_name)[key]
        self._session.changes.append(Change(ChangeKind.DELETED, self.record_type, key))
        if self.children_table is not None:
            self._session.writable(self.children_table).pop(key, None)
        return True

    def _without_children(self, key: str, record: R) -> R:
        if self.children_table is None or self.children_attribute is None:
            return record
        new = getattr(record, self.children_attribute)
        if new is None:
            return record
        require_positions(new)
        self._session.writable(self.children_table)[key] = tuple(
            sorted(new, key=lambda child: child.position)
        )
        changes: dict[str, Any] = {self.children_attribute: None}
        return replace(record, **changes)

    def _require_no_interference(self, key: str, record: R, stored: R | None) -> None:
        """What the databases refuse by their constraints."""

        def values(of: R, names: Sequence[str]) -> list[Any]:
            return [getattr(of, name) for name in names]

        if stored and values(record, self.unchanging) != values(stored, self.unchanging):
            raise self._session.write_conflict()
        if self.second_key and any(
            getattr(other, self.key_name) != key
            and values(other, self.second_key) == values(record, self.second_key)
            for other in self._all.values()
        ):
            raise self._session.write_conflict()


def _counted_json(value: Any) -> str:
    """The JSON text, counted before it's made. Raises AnswerTooLarge."""
    answer = ANSWER.get()
    if answer is not None:
        answer.add(size_of(value))
    return encode_json(value).decode()
