"""What the database repositories of all modules have in common.

A module's repository names its tables and maps rows to records and back; the SQL is here.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import (
    Column,
    Executable,
    Row,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.changes import Change, ChangeKind
from domain.entity import Entity
from domain.errors import RevisionConflict
from domain.validation import unstorable
from repositories.criteria import Filter, Page, PageRequest
from repositories.database_criteria import (
    among,
    between_places,
    condition,
    page_of,
    reading_order,
)
from repositories.database_session import DatabaseSession

R = TypeVar("R", bound=Entity)
Values = dict[str, Any]

_ONLY_STORED = ("id", "created_at")
"""Columns of children that records don't have."""


@dataclass(frozen=True, slots=True)
class Children:
    """The ordered children of an entity: their table, and how they are mapped.

    `attribute` names them on the parent's record.
    """

    table: Table
    attribute: str
    from_row: Callable[[Row[Any]], Any]
    to_values: Callable[[Any], Values]


class DatabaseRepository(Generic[R]):
    """Entities of one table, and their children, in the transaction of one session."""

    record_type: ClassVar[type[Entity]]
    table: ClassVar[Table]
    key_name: ClassVar[str]
    children: ClassVar[Children | None] = None
    unchanging: ClassVar[tuple[str, ...]] = ()
    """Columns that a save under the same key may not change: they are part of another key."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    @abstractmethod
    def _from_row(self, row: Row[Any]) -> R:
        """The record of a row of `table`."""

    @abstractmethod
    def _to_values(self, record: R) -> Values:
        """The columns of a record, without the bookkeeping."""

    @property
    def _key(self) -> Column[Any]:
        return self.table.c[self.key_name]

    # Reading

    async def get(self, key: str) -> R | None:
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self._by_column(self.key_name, keys)

    async def page(self, request: PageRequest) -> Page[R]:
        query = select(self.table).where(self._matches(request.filter))
        rows = await self._session.rows(page_of(query, self.table, self._key, request))
        return Page.of(request, map(self._from_row, rows))

    async def count(self, filter: Filter | None) -> int:
        query = select(func.count()).select_from(self.table).where(self._matches(filter))
        return int((await self._session.rows(query))[0][0])

    async def _by_column(self, name: str, values: Sequence[str]) -> Mapping[str, R]:
        rows = await self._session.rows(
            select(self.table).where(self._among(self.table.c[name], values))
        )
        return {getattr(row, name): self._from_row(row) for row in rows}

    async def _children(self, keys: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        assert self.children is not None
        table = self.children.table
        parent = table.c[self.key_name]
        columns = [column for column in table.columns if column.name not in _ONLY_STORED]
        rows = await self._session.rows(
            select(*columns).where(self._among(parent, keys)).order_by(parent, table.c.position)
        )
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(getattr(row, self.key_name), []).append(self.children.from_row(row))
        return {key: tuple(items) for key, items in found.items()}

    async def _pages_by(
        self, reference: str, values: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[R]]:
        column = self.table.c[reference]
        ranked = (
            select(
                self.table,
                func.row_number()
                .over(
                    partition_by=column,
                    order_by=reading_order(self.table, self._key, request),
                )
                .label("rank"),
            )
            .where(
                self._among(column, values),
                self._matches(request.filter),
                *between_places(self.table, self._key, request),
            )
            .subquery()
        )
        rows = await self._session.rows(
            select(ranked)
            .where(ranked.c.rank <= request.limit + 1)
            .order_by(ranked.c[reference], ranked.c.rank)
        )
        found: dict[str, list[R]] = {value: [] for value in values}
        for row in rows:
            found[getattr(row, reference)].append(self._from_row(row))
        return {value: Page.of(request, items) for value, items in found.items()}

    async def _counts_by(
        self, reference: str, values: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        column = self.table.c[reference]
        rows = await self._session.rows(
            select(column.label("value"), func.count().label("number"))
            .where(self._among(column, values), self._matches(filter))
            .group_by(column)
        )
        return dict.fromkeys(values, 0) | {row.value: row.number for row in rows}

    # Writing

    async def get_for_update(self, key: str) -> R | None:
        if unstorable(key):
            return None
        rows = await self._session.rows(
            select(self.table).where(self._key == key).with_for_update()
        )
        return self._from_row(rows[0]) if rows else None

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        key: str = getattr(record, self.key_name)
        rows = await self._session.rows(
            _upsert(self.table, self.key_name, self.unchanging, is_sqlite=self._session.is_sqlite),
            {
                **self._to_values(record),
                "created_at": record.created_at,
                "updated_at": record.updated_at,
                "revision": 1,
                "expected_revision": expected_revision,
            },
        )
        if not rows:
            await self._raise_for_refused_save(key, expected_revision)
        stored = rows[0]
        if stored.revision == 1 and expected_revision:
            await self._delete_row(key)  # it was inserted just now
            raise RevisionConflict(expected_revision, 0)
        await self._replace_children(key, record, is_new=stored.revision == 1)
        self._session.changes.append(Change(ChangeKind.SAVED, self.record_type, key))
        return replace(
            record,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            revision=stored.revision,
        )

    async def delete(self, key: str) -> bool:
        is_gone = await self._delete_row(key)
        if is_gone:
            self._session.changes.append(Change(ChangeKind.DELETED, self.record_type, key))
        return is_gone

    async def _delete_row(self, key: str) -> bool:
        return await self._session.run(delete(self.table).where(self._key == key)) > 0

    async def _raise_for_refused_save(self, key: str, expected_revision: int | None) -> None:
        rows = await self._session.rows(select(self.table.c.revision).where(self._key == key))
        actual = int(rows[0][0]) if rows else 0
        if expected_revision is not None and expected_revision != actual:
            raise RevisionConflict(expected_revision, actual)
        raise self._session.interference()

    async def _replace_children(self, key: str, record: R, *, is_new: bool) -> None:
        if self.children is None or (new := getattr(record, self.children.attribute)) is None:
            return
        table = self.children.table
        if not is_new:
            await self._session.run(delete(table).where(table.c[self.key_name] == key))
        if new:
            await self._session.run(
                insert(table),
                [
                    {
                        self.key_name: key,
                        "position": child.position,
                        "created_at": record.updated_at,
                        **self.children.to_values(child),
                    }
                    for child in new
                ],
            )

    async def _lock(self, scope: str, key: str) -> None:
        """Wait for, and keep, the transaction's lock on a key that may not be stored yet.

        On SQLite the transaction as a whole is that lock.
        """
        if not self._session.is_sqlite:
            name = func.hashtextextended(f"{scope}:{key}", 0)
            await self._session.rows(select(func.pg_advisory_xact_lock(name)))

    def _matches(self, filter: Filter | None) -> Any:
        return condition(self.table, filter, is_sqlite=self._session.is_sqlite)

    def _among(self, column: Column[Any], values: Sequence[Any]) -> Any:
        return among(column, values, is_sqlite=self._session.is_sqlite)


@cache
def _upsert(
    table: Table, key_name: str, unchanging: tuple[str, ...], *, is_sqlite: bool
) -> Executable:
    """Insert the row, or change the one that has its key unless its revision isn't expected.

    One statement: on PostgreSQL it waits for a concurrent writer of the same key and then
    sees what that one committed. It is made once: that costs more than running it.
    """
    build = sqlite.insert if is_sqlite else postgresql.insert
    names = [column.name for column in table.columns if column.name != "id"]
    statement = build(table).values({name: bindparam(name) for name in names})
    new = statement.excluded
    changes = {name: new[name] for name in names if name not in (key_name, "created_at")} | {
        "revision": table.c.revision + 1,
        "updated_at": case(
            (new.updated_at > table.c.updated_at, new.updated_at),
            else_=table.c.updated_at,
        ),
    }
    expected = bindparam("expected_revision", type_=table.c.revision.type)
    return statement.on_conflict_do_update(
        index_elements=[table.c[key_name]],
        set_=changes,
        where=(expected.is_(null()) | (table.c.revision == expected))
        & _all_equal(table, new, unchanging),
    ).returning(table.c.created_at, table.c.updated_at, table.c.revision)


def _all_equal(table: Table, new: Any, names: Sequence[str]) -> Any:
    return and_(true(), *(table.c[name] == new[name] for name in names))
