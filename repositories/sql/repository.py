"""Reading, saving and deleting entities of any type in a database."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

from domain.entity import Entity, Owned, require_positions
from domain.errors import RevisionConflict
from domain.json_object import dumps
from domain.validation import unstorable
from repositories.api_names import field_names
from repositories.drivers.compiled import Row
from repositories.sql import statements as sql
from repositories.sql.criteria import storable
from repositories.sql.mapping import EntityMapping, EntityTable, Values
from repositories.sql.metadata import CLIENT
from repositories.sql.ownership import inheritance
from repositories.sql.reads import DatabaseReads
from repositories.sql.recording import SeriesKey

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
        for reference in guard.references(record):
            is_seen = await self._sees(reference.type_name, getattr(record, reference.attribute))
            guard.require_reference(reference, is_seen=is_seen)
        stored = await self.get_for_update(getattr(record, record.key_name))
        guard.require_key(record, is_seen=stored is not None)
        saved = await self._save(record, expected_revision)
        guard.require_own(saved)
        return saved

    async def _save(self, record: R, expected_revision: int | None) -> R:
        key: str = getattr(record, self.mapping.record.key_name)
        record = await self._with_children(key, record)
        values: Values = {
            **self._to_values(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "expected_revision": expected_revision,
            **self._session.recorder.save_of(record),
        }
        save = (
            self._save_by_function
            if self._session.dialect.saves_by_function
            else self._save_by_statements
        )
        created_at, updated_at, revision, client_id = await save(values, record, expected_revision)
        changes: dict[str, Any] = {CLIENT: client_id} if isinstance(record, Owned) else {}
        return replace(
            record, created_at=created_at, updated_at=updated_at, revision=revision, **changes
        )

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
                await self._pass_on([key], None)
        return True

    async def _sees(self, type_name: str, key: str) -> bool:
        """Whether the caller sees an entity of the type with the key."""
        session = self._session
        mapping, rule = session.json.mapping_of(type_name), dict(session.rules).get(type_name)
        entities = EntityTable(mapping, session.dialect, frozenset(), rule)
        statement = await session.compiled(sql.by_column, entities, mapping.key_name)
        return bool(await session.rows(statement, {"values": storable([key])}))

    async def _inherit(self, owner_keys: Sequence[str], client_id: str | None) -> None:
        """Give the entities of these owners the client, and what they own in turn.

        PostgreSQL does it by functions.
        """
        values = {"values": owner_keys, "client_id": client_id}
        rows = await self._session.rows(inheritance(self.mapping), values)
        if rows:
            await self._pass_on([key for (key,) in rows], client_id)

    async def _pass_on(self, keys: Sequence[str], client_id: str | None) -> None:
        """Give what these entities own the client."""
        for repository in self._session.owned.get(self._type_name, ()):
            await repository(self._session)._inherit(keys, client_id)

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

    async def _save_by_function(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        key = (self.mapping.table.name, getattr(record, self.mapping.record.key_name))
        rows = await self._session.rows(sql.save(self._entities), values, key=key)
        *stored, is_saved = rows[0]
        if not is_saved:
            _, _, revision, _ = stored
            self._refuse_save(revision, expected_revision)
        return stored

    async def _save_by_statements(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        """Save on SQLite, where nobody else writes from the first statement to the commit."""
        session, record_type = self._session, self.mapping.record
        key: str = getattr(record, record_type.key_name)
        series_key = _attribute(record, record_type.series_name)
        found = await session.rows(sql.stored(self._entities), {"key": key})
        previous = found[0] if found else None
        if previous is None:
            if expected_revision:
                raise RevisionConflict(expected_revision, 0)
            series = SeriesKey(record.entity_type, key, series_key)
            values["revision"] = await session.recorder.last_revision(session, series) + 1
            before, children = 0, 0
        else:
            values["revision"] = 1
            *_, before, children = previous
        rows = await session.rows(sql.upsert(self._entities, self._owner), values)
        if not rows:
            self._refuse_save(before, expected_revision)
        created_at, updated_at, revision, client_id = stored = rows[0]
        children_changed = await self._replace_children(key, record, children)
        event = {
            "entity_type": record.entity_type,
            "entity_key": key,
            "series_key": series_key,
            "client_id": client_id,
            "revision": revision,
            "revision_before": before,
            "is_deletion": False,
            "changed_fields": self._changed_fields(previous, values, children_changed),
            "created_at": created_at,
            "updated_at": updated_at,
        }
        await session.recorder.record(session, {**values, **event})
        if client_id != self._client_of(previous):
            await self._pass_on([key], client_id)
        return stored

    def _client_of(self, row: Row | None) -> Any:
        name = self.mapping.record.client_name
        if row is None or name is None:
            return None
        return row[self.mapping.column_indexes[name]]

    def _changed_fields(self, previous: Row | None, new: Values, children_changed: bool) -> str:
        """The names of the fields whose columns have other values than before, as a JSON list."""
        mapping = self.mapping
        names = field_names(mapping.record)
        if previous is None:
            return dumps([*names.values()])
        children = None if mapping.children is None else mapping.children.attribute

        def has_changed(attribute: str) -> bool:
            if attribute == children:
                return children_changed
            columns = mapping.in_columns.get(attribute)
            if columns is None:
                return bool(previous[mapping.column_indexes[attribute]] != new[attribute])
            return any(previous[mapping.column_indexes[it]] != new[it] for it in columns.values())

        return dumps([name for attribute, name in names.items() if has_changed(attribute)])

    def _refuse_save(self, actual: int, expected_revision: int | None) -> NoReturn:
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        raise self._session.write_conflict()

    async def _replace_children(self, key: str, record: R, stored: int) -> bool:
        """Whether they aren't the same as before, when there were so many."""
        children = self.mapping.children
        if children is None:
            return False
        new = getattr(record, children.attribute)
        if len(new) < stored:
            statement = sql.surplus_deletion(self._entities, children.table)
            await self._session.rows(statement, {"key": key, "count": len(new)})
        fixed = {self.mapping.record.key_name: key, "created_at": record.updated_at}
        changed = await self._session.run_many(
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
            ordered = tuple(map(children.from_row, await self._stored_children(key)))
        else:
            # Stored children beyond their number are deleted.
            require_positions(given)
            ordered = tuple(sorted(given, key=attrgetter("position")))
            if ordered == given:
                return record
        changes: dict[str, Any] = {children.attribute: ordered}
        return replace(record, **changes)

    async def _lock(self, scope: str, key: str) -> None:
        """Wait for, and keep, the transaction's lock on a key that may not be stored yet.

        On SQLite the transaction as a whole is that lock.
        """
        if self._session.dialect.locks_names:
            name = f"{scope}:{key}"
            await self._session.rows(sql.ADVISORY_LOCK, {"name": name}, key=name)


def _attribute(record: Entity, name: str | None) -> Any:
    return None if name is None else getattr(record, name)
