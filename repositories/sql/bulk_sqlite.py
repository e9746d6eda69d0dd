"""Saving many entities of a type on SQLite at once, by one statement for each kind of change.

Nobody else writes from the first statement to the commit. So what is to be stored is worked out
here, of what was stored before.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from domain.entity import Entity, Owned
from domain.errors import DomainError, RevisionConflict
from repositories.drivers.compiled import Row
from repositories.sql import statements as sql
from repositories.sql.bulk import ManySaver, SavedRow, as_stored
from repositories.sql.mapping import Values
from repositories.sql.metadata import CLIENT
from repositories.sql.ownership import clients_by_key, pass_on
from repositories.sql.recording import SeriesKey, series_key_of

R = TypeVar("R", bound=Entity)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored before the rows are saved."""

    rows: Mapping[str, Row]
    """By key."""
    children: Mapping[str, Sequence[Any]]
    """By the keys of their parents."""
    last_revisions: Mapping[str, int]
    """Of entities that aren't stored any more, by their keys."""
    clients: Mapping[str, str | None]
    """By the keys of owners."""


@dataclass(slots=True)
class _Changes:
    """The values for each kind of statement."""

    rows: list[Values] = field(default_factory=list)
    surplus: list[Values] = field(default_factory=list)
    children: list[Values] = field(default_factory=list)
    events: list[Values] = field(default_factory=list)
    moved: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The keys of those who get another client, by that client."""


class ManyOnSqlite(ManySaver[R]):
    """Saves all records by one statement of each kind."""

    async def save(self, rows: Sequence[SavedRow[R]]) -> Sequence[R | DomainError]:
        known = await self._known(rows)
        records = [row.record for row in rows]
        traced = await self._with_traced(records, known.rows, known.children)
        rows = [row._replace(record=record) for row, record in zip(rows, traced, strict=True)]
        changes = _Changes()
        outcomes = [self._saved(row, known, changes) for row in rows]
        await self._write(changes)
        return outcomes

    async def _known(self, rows: Sequence[SavedRow[R]]) -> _Known:
        found = await self._rows_of(sql.stored_among, [row.key for row in rows])
        key = self._mapping.column_indexes[self._mapping.key_name]
        stored = {row[key]: row for row in found}
        series = [
            SeriesKey(row.record.entity_type, row.key, series_key_of(row.record))
            for row in rows
            if row.key not in stored
        ]
        children: dict[str, Sequence[Any]] = {}
        if self._mapping.children is not None and stored:
            found = await self._rows_of(sql.stored_children_among, [*stored])
            from_row = self._mapping.children.from_row
            # The parent's key stands last.
            children = {
                parent: tuple(map(from_row, items))
                for parent, items in groupby(found, key=itemgetter(-1))
            }
        return _Known(
            rows=stored,
            children=children,
            last_revisions=await self._session.recorder.last_revisions(self._session, series),
            clients=await self._clients_of_owners([row.record for row in rows]),
        )

    async def _rows_of(self, statement: Any, keys: Sequence[str]) -> Sequence[Row]:
        return await self._session.rows(statement(self._entities), {"values": keys})

    async def _clients_of_owners(self, records: Sequence[R]) -> Mapping[str, str | None]:
        record_type = self._mapping.record
        if not issubclass(record_type, Owned):
            return {}
        owner = self._session.json.mapping_of(record_type.owner.type_name)
        keys = {getattr(record, record_type.owner.attribute) for record in records}
        rows = await self._session.rows(clients_by_key(owner), {"values": [*keys]})
        return dict(map(tuple, rows))

    def _saved(self, row: SavedRow[R], known: _Known, changes: _Changes) -> R | DomainError:
        """Notes what is to be changed for a row, unless it's refused."""
        stored = known.rows.get(row.key)
        before = 0 if stored is None else self._of(stored, "revision")
        if row.expected_revision is not None and row.expected_revision != before:
            return RevisionConflict(row.expected_revision, before)
        values = self._values_of(row)
        self._require_unchanged(stored, values)
        saved = self._as_stored(row.record, stored, known)
        client_id = None if saved.client_name is None else getattr(saved, saved.client_name)
        values |= {
            "created_at": saved.created_at,
            "updated_at": saved.updated_at,
            "revision": saved.revision,
            CLIENT: client_id,
        }
        changes.rows.append(values)
        children_changed = self._note_children(row, known.children.get(row.key, ()), changes)
        event = {
            "entity_type": saved.entity_type,
            "entity_key": row.key,
            "series_key": series_key_of(saved),
            "revision_before": before,
            "is_deletion": False,
            "changed_fields": self._mapping.changed_fields(stored, values, children_changed),
        }
        changes.events.append(values | event)
        if client_id != self._mapping.client_of(stored):
            changes.moved[client_id].append(row.key)
        return saved

    def _as_stored(self, record: R, stored: Row | None, known: _Known) -> R:
        client_id = None
        if isinstance(record, Owned):
            client_id = known.clients.get(getattr(record, record.owner.attribute))
        if stored is None:
            last = known.last_revisions.get(getattr(record, record.key_name), 0)
            return as_stored(record, record.created_at, record.updated_at, last + 1, client_id)
        return as_stored(
            record,
            self._of(stored, "created_at"),
            max(self._of(stored, "updated_at"), record.updated_at),
            self._of(stored, "revision") + 1,
            client_id,
        )

    def _require_unchanged(self, stored: Row | None, values: Values) -> None:
        names = () if stored is None else self._mapping.unchanging
        if any(self._of(stored, name) != values[name] for name in names):
            raise self._session.write_conflict()

    def _of(self, row: Row | None, name: str) -> Any:
        assert row is not None
        return row[self._mapping.column_indexes[name]]

    def _note_children(self, row: SavedRow[R], stored: Sequence[Any], changes: _Changes) -> bool:
        """Notes the children that change. Returns whether any does."""
        children = self._mapping.children
        if children is None:
            return False
        given = getattr(row.record, children.attribute)
        fixed = {self._mapping.key_name: row.key, "created_at": row.record.updated_at}
        placed = [
            {**fixed, "position": child.position, **children.to_values(child)}
            for child in given
            if child.position >= len(stored) or child != stored[child.position]
        ]
        changes.children += placed
        if len(given) < len(stored):
            changes.surplus.append({"key": row.key, "count": len(given)})
        return bool(placed) or len(given) < len(stored)

    async def _write(self, changes: _Changes) -> None:
        session, children = self._session, self._mapping.children
        await session.run_many(sql.put(self._entities), changes.rows)
        if children is not None:
            surplus = sql.surplus_deletion(self._entities, children.table)
            await session.run_many(surplus, changes.surplus)
            placing = sql.child_upsert(self._entities, children.table)
            await session.run_many(placing, changes.children)
        await session.recorder.record_many(session, changes.events)
        for client_id, keys in changes.moved.items():
            await pass_on(session, self._mapping.record.__name__, keys, client_id)
