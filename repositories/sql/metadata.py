"""The one MetaData, and the types of columns that all tables use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

PlainText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by code point on every database (SQLite's default does)."""

_BigInt = BigInteger().with_variant(Integer, "sqlite")


class Timestamp(TypeDecorator[datetime]):
    """An aware time, kept in UTC with microseconds and given back in UTC.

    SQLite has no such type: it keeps the text `2026-01-31 09:30:00.000000`, without an offset.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _sqlite_text if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _time_of_sqlite_text if dialect.name == "sqlite" else None


@lru_cache(64)
def _sqlite_text(value: datetime | None) -> str | None:
    # Cached, since the rows of one save have the same time. Times here have fixed offsets, so equal
    # times have equal texts.
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _time_of_sqlite_text(value: str | None) -> datetime | None:
    # Parsing the offset as well is far cheaper than replacing it.
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


class _PostgresJson(UserDefinedType[str]):
    """JSON as text that isn't parsed. JSONB would reorder keys and change numbers."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSON"


class JsonText(TypeDecorator[str]):
    """A JSON document, which goes in and comes out as text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_PostgresJson() if dialect.name == "postgresql" else Text())


class ManyOf(TypeDecorator[Sequence[Any]]):
    """Any number of values as one parameter, to be looked up in: never a column's type."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _json_of if dialect.name == "sqlite" else None


def _json_of(values: Sequence[Any]) -> str:
    # Nothing is escaped that needn't be: six characters would stand for one.
    return orjson.dumps(values).decode()


CLIENT = "client_id"
"""The column of the client to whom a row belongs."""

_LONG = "long"
"""The key in a column's info that says that one text of it may be a good part of an answer."""


def text(name: str, *, nullable: bool = False, is_long: bool = False) -> Column[Any]:
    return Column(name, PlainText, nullable=nullable, info={_LONG: True} if is_long else {})


def json_text(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JsonText, nullable=nullable)


def may_be_large(column: Column[Any]) -> bool:
    """Whether a single value of the column may be a good part of an answer."""
    return isinstance(column.type, JsonText) or _LONG in column.info


def timestamp(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Timestamp, nullable=nullable)


def big_integer(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, _BigInt, nullable=nullable, primary_key=primary_key, autoincrement=False)


def surrogate_id() -> Column[Any]:
    return Column("id", _BigInt, Identity(), primary_key=True)


def bookkeeping() -> list[Column[Any]]:
    """The columns that every parent table ends with."""
    return [
        timestamp("created_at"),
        timestamp("updated_at"),
        Column("revision", Integer, nullable=False),
    ]


def owned(table: str, key: str, *orders: str) -> list[Any]:
    """The column that says which client a row belongs to, and the indexes of a client's rows, by
    `created_at` and by other columns that are mostly read in descending order."""
    return [
        text(CLIENT, nullable=True),
        *(
            Index(f"ix_{table}_{CLIENT}_{order}_{key}", CLIENT, sql_text(f"{order} DESC"), key)
            for order in ("created_at", *orders)
        ),
    ]


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The closed set of an enum that is kept as text."""
    allowed = ", ".join(f"'{member.value}'" for member in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def child_columns(parent_table: str, parent_key: str) -> list[Any]:
    """The first columns of every child table: a child is deleted with its parent."""
    return [
        surrogate_id(),
        Column(
            parent_key,
            PlainText,
            ForeignKey(f"{parent_table}.{parent_key}", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("position", Integer, nullable=False),
        timestamp("created_at"),
        UniqueConstraint(parent_key, "position"),
        CheckConstraint("position >= 0", name="position"),
    ]


CHILD_OPTIONS: Final[Mapping[str, Any]] = {"postgresql_with": {"fillfactor": 50}}
"""The options of every child table. A save changes all children of an entity in their places, and
PostgreSQL adds no entries to the indexes where a page has room for the new rows beside the old."""


def newest_first(table: str, key: str, *references: str) -> Iterator[Index]:
    """The indexes of the default order: of all rows, and of those with the same reference."""
    for prefix in ((), *((reference,) for reference in references)):
        columns: list[Any] = [*prefix, sql_text("created_at DESC"), key]
        yield Index("_".join(["ix", table, *prefix, "created_at", key]), *columns)


def last_changed_first(table: str, key: str) -> Index:
    """The index of the order by the last change; each change moves a row in it."""
    return Index(f"ix_{table}_updated_at_{key}", sql_text("updated_at DESC"), key)
