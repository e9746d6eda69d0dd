"""The statements of the database repositories, each written once for all its values.

Those whose number clients decide on are kept by sessions (`DatabaseSession.kept`).
"""

from collections.abc import Callable, Sequence
from functools import cache, reduce
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from repositories.answer_size import ANSWER_BYTES, UNLIMITED
from repositories.criteria import Filter, PageRequest
from repositories.drivers.compiled import Statement, compile_statement
from repositories.sql.criteria import (
    among,
    condition,
    each_value,
    page_of,
    reading_order,
)
from repositories.sql.json_sizes import FITS, size_of
from repositories.sql.metadata import JsonText, may_be_large
from repositories.sql.rows import children_of, meets, rows_as, rows_of

OrderOf = Callable[[FromClause], Sequence[ColumnElement[Any]]]
"""The order of rows that are found by a subquery."""


class EntityTable(NamedTuple):
    """A parent table and its business key, on one kind of database.

    Statements are looked up by it, so it's a tuple: the fastest to be hashed.
    """

    table: Table
    key_name: str
    is_sqlite: bool
    selected: frozenset[str] | None = None
    """The attributes that somebody wants; None: all. Rows have NULL in place of others."""
    rule: Filter | None = None
    """The shape of the rule for what the caller may see; None: everything."""

    @property
    def rows(self) -> FromClause:
        """What the caller may see of the table."""
        return rows_of(self.table, self.rule, is_sqlite=self.is_sqlite)

    def rows_as(self, name: str) -> FromClause:
        """The same, under another name."""
        return rows_as(name, self.table, self.rule, is_sqlite=self.is_sqlite)

    @property
    def key(self) -> ColumnElement[Any]:
        return self.rows.c[self.key_name]

    @property
    def columns(self) -> list[Column[Any]]:
        """What rows consist of, in order."""
        return [column for column in self.table.columns if column.name != "id"]

    def selection(self, *needed: str) -> list[Any]:
        """The columns, but for those that nobody wants, that aren't keys and that aren't needed."""
        return [
            self.rows.c[column.name]
            if self._is_selected(column.name, needed)
            else null().label(column.name)
            for column in self.columns
        ]

    def _is_selected(self, name: str, needed: Sequence[str]) -> bool:
        if self.selected is None or name in needed or name in self.selected:
            return True
        # Several columns may be one attribute: `scope_exclusions` is of `scope`.
        return name.endswith("_id") or name.split("_", maxsplit=1)[0] in self.selected

    def place_of(self, name: str) -> int:
        """Where the column is in a row."""
        return _places(self.table)[name]

    @property
    def has_key(self) -> Any:
        """A row of the table has the `key`, whoever may see it."""
        key = self.table.c[self.key_name]
        return key == bindparam("key", type_=key.type)

    @property
    def is_seen(self) -> Any:
        """The caller may see a row of the table."""
        return meets(self.rule, self.table, is_sqlite=self.is_sqlite)

    def among(self, name: str) -> Any:
        """The column is one of `values`."""
        return among(self.rows.c[name], "values", is_sqlite=self.is_sqlite)

    def matching(self, shape: Filter | None) -> Any:
        return condition(self.rows, shape, is_sqlite=self.is_sqlite)

    def compiled(self, statement: Any) -> Statement:
        return compile_statement(statement, is_sqlite=self.is_sqlite)

    def read(self, statement: Select[Any], order: OrderOf = lambda _: ()) -> Statement:
        """A statement whose rows are records, of which answers are made, in an order."""
        large = [
            column.name
            for column in self.columns
            if may_be_large(column) and self._is_selected(column.name, ())
        ]
        return limited(statement, large, self.key_name, order, is_sqlite=self.is_sqlite)


def limited(
    statement: Select[Any],
    large: Sequence[str],
    key_name: str,
    order: OrderOf = lambda _: (),
    *,
    is_sqlite: bool,
) -> Statement:
    """A statement whose `large` columns are read while the answer may have so much.

    Where it may not, they are NULL, and so is the key: in all rows of PostgreSQL, which adds up
    their lengths before it sends any; and in those of SQLite from where it's too much.
    """
    if not large:
        return compile_statement(statement, is_sqlite=is_sqlite)
    names = list(statement.exported_columns.keys())
    found = None if is_sqlite else statement.subquery("found")
    columns: dict[str, Any] = dict(statement.exported_columns if found is None else found.c)
    sizes = [func.coalesce(size_of(columns[name], is_sqlite=is_sqlite), 0) for name in large]
    size = reduce(add, sizes)
    first = next(name for name in names if name == key_name or name in large)

    def guarded(name: str) -> Any:
        column = columns[name]
        if name != key_name and name not in large:
            return column
        # A row counts once, with the first of its columns that is read.
        counted = size if name == first else literal_column("0")
        fits = (
            getattr(func, FITS)(counted) != 0
            if is_sqlite
            else func.sum(size).over() <= bindparam(ANSWER_BYTES, UNLIMITED, BigInteger())
        )
        return type_coerce(case((fits, column)), column.type).label(name)

    wanted = [guarded(name) for name in names]
    return compile_statement(
        statement.with_only_columns(*wanted)
        if found is None
        else select(*wanted).order_by(*order(found)),
        is_sqlite=is_sqlite,
        counted=tuple(map(names.index, large)),
        key=names.index(key_name),
    )


@cache
def _places(table: Table) -> dict[str, int]:
    names = [column.name for column in table.columns if column.name != "id"]
    return {name: place for place, name in enumerate(names)}


# Reading


def by_column(entities: EntityTable, name: str) -> Statement:
    return entities.read(select(*entities.selection(name)).where(entities.among(name)))


def page(entities: EntityTable, shape: PageRequest) -> Statement:
    query = select(*entities.selection(shape.order.field)).where(entities.matching(shape.filter))
    return entities.read(
        page_of(query, entities.rows, entities.key, shape),
        lambda found: reading_order(found, found.c[entities.key_name], shape),
    )


def count(entities: EntityTable, shape: Filter | None) -> Statement:
    query = select(func.count()).select_from(entities.rows)
    return entities.compiled(query.where(entities.matching(shape)))


def pages_by(entities: EntityTable, reference: str, shape: PageRequest) -> Statement:
    """Each parent's page is found by itself, as an index has it; then come the rows, by keys."""
    table, other = entities.rows, entities.rows_as("page")
    parents = each_value(table.c[reference].type, "parent", is_sqlite=entities.is_sqlite)
    key = other.c[entities.key_name]
    matching = condition(other, shape.filter, is_sqlite=entities.is_sqlite)
    rows = select(key).where(other.c[reference] == parents.c.value, matching)
    keys = page_of(rows, other, key, shape).correlate(parents)
    return entities.read(
        select(*entities.selection(shape.order.field))
        .select_from(parents.join(table, entities.key.in_(keys.scalar_subquery())))
        .order_by(table.c[reference], *reading_order(table, entities.key, shape)),
        lambda found: (
            found.c[reference],
            *reading_order(found, found.c[entities.key_name], shape),
        ),
    )


def counts_by(entities: EntityTable, reference: str, shape: Filter | None) -> Statement:
    column = entities.rows.c[reference]
    return entities.compiled(
        select(column, func.count())
        .where(entities.among(reference), entities.matching(shape))
        .group_by(column)
    )


def children(entities: EntityTable, table: Table, names: tuple[str, ...]) -> Statement:
    """The named columns and the parent's key, in the order of the parents' children."""
    rows = children_of(
        table,
        entities.table,
        entities.key_name,
        entities.rule,
        is_sqlite=entities.is_sqlite,
    )
    parent = rows.c[entities.key_name]
    return limited(
        select(*(rows.c[name] for name in names), parent)
        .where(among(parent, "values", is_sqlite=entities.is_sqlite))
        .order_by(parent, rows.c.position),
        # On SQLite they are short, and counted as they come.
        [
            name
            for name in names
            if isinstance(table.c[name].type, Text | JsonText) and not entities.is_sqlite
        ],
        entities.key_name,
        lambda found: (found.c[entities.key_name], found.c.position),
        is_sqlite=entities.is_sqlite,
    )


@cache
def revision(entities: EntityTable) -> Statement:
    """Of whichever row has the key: nobody else may save under it."""
    return entities.compiled(select(entities.table.c.revision).where(entities.has_key))


@cache
def for_update(entities: EntityTable) -> Statement:
    has_key = entities.key == bindparam("key", type_=entities.key.type)
    return entities.compiled(select(*entities.selection()).where(has_key).with_for_update())


# Writing


@cache
def save(entities: EntityTable, *, has_children: bool) -> Statement:
    """A call of PostgreSQL's function that saves an entity with its children, made by migrations.

    Its parameters are the columns, `expected_revision`, and where entities have children these, as
    a JSON list of objects. It gives `created_at`, `updated_at` and `revision` as they are stored
    now, and whether they are those of what was to be saved.
    """
    table = entities.table
    own = [column for column in entities.columns if column is not table.c.revision]
    parameters = [bindparam(column.name, type_=column.type) for column in own]
    parameters.append(bindparam("expected_revision", type_=table.c.revision.type))
    if has_children:
        # One text is far cheaper for the driver than an array for each of their columns.
        parameters.append(bindparam("children", type_=JsonText()))
    function = getattr(func, f"save_{table.name}")
    stored = function(*parameters).table_valued(
        Column("stored_created_at", table.c.created_at.type),
        Column("stored_updated_at", table.c.updated_at.type),
        Column("stored_revision", table.c.revision.type),
        Column("is_saved", Boolean()),
    )
    return entities.compiled(select(*stored.c))


@cache
def upsert(entities: EntityTable, unchanging: tuple[str, ...]) -> Statement:
    """Insert the row, or change the one that has its key unless its revision isn't expected.

    One statement: on PostgreSQL it waits for a concurrent writer of the same key and then
    sees what that one committed.
    """
    table = entities.table
    build = sqlite.insert if entities.is_sqlite else postgresql.insert
    names = [column.name for column in entities.columns]
    statement = build(table).values({name: bindparam(name) for name in names})
    new = statement.excluded
    changes: dict[str, Any] = {
        name: new[name] for name in names if name not in (entities.key_name, "created_at")
    }
    changes |= {
        "revision": table.c.revision + 1,
        "updated_at": case(
            (new.updated_at > table.c.updated_at, new.updated_at),
            else_=table.c.updated_at,
        ),
    }
    expected = bindparam("expected_revision", type_=table.c.revision.type)
    return entities.compiled(
        statement.on_conflict_do_update(
            index_elements=[table.c[entities.key_name]],
            set_=changes,
            where=(expected.is_(null()) | (table.c.revision == expected))
            & _all_equal(table, new, unchanging),
        ).returning(table.c.created_at, table.c.updated_at, table.c.revision)
    )


def _all_equal(table: Table, new: Any, names: Sequence[str]) -> Any:
    return and_(true(), *(table.c[name] == new[name] for name in names))


@cache
def deletion(entities: EntityTable) -> Statement:
    """Deletes what the caller may see, and gives the key of what it deleted."""
    statement = delete(entities.table).where(entities.has_key)
    if entities.rule is not None:
        statement = statement.where(entities.is_seen)
    return entities.compiled(statement.returning(entities.table.c[entities.key_name]))


@cache
def surplus_deletion(entities: EntityTable, table: Table) -> Statement:
    """Deletes the children from position `count` on."""
    parent = table.c[entities.key_name]
    has_key = parent == bindparam("key", type_=parent.type)
    is_surplus = table.c.position >= bindparam("count", type_=table.c.position.type)
    return entities.compiled(delete(table).where(has_key, is_surplus))


@cache
def child_upsert(entities: EntityTable, table: Table) -> Statement:
    """Puts a child at its position, in place of the one that may be there.

    To change a row in its place costs half of what it costs to delete it and to insert another.
    """
    identity = (entities.key_name, "position")
    names = [column.name for column in table.columns if column.name != "id"]
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    return entities.compiled(
        statement.on_conflict_do_update(
            index_elements=identity,
            set_={name: statement.excluded[name] for name in names if name not in identity},
        )
    )


ADVISORY_LOCK = compile_statement(
    select(
        func.pg_advisory_xact_lock(
            func.hashtextextended(bindparam("name", type_=Text()), literal_column("0"))
        )
    ),
    is_sqlite=False,
)
"""PostgreSQL's lock on the name, for the rest of the transaction."""
