"""What the database repositories of all modules have in common.

A module's repository names its tables and maps rows to records and back; the SQL is in
`repositories/sql/statements.py`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import orjson
from sqlalchemy import Table

from domain.changes import Change, ChangeKind
from domain.entity import Entity, require_positions
from domain.errors import RevisionConflict
from domain.validation import unstorable
from repositories.contract import JsonPage
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row
from repositories.lazy import lazy
from repositories.projections import JsonProjection
from repositories.sql import statements as sql
from repositories.sql.criteria import (
    page_shape_of,
    page_values_of,
    shape_of,
    storable,
    values_of,
)
from repositories.sql.json_renderer import EntityMapping
from repositories.sql.json_statements import shaped
from repositories.sql.session import DatabaseSession

_NONE: frozenset[str] = frozenset()
_SMALLEST_BOUND = 7
"""Pages of up to 127 entities share a statement."""

R = TypeVar("R", bound=Entity)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChildMapping:
    """The ordered children of an entity: their table, and how they are mapped.

    `attribute` names them on the parent's record. A row of theirs has the columns of `columns`.
    """

    table: Table
    attribute: str
    columns: tuple[str, ...]
    from_row: Callable[[Row], Any]
    to_values: Callable[[Any], Values]


class DatabaseRepository(Generic[R]):
    """Entities of one table, and their children, in the transaction of one session."""

    record_type: ClassVar[type[Entity]]
    table: ClassVar[Table]
    key_name: ClassVar[str]
    """The record's."""
    children: ClassVar[ChildMapping | None] = None
    unchanging: ClassVar[tuple[str, ...]] = ()
    """Columns that a save under the same key may not change: they are part of another key."""
    in_columns: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """As `Stored` has them."""

    @classmethod
    def stored(cls) -> EntityMapping:
        children = None if cls.children is None else cls.children.table
        return EntityMapping(cls.table, cls.key_name, children, cls.in_columns)

    def __init_subclass__(cls) -> None:
        cls.key_name = cls.record_type.key_name

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    @lazy
    def _entities(self) -> sql.EntityTable:
        selected, rules = self._session.selected, self._session.rules
        return sql.EntityTable(
            self.table,
            self.key_name,
            is_sqlite=self._session.is_sqlite,
            selected=None if selected is None else selected.get(self._kind, _NONE),
            rule=dict(rules).get(self._kind) if rules else None,
        )

    @property
    def _kind(self) -> str:
        return self.record_type.__name__

    @abstractmethod
    def _from_row(self, row: Row) -> R:
        """The record of a row of `table`, whose columns come in the table's order, without `id`.

        Those that weren't selected are None.
        """

    @abstractmethod
    def _to_values(self, record: R) -> Values:
        """The columns of a record, without the bookkeeping."""

    # Reading

    async def get(self, key: str) -> R | None:
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self._by_column(self.key_name, keys)

    async def json_by_key(
        self, keys: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._json_by_column(self.key_name, keys, selections)

    async def json_page(
        self,
        request: PageRequest,
        selections: Sequence[JsonProjection],
        *,
        with_places: bool = False,
        with_total: bool = False,
        with_more: bool = True,
    ) -> JsonPage:
        shapes, values = shaped(selections)
        most = 2 ** max(request.limit.bit_length(), _SMALLEST_BOUND)
        statement = await self._session.kept(
            self._session.json.page,
            self._session.rules,
            self._kind,
            page_shape_of(request),
            most,
            shapes,
            with_places,
            with_total,
        )
        values |= page_values_of(request, more=with_more)
        rows = await self._session.rows(statement, values)
        items = self._items_of_rows if self._session.is_sqlite else self._items_of_columns
        found, total = items(rows, with_total)
        return JsonPage(Page.of(request, found), total)

    async def page(self, request: PageRequest) -> Page[R]:
        statement = await self._session.kept(sql.page, self._entities, page_shape_of(request))
        rows = await self._session.rows(statement, page_values_of(request))
        return Page.of(request, map(self._from_row, rows))

    async def count(self, filter: Filter | None) -> int:
        statement = await self._session.kept(sql.count, self._entities, shape_of(filter))
        return int((await self._session.rows(statement, values_of(filter)))[0][0])

    async def _by_column(self, name: str, values: Sequence[str]) -> Mapping[str, R]:
        statement = await self._session.kept(sql.by_column, self._entities, name)
        rows = await self._session.rows(statement, {"values": storable(values)})
        place = self._entities.place_of(name)
        return {row[place]: self._from_row(row) for row in rows}

    async def _children(self, keys: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        assert self.children is not None
        statement = await self._session.kept(
            sql.children, self._entities, self.children.table, self.children.columns
        )
        rows = await self._session.rows(statement, {"values": storable(keys)})
        from_row = self.children.from_row
        # The parent's key stands last, and rows come parent by parent.
        return {
            key: tuple(map(from_row, items)) for key, items in groupby(rows, key=itemgetter(-1))
        }

    async def _json_by_column(
        self, name: str, values: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        wanted = storable(values)
        is_single_key = len(wanted) == 1
        shapes, parameters = shaped(selections)
        statement = await self._session.kept(
            self._session.json.by, self._session.rules, self._kind, (name,), shapes, is_single_key
        )
        parameters |= {name: wanted[0] if is_single_key else wanted}
        rows = await self._session.rows(statement, parameters)
        return {value: tuple(texts) for value, *texts in rows}

    async def _children_json(
        self, keys: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        statement = await self._session.kept(
            self._session.json.children, self._session.rules, self._kind, tuple(selections)
        )
        rows = await self._session.rows(statement, {"values": storable(keys)})
        return {key: tuple(lists) for key, *lists in rows}

    def _items_of_rows(
        self, rows: Sequence[Row], with_total: bool
    ) -> tuple[Iterable[tuple[Any, ...]], int | None]:
        if not with_total:
            return map(tuple, rows), None
        # There is a row for the total, though there be no entity.
        return [tuple(row) for *row, key, _ in rows if key is not None], rows[0][-1]

    def _items_of_columns(
        self, rows: Sequence[Row], with_total: bool
    ) -> tuple[Iterable[tuple[Any, ...]], int | None]:
        [row] = rows
        columns, total = (row[:-1], row[-1]) if with_total else (row, None)
        # Without any entity there are no lists.
        return zip(*(column or () for column in columns), strict=True), total

    async def _pages_by(
        self, reference: str, values: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[R]]:
        statement = await self._session.kept(
            sql.pages_by, self._entities, reference, page_shape_of(request)
        )
        rows = await self._session.rows(
            statement, {**page_values_of(request), "values": storable(list(dict.fromkeys(values)))}
        )
        place = self._entities.place_of(reference)
        found: dict[str, list[R]] = {value: [] for value in values}
        for row in rows:
            found[row[place]].append(self._from_row(row))
        return {value: Page.of(request, items) for value, items in found.items()}

    async def json_pages(
        self, values: Sequence[str], selections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        shapes, parameters = shaped(selections)
        parameters |= {"values": storable(values)}
        rows = await self._session.rows(
            await self._session.kept(self._session.json.pages, self._session.rules, shapes),
            parameters,
        )
        return {value: tuple(pages) for value, *pages in rows}

    async def _counts_by(
        self, reference: str, values: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        statement = await self._session.kept(
            sql.counts_by, self._entities, reference, shape_of(filter)
        )
        rows = await self._session.rows(
            statement, {**values_of(filter), "values": storable(values)}
        )
        return dict.fromkeys(values, 0) | dict(map(tuple, rows))

    # Writing

    async def get_for_update(self, key: str) -> R | None:
        if unstorable(key):
            return None
        rows = await self._session.rows(
            sql.for_update(self._entities), {"key": key}, key=(self.table.name, key)
        )
        return self._from_row(rows[0]) if rows else None

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        key: str = getattr(record, self.key_name)
        values: Values = {
            **self._to_values(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "revision": 1,
            "expected_revision": expected_revision,
        }
        save = self._save_by_statements if self._session.is_sqlite else self._save_by_function
        created_at, updated_at, revision = await save(values, record, expected_revision)
        self._session.changes.append(Change(ChangeKind.SAVED, self.record_type, key))
        return replace(record, created_at=created_at, updated_at=updated_at, revision=revision)

    async def delete(self, key: str) -> bool:
        is_gone = await self._delete_row(self._entities, key)
        if is_gone:
            self._session.changes.append(Change(ChangeKind.DELETED, self.record_type, key))
        return is_gone

    async def _delete_row(self, entities: sql.EntityTable, key: str) -> bool:
        rows = await self._session.rows(
            sql.deletion(entities), {"key": key}, key=(self.table.name, key)
        )
        return bool(rows)

    async def _save_by_function(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        children = self.children
        statement = sql.save(self._entities, has_children=children is not None)
        if children is not None:
            new = self._new_children(record)
            values["children"] = None if new is None else _as_json(children, new)
        key = (self.table.name, getattr(record, self.key_name))
        *stored, is_saved = (await self._session.rows(statement, values, key=key))[0]
        if not is_saved:
            self._refuse_save(stored[-1], expected_revision)
        return stored

    async def _save_by_statements(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        key: str = getattr(record, self.key_name)
        rows = await self._session.rows(sql.upsert(self._entities, self.unchanging), values)
        if not rows:
            found = await self._session.rows(sql.revision(self._entities), {"key": key})
            self._refuse_save(found[0][0] if found else 0, expected_revision)
        revision = rows[0][-1]
        if revision == 1 and expected_revision:
            # It was inserted just now, and is to go whether or not the caller may see it.
            await self._delete_row(self._entities._replace(rule=None), key)
            raise RevisionConflict(expected_revision, 0)
        await self._replace_children(key, record, is_new=revision == 1)
        return rows[0]

    def _refuse_save(self, actual: int, expected_revision: int | None) -> NoReturn:
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        raise self._session.write_conflict()

    async def _replace_children(self, key: str, record: R, *, is_new: bool) -> None:
        if self.children is None or (new := self._new_children(record)) is None:
            return
        children = self.children
        if not is_new:
            statement = sql.surplus_deletion(self._entities, children.table)
            await self._session.rows(statement, {"key": key, "count": len(new)})
        if new:
            await self._session.run_many(
                sql.child_upsert(self._entities, children.table),
                [
                    {
                        self.key_name: key,
                        "position": child.position,
                        "created_at": record.updated_at,
                        **children.to_values(child),
                    }
                    for child in new
                ],
            )

    def _new_children(self, record: R) -> Sequence[Any] | None:
        """The record's; None where the stored ones are to stay."""
        assert self.children is not None
        new: Sequence[Any] | None = getattr(record, self.children.attribute)
        if new:
            # What is stored beyond their number is deleted.
            require_positions(new)
        return new

    async def _lock(self, scope: str, key: str) -> None:
        """Wait for, and keep, the transaction's lock on a key that may not be stored yet.

        On SQLite the transaction as a whole is that lock.
        """
        if not self._session.is_sqlite:
            name = f"{scope}:{key}"
            await self._session.rows(sql.ADVISORY_LOCK, {"name": name}, key=name)


def _as_json(children: ChildMapping, given: Sequence[Any]) -> str:
    return orjson.dumps(
        [{"position": child.position, **children.to_values(child)} for child in given]
    ).decode()
