"""Reading, saving and deleting entities of any type in a database."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

import orjson

from domain.changes import Change, ChangeKind
from domain.entity import Entity, require_positions
from domain.errors import RevisionConflict
from domain.validation import unstorable
from repositories.drivers.compiled import Row
from repositories.sql import statements as sql
from repositories.sql.mapping import ChildMapping, EntityTable, Values
from repositories.sql.reads import DatabaseReads

_NONE: frozenset[str] = frozenset()
_SMALLEST_BOUND = 7
"""Pages of up to 127 entities share a statement."""

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
        key: str = getattr(record, self.mapping.record.key_name)
        values: Values = {
            **self._to_values(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "revision": 1,
            "expected_revision": expected_revision,
        }
        save = (
            self._save_by_function
            if self._session.dialect.saves_by_function
            else self._save_by_statements
        )
        created_at, updated_at, revision = await save(values, record, expected_revision)
        self._session.changes.append(Change(ChangeKind.SAVED, self.mapping.record, key))
        return replace(record, created_at=created_at, updated_at=updated_at, revision=revision)

    async def delete(self, key: str) -> bool:
        is_gone = await self._delete_row(self._entities, key)
        if is_gone:
            self._session.changes.append(Change(ChangeKind.DELETED, self.mapping.record, key))
        return is_gone

    async def _delete_row(self, entities: EntityTable, key: str) -> bool:
        rows = await self._session.rows(
            sql.deletion(entities), {"key": key}, key=(self.mapping.table.name, key)
        )
        return bool(rows)

    async def _save_by_function(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        children = self.mapping.children
        statement = sql.save(self._entities)
        if children is not None:
            new = self._new_children(record)
            values["children"] = None if new is None else _as_json(children, new)
        key = (self.mapping.table.name, getattr(record, self.mapping.record.key_name))
        *stored, is_saved = (await self._session.rows(statement, values, key=key))[0]
        if not is_saved:
            self._refuse_save(stored[-1], expected_revision)
        return stored

    async def _save_by_statements(
        self, values: Values, record: R, expected_revision: int | None
    ) -> Row:
        key: str = getattr(record, self.mapping.record.key_name)
        rows = await self._session.rows(sql.upsert(self._entities), values)
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
        if self.mapping.children is None or (new := self._new_children(record)) is None:
            return
        children = self.mapping.children
        if not is_new:
            statement = sql.surplus_deletion(self._entities, children.table)
            await self._session.rows(statement, {"key": key, "count": len(new)})
        if new:
            await self._session.run_many(
                sql.child_upsert(self._entities, children.table),
                [
                    {
                        self.mapping.record.key_name: key,
                        "position": child.position,
                        "created_at": record.updated_at,
                        **children.to_values(child),
                    }
                    for child in new
                ],
            )

    def _new_children(self, record: R) -> Sequence[Any] | None:
        """The record's; None where the stored ones are to stay."""
        assert self.mapping.children is not None
        new: Sequence[Any] | None = getattr(record, self.mapping.children.attribute)
        if new:
            # What is stored beyond their number is deleted.
            require_positions(new)
        return new

    async def _lock(self, scope: str, key: str) -> None:
        """Wait for, and keep, the transaction's lock on a key that may not be stored yet.

        On SQLite the transaction as a whole is that lock.
        """
        if self._session.dialect.locks_names:
            name = f"{scope}:{key}"
            await self._session.rows(sql.ADVISORY_LOCK, {"name": name}, key=name)


def _as_json(children: ChildMapping, given: Sequence[Any]) -> str:
    return orjson.dumps(
        [{"position": child.position, **children.to_values(child)} for child in given]
    ).decode()
