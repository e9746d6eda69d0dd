"""Reading, saving and deleting entities of any type in a database."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, TypeVar

from domain.entity import Entity, Owned, in_order
from domain.errors import DomainError, RevisionConflict
from domain.validation import unstorable
from repositories.drivers.compiled import Row
from repositories.sql import statements as sql
from repositories.sql.bulk import ManyOnPostgresql, as_stored, rows_to_save
from repositories.sql.bulk_sqlite import ManyOnSqlite
from repositories.sql.criteria import storable
from repositories.sql.mapping import EntityMapping, EntityTable, Values
from repositories.sql.ownership import inheritance, pass_on
from repositories.sql.reads import DatabaseReads
from repositories.sql.recording import SeriesKey, series_key_of
from repositories.sql.turns import StatementRunner, Turn

R = TypeVar("R", bound=Entity)


class DatabaseRepository(DatabaseReads[R]):
    """Saves and deletes the entities of one table, and their children.

    A subclass maps rows to records, and records to the values of columns.
    """

    @abstractmethod
    def _to_values(self, record: R) -> Values:
        """The columns of a record, without the bookkeeping."""

    async def get_for_update(self, key: str) -> R | None:
        if unstorable(key):
            return None
        rows = await self._session.rows(
            sql.for_update(self._entities), {"key": key}, key=(self.mapping.table.name, key)
        )
        return self._from_row(rows[0]) if rows else None

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        guard = self._session.guard
        if guard is None:
            return await self._save(record, expected_revision)
        [refusal] = await self.refusals_of([record])
        if refusal is not None:
            raise refusal
        saved = await self._save(record, expected_revision)
        guard.require_own(saved)
        return saved

    async def save_many(
        self, records: Sequence[R], expected_revisions: Sequence[int | None]
    ) -> Sequence[R | DomainError]:
        rows = rows_to_save(self.mapping, records, expected_revisions)
        refusals = await self.refusals_of(records)
        outcomes: dict[int, R | DomainError] = {
            index: refusal for index, refusal in enumerate(refusals) if refusal is not None
        }
        accepted = [row for row in rows if row.place not in outcomes]
        if accepted:
            saves = ManyOnPostgresql if self._session.dialect.saves_by_function else ManyOnSqlite
            traced = partial(self._with_traced, self._session)
            bulk = saves(self._session, self._entities, self._to_values, traced)
            saved = await bulk.save(accepted)
            outcomes |= {row.place: each for row, each in zip(accepted, saved, strict=True)}
        guard = self._session.guard
        if guard is not None and not guard.are_own(outcomes.values()):
            raise self._session.write_conflict()
        return [outcomes[index] for index in range(len(records))]

    async def refusals_of(self, records: Sequence[R]) -> Sequence[DomainError | None]:
        guard = self._session.guard
        if guard is None or not records:
            return [None for _ in records]
        seen = {}
        for name, keys in guard.keys_of_references(records).items():
            seen[name] = await self._seen(name, keys)
        keys = sorted(getattr(record, record.key_name) for record in records)
        own = await self._session.rows(
            sql.keys_for_update(self._entities),
            {"values": storable(keys)},
            key=(self.mapping.table.name, keys[0]),
        )
        return guard.refusals_of(records, seen, {key for (key,) in own})

    async def _save(self, record: R, expected_revision: int | None) -> R:
        key: str = getattr(record, self.mapping.record.key_name)
        record = await self._with_children(key, record)
        save = (
            self._save_by_function
            if self._session.dialect.saves_by_function
            else self._save_by_statements
        )
        return await save(key, record, expected_revision)

    def _values_of(self, record: R, expected_revision: int | None) -> Values:
        return {
            **self._to_values(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "expected_revision": expected_revision,
            **self._session.recorder.save_of(record),
        }

    async def delete(self, key: str) -> bool:
        record_type, recorder = self.mapping.record, self._session.recorder
        origin = recorder.deletion_of(record_type)
        rows = await self._session.rows(
            sql.deletion(self._entities, self._owned),
            {"key": key, **origin},
            key=(self.mapping.table.name, key),
        )
        if not rows:
            return False
        if not self._session.dialect.saves_by_function:
            [[revision, series_key, client_id]] = rows
            event = {
                "entity_type": record_type.entity_type,
                "entity_key": key,
                "series_key": series_key,
                "client_id": client_id,
                "revision": revision,
                "revision_before": revision,
                "is_deletion": True,
                "changed_fields": "[]",
            }
            await recorder.record(self._session, {**origin, **event})
            if client_id is not None:
                await pass_on(self._session, self._type_name, [key], None)
        return True

    async def _seen(self, type_name: str, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that entities of the type have which the caller sees."""
        session = self._session
        mapping, rule = session.json.mapping_of(type_name), session.rules.get(type_name)
        entities = EntityTable(mapping, session.dialect, frozenset(), rule)
        statement = await session.compiled(sql.by_column, entities, mapping.key_name)
        rows = await session.rows(statement, {"values": storable([*keys])})
        return {row[mapping.column_indexes[mapping.key_name]] for row in rows}

    async def _inherit(self, owner_keys: Sequence[str], client_id: str | None) -> None:
        """Give the entities of these owners the client, and what they own in turn.

        PostgreSQL does it by functions.
        """
        values = {"values": owner_keys, "client_id": client_id}
        rows = await self._session.rows(inheritance(self.mapping), values)
        if rows:
            await pass_on(self._session, self._type_name, [key for (key,) in rows], client_id)

    @property
    def _owner(self) -> EntityMapping | None:
        record = self.mapping.record
        if not issubclass(record, Owned):
            return None
        return self._session.json.mapping_of(record.owner.type_name)

    @property
    def _owned(self) -> tuple[EntityMapping, ...]:
        owned = self._session.owned.get(self._type_name, ())
        return tuple(repository.mapping for repository in owned)

    async def _save_by_function(self, key: str, record: R, expected_revision: int | None) -> R:
        [row] = await self._session.rows(
            sql.save(self._entities),
            self._values_of(record, expected_revision),
            key=(self.mapping.table.name, key),
        )
        created_at, updated_at, revision, client_id, is_saved, *children = row
        if not is_saved:
            self._refuse_save(revision, expected_revision)
        record = self.mapping.with_children(record, *children)
        return as_stored(record, created_at, updated_at, revision, client_id)

    async def _save_by_statements(self, key: str, record: R, expected_revision: int | None) -> R:
        """Save on SQLite, where nobody else writes from the first statement to the commit."""
        session = self._session
        saved, client_before, client_id = await session.in_one_turn(
            partial(self._replace, key=key, record=record, expected=expected_revision)
        )
        if client_before != client_id:
            await pass_on(session, self._type_name, [key], client_id)
        return saved

    async def _replace(
        self, turn: Turn, key: str, record: R, expected: int | None
    ) -> tuple[R, str | None, str | None]:
        """What is stored then, with the client that it had before, and the one that it has."""
        recorder = self._session.recorder
        series_key = series_key_of(record)
        found = await turn.rows(sql.stored(self._entities), {"key": key})
        previous = found[0] if found else None
        record = await self._alone_with_traced(turn, key, record, previous)
        values = self._values_of(record, expected)
        if previous is None:
            if expected:
                raise RevisionConflict(expected, 0)
            series = SeriesKey(record.entity_type, key, series_key)
            values["revision"] = await recorder.last_revision(turn, series) + 1
            before, children = 0, 0
        else:
            values["revision"] = 1
            *_, before, children = previous
        rows = await turn.rows(sql.upsert(self._entities, self._owner), values)
        if not rows:
            self._refuse_save(before, expected)
        created_at, updated_at, revision, client_id = rows[0]
        children_changed = await self._replace_children(turn, key, record, children)
        event = {
            "entity_type": record.entity_type,
            "entity_key": key,
            "series_key": series_key,
            "client_id": client_id,
            "revision": revision,
            "revision_before": before,
            "is_deletion": False,
            "changed_fields": self.mapping.changed_fields(previous, values, children_changed),
            "created_at": created_at,
            "updated_at": updated_at,
        }
        await recorder.record(turn, {**values, **event})
        saved = as_stored(record, created_at, updated_at, revision, client_id)
        return saved, self.mapping.client_of(previous), client_id

    async def _alone_with_traced(self, turn: Turn, key: str, record: R, previous: Row | None) -> R:
        """As `_with_traced`; `previous` is the stored row, and the number of its children."""
        children = self.mapping.children
        if children is None or not children.traced:
            return record
        rows, stored = {}, {}
        if previous is not None:
            rows[key] = previous[:-1]
            found = await turn.rows(sql.stored_children(self._entities), {"key": key})
            stored[key] = tuple(map(children.from_row, found))
        [record] = await self._with_traced(turn, [record], rows, stored)
        return record

    async def _with_traced(
        self,
        runner: StatementRunner,
        records: Sequence[R],
        rows: Mapping[str, Row],
        children: Mapping[str, Sequence[Any]],
    ) -> Sequence[R]:
        """The records with what a save works out of their children. `rows` has what is stored of
        them, and `children` their stored children, by their keys."""
        mapping = self.mapping.children
        if mapping is None or not mapping.traced:
            return records
        return await self._traced(runner, records, rows, children)

    async def _traced(
        self,
        _runner: StatementRunner,
        records: Sequence[R],
        _rows: Mapping[str, Row],
        _children: Mapping[str, Sequence[Any]],
    ) -> Sequence[R]:
        """The same, for a repository whose children have attributes that are traced. PostgreSQL
        does it by a function."""
        return records

    def _refuse_save(self, actual: int, expected_revision: int | None) -> NoReturn:
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        raise self._session.write_conflict()

    async def _replace_children(self, turn: Turn, key: str, record: R, stored: int) -> bool:
        """Whether they aren't the same as before, when there were so many."""
        children = self.mapping.children
        if children is None:
            return False
        new = getattr(record, children.attribute)
        if len(new) < stored:
            statement = sql.surplus_deletion(self._entities, children.table)
            await turn.rows(statement, {"key": key, "count": len(new)})
        fixed = {self.mapping.record.key_name: key, "created_at": record.updated_at}
        changed = await turn.run_many(
            sql.child_upsert(self._entities, children.table),
            [{**fixed, "position": child.position, **children.to_values(child)} for child in new],
        )
        return bool(changed) or len(new) < stored

    async def _stored_children(self, key: str) -> Sequence[Row]:
        return await self._session.rows(sql.stored_children(self._entities), {"key": key})

    async def _with_children(self, key: str, record: R) -> R:
        """The record with its children in their order, or with the stored ones, under a lock."""
        children = self.mapping.children
        if children is None:
            return record
        given: Sequence[Any] | None = getattr(record, children.attribute)
        if given is None:
            everything = self._entities._replace(rule=None, selected=None)
            lock = (self.mapping.table.name, key)
            await self._session.rows(sql.for_update(everything), {"key": key}, key=lock)
            stored = map(children.from_row, await self._stored_children(key))
            ordered = tuple(replace(each, **dict.fromkeys(children.traced)) for each in stored)
        else:
            # Stored children beyond their number are deleted.
            ordered = in_order(given)
            if ordered is given:
                return record
        changes: dict[str, Any] = {children.attribute: ordered}
        return replace(record, **changes)

    async def _lock(self, scope: str, keys: Sequence[str]) -> None:
        """Wait for, and keep, the transaction's locks on keys that may not be stored yet.

        It takes them in this order. On SQLite the transaction as a whole is that lock.
        """
        if self._session.dialect.locks_names:
            names = [f"{scope}:{key}" for key in keys]
            await self._session.rows(sql.ADVISORY_LOCKS, {"values": names}, key=names[0])
