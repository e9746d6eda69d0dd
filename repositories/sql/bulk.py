"""Saving many entities of a type in a database at once.

A row that is refused needs no savepoint: each is judged by what is stored of it, under the lock
that its change holds, before anything of it is written.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from domain.entity import Entity, Owned, in_order
from domain.errors import DomainError, RevisionConflict
from repositories.drivers.compiled import Row
from repositories.sql import statements as sql
from repositories.sql.mapping import EntityMapping, EntityTable, Values
from repositories.sql.metadata import CLIENT
from repositories.sql.recording import ORIGIN
from repositories.sql.session import DatabaseSession

R = TypeVar("R", bound=Entity)

_OF_EACH = ("expected_revision", "state", "event_id", "event_type")
"""What each entity has a value of, beside its columns."""


class SavedRow(NamedTuple, Generic[R]):
    """A record that is to be saved: its place among all of them, and its key."""

    place: int
    key: str
    record: R
    expected_revision: int | None


def rows_to_save(
    mapping: EntityMapping, records: Sequence[R], expected_revisions: Sequence[int | None]
) -> Sequence[SavedRow[R]]:
    """The records in the order of their keys, with their children in order.

    Raises ValueError for two records with the same key, or without children.
    """
    key_of = attrgetter(mapping.key_name)
    keys = [key_of(record) for record in records]
    if len({*keys}) < len(keys):
        raise ValueError("records that are saved together have different keys")
    ordered = [_with_children_in_order(mapping, record) for record in records]
    rows = zip(range(len(keys)), keys, ordered, expected_revisions, strict=True)
    return sorted((SavedRow(*row) for row in rows), key=itemgetter(1))


def _with_children_in_order(mapping: EntityMapping, record: R) -> R:
    if mapping.children is None:
        return record
    given: Sequence[Any] | None = getattr(record, mapping.children.attribute)
    if given is None:
        raise ValueError("records that are saved together have their children")
    ordered = in_order(given)
    changes: dict[str, Any] = {mapping.children.attribute: ordered}
    return record if ordered is given else replace(record, **changes)


WithTraced = Callable[
    [Sequence[R], Mapping[str, Row], Mapping[str, Sequence[Any]]], Awaitable[Sequence[R]]
]
"""Completes the children of records; what is stored is told by rows, and by children, by key."""


class ManySaver(ABC, Generic[R]):
    """Saves records in one session."""

    def __init__(
        self,
        session: DatabaseSession,
        entities: EntityTable,
        to_values: Callable[[R], Values],
        with_traced: WithTraced[R],
    ) -> None:
        self._session = session
        self._entities = entities
        self._mapping = entities.mapping
        self._to_values = to_values
        self._with_traced = with_traced

    @abstractmethod
    async def save(self, rows: Sequence[SavedRow[R]]) -> Sequence[R | DomainError]:
        """The record of each row as it is stored now, or why it was refused."""

    def _values_of(self, row: SavedRow[R]) -> Values:
        record = row.record
        return {
            **self._to_values(record),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "expected_revision": row.expected_revision,
            **self._session.recorder.save_of(record),
        }


def as_stored(
    record: R,
    created_at: datetime,
    updated_at: datetime,
    revision: int,
    client_id: str | None,
) -> R:
    changes: dict[str, Any] = {CLIENT: client_id} if isinstance(record, Owned) else {}
    return replace(
        record, created_at=created_at, updated_at=updated_at, revision=revision, **changes
    )


class ManyOnPostgresql(ManySaver[R]):
    """Saves all records by one call of a function, which migrations make."""

    async def save(self, rows: Sequence[SavedRow[R]]) -> Sequence[R | DomainError]:
        values = [self._values_of(row) for row in rows]
        names = (*(column.name for column in self._mapping.saved_columns), *_OF_EACH)
        lists = {name: [each[name] for each in values] for name in names}
        origin = {name: values[0][name] for name in ORIGIN if name not in lists}
        [stored] = await self._session.rows(
            sql.save_many(self._entities),
            {**lists, **origin},
            key=(self._mapping.table.name, rows[0].key),
        )
        return [self._outcome(row, *each) for row, *each in zip(rows, *stored, strict=True)]

    def _outcome(
        self,
        row: SavedRow[R],
        created_at: datetime,
        updated_at: datetime,
        revision: int,
        client_id: str | None,
        is_saved: bool,
        *children: str,
    ) -> R | DomainError:
        if is_saved:
            record = self._mapping.with_children(row.record, *children)
            return as_stored(record, created_at, updated_at, revision, client_id)
        assert row.expected_revision is not None
        return RevisionConflict(row.expected_revision, revision)
