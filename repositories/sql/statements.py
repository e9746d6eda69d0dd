"""The statements of the database repositories, each compiled once for all its values.

The statements that depend on requests of clients are in a bounded cache (`DatabaseSession.kept`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, reduce
from operator import add
from typing import Any

from sqlalchemy import (
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
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ColumnElement

from repositories.criteria import Filter, PageRequest
from repositories.drivers.compiled import Statement
from repositories.sql.criteria import (
    condition,
    page_of,
    reading_order,
)
from repositories.sql.dialects import POSTGRESQL, Dialect
from repositories.sql.mapping import EntityMapping, EntityTable
from repositories.sql.metadata import CLIENT, JsonText, ManyOf, PlainText
from repositories.sql.ownership import client_in, client_of_owner, passing_on
from repositories.sql.recording import origin_parameters
from repositories.sql.rows import children_of

OrderOf = Callable[[FromClause], Sequence[ColumnElement[Any]]]
"""Returns the order of the rows of a subquery."""


def read(entities: EntityTable, statement: Select[Any], order: OrderOf = lambda _: ()) -> Statement:
    """A statement whose rows are records that become part of an answer, in an order."""
    return limited(statement, entities.large_columns(), entities.key_name, entities.dialect, order)


def limited(
    statement: Select[Any],
    large: Sequence[str],
    key_name: str,
    dialect: Dialect,
    order: OrderOf = lambda _: (),
) -> Statement:
    """A statement whose `large` columns are read as far as the answer has room for them.

    Where it may not, they are NULL, and so is the key: in all rows of PostgreSQL, which adds up
    their lengths before it sends any; and in those of SQLite from where it's too much.
    """
    if not large:
        return dialect.compile(statement)
    names = list(statement.exported_columns.keys())
    found = None if dialect.counts_by_row else statement.subquery("found")
    columns: dict[str, Any] = dict(statement.exported_columns if found is None else found.c)
    sizes = [func.coalesce(dialect.size_of(columns[name]), 0) for name in large]
    size = reduce(add, sizes)
    first = next(name for name in names if name == key_name or name in large)

    def guarded(name: str) -> Any:
        column = columns[name]
        if name != key_name and name not in large:
            return column
        # A row counts once, with the first of its columns that is read.
        is_counted = name == first or not dialect.counts_by_row
        fits = dialect.fits(size if is_counted else literal_column("0"))
        return type_coerce(case((fits, column)), column.type).label(name)

    wanted = [guarded(name) for name in names]
    return dialect.compile(
        statement.with_only_columns(*wanted)
        if found is None
        else select(*wanted).order_by(*order(found)),
        counted=tuple(map(names.index, large)),
        key=names.index(key_name),
    )


# Reading


def by_column(entities: EntityTable, name: str) -> Statement:
    return read(entities, select(*entities.selection(name)).where(entities.among(name)))


def page(entities: EntityTable, shape: PageRequest) -> Statement:
    entities = entities.listed(shape.filter)
    query = select(*entities.selection(shape.order.field)).where(entities.matching(shape.filter))
    return read(
        entities,
        page_of(query, entities.rows, entities.key, shape),
        lambda found: reading_order(found, found.c[entities.key_name], shape),
    )


def count(entities: EntityTable, shape: Filter | None) -> Statement:
    entities = entities.listed(shape)
    query = select(func.count()).select_from(entities.rows)
    return entities.compile(query.where(entities.matching(shape)))


def pages_by(entities: EntityTable, reference: str, shape: PageRequest) -> Statement:
    """The statement finds the keys of each parent's page by an index, and then the rows by keys."""
    table, other = entities.rows, entities.rows_as("page")
    parents = entities.dialect.each_value(table.c[reference].type, "parent")
    key = other.c[entities.key_name]
    matching = condition(other, shape.filter, entities.dialect, by_client=False)
    rows = select(key).where(other.c[reference] == parents.c.value, matching)
    keys = page_of(rows, other, key, shape).correlate(parents)
    return read(
        entities,
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
    return entities.compile(
        select(column, func.count())
        .where(entities.among(reference), entities.matching(shape))
        .group_by(column)
    )


def children(entities: EntityTable) -> Statement:
    """The columns that the children's mapping names, and the parent's key.

    Parents come one after the other, and their children in order.
    """
    mapping = entities.mapping.children
    assert mapping is not None
    table, names = mapping.table, mapping.columns
    rows = children_of(
        table,
        entities.table,
        entities.key_name,
        entities.rule,
        entities.dialect,
    )
    parent = rows.c[entities.key_name]
    return limited(
        select(*(rows.c[name] for name in names), parent)
        .where(entities.dialect.among(parent, "values"))
        .order_by(parent, rows.c.position),
        # On SQLite, children's texts are short, and counted as the rows come.
        [
            name
            for name in names
            if isinstance(table.c[name].type, Text | JsonText)
            and not entities.dialect.counts_by_row
        ],
        entities.key_name,
        entities.dialect,
        lambda found: (found.c[entities.key_name], found.c.position),
    )


@cache
def for_update(entities: EntityTable) -> Statement:
    has_key = entities.key == bindparam("key", type_=entities.key.type)
    return entities.compile(select(*entities.selection()).where(has_key).with_for_update())


@cache
def keys_for_update(entities: EntityTable) -> Statement:
    """The keys among `values` that are there, locked in their order."""
    # The rows of a subquery would be locked before they are in order.
    key = entities.table.c[entities.key_name]
    found = select(key).where(entities.dialect.among(key, "values"))
    if entities.rule is not None:
        found = found.where(entities.is_seen)
    return entities.compile(found.order_by(key).with_for_update())


# Writing


@cache
def save(entities: EntityTable) -> Statement:
    """A call of PostgreSQL's function that saves an entity with its children, made by migrations.

    Its parameters are the columns, `expected_revision`, the `state` that the log is to have, in
    which are the children, and the origin of the event. It gives `created_at`, `updated_at`,
    `revision` and the client as they are stored now, and whether they are those of what was to be
    saved; and the children as the log has them, where they have attributes that are traced.
    """
    table = entities.table
    own = entities.mapping.saved_columns
    parameters = [bindparam(column.name, type_=column.type) for column in own]
    parameters.append(bindparam("expected_revision", type_=table.c.revision.type))
    parameters += [bindparam("state", type_=JsonText()), *origin_parameters()]
    function = getattr(func, f"save_{table.name}")
    stored = function(*parameters).table_valued(*_saved_columns(entities))
    return entities.compile(select(*stored.c))


def _saved_columns(
    entities: EntityTable, kind_of: Callable[[Any], Any] = lambda kind: kind
) -> Iterator[Column[Any]]:
    """What functions that save give, as columns of these kinds."""
    columns = entities.table.c
    yield Column("stored_created_at", kind_of(columns.created_at.type))
    yield Column("stored_updated_at", kind_of(columns.updated_at.type))
    yield Column("stored_revision", kind_of(columns.revision.type))
    yield Column("stored_client_id", kind_of(PlainText))
    yield Column("is_saved", kind_of(Boolean()))
    children = entities.mapping.children
    if children is not None and children.traced:
        yield Column("stored_children", kind_of(JsonText()))


@cache
def save_many(entities: EntityTable) -> Statement:
    """A call of PostgreSQL's function that saves entities with their children, made by migrations.

    Its parameters are lists, with a value for each entity in the order of their keys, of what
    `save` has for one; but for the origin of the events beside their ids and types. It gives a row
    of lists of what `save` gives for one.
    """
    table = entities.table
    kinds = {column.name: column.type for column in entities.mapping.saved_columns}
    kinds |= {"expected_revision": table.c.revision.type, "state": JsonText()}
    event_id, event_type, *origin = origin_parameters()
    kinds |= {event_id.key: PlainText, event_type.key: PlainText}
    lists = [bindparam(name, type_=ManyOf(kind)) for name, kind in kinds.items()]
    function = getattr(func, f"save_many_{table.name}")
    stored = function(*lists, *origin).table_valued(*_saved_columns(entities, ManyOf))
    return entities.compile(select(*stored.c))


@cache
def upsert(entities: EntityTable, owner: EntityMapping | None) -> Statement:
    """Insert the row, or change the one that has its key unless its revision isn't expected.

    The row gets the client of its owner. For SQLite; a function of PostgreSQL does the same.
    """
    table = entities.table
    names = [column.name for column in entities.mapping.columns]
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    if owner is not None:
        values[CLIENT] = client_of_owner(entities.mapping, owner)
    statement = sqlite.insert(table).values(values)
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
    return entities.compile(
        statement.on_conflict_do_update(
            index_elements=[table.c[entities.key_name]],
            set_=changes,
            where=(expected.is_(null()) | (table.c.revision == expected))
            & _all_equal(table, new, entities.mapping.unchanging),
        ).returning(
            table.c.created_at, table.c.updated_at, table.c.revision, client_in(table, entities)
        )
    )


def _all_equal(table: Table, new: Any, names: Sequence[str]) -> Any:
    return and_(true(), *(table.c[name] == new[name] for name in names))


@cache
def stored(entities: EntityTable) -> Statement:
    """The row that has the key, visible or not, and how many children it has."""
    children = entities.mapping.children
    count: Any = literal_column("0")
    if children is not None:
        parent = children.table.c[entities.key_name]
        count = (
            select(func.count())
            .where(parent == entities.table.c[entities.key_name])
            .scalar_subquery()
        )
    return entities.compile(select(*entities.mapping.columns, count).where(entities.has_key))


@cache
def stored_among(entities: EntityTable) -> Statement:
    """The rows whose keys are among `values`, visible or not."""
    key = entities.table.c[entities.key_name]
    found = select(*entities.mapping.columns).where(entities.dialect.among(key, "values"))
    return entities.compile(found)


@cache
def stored_children_among(entities: EntityTable) -> Statement:
    """The children of the keys among `values`, in their order, each with its parent's key."""
    children = entities.mapping.children
    assert children is not None
    columns = children.table.c
    parent = columns[entities.key_name]
    found = select(*(columns[name] for name in children.columns), parent)
    found = found.where(entities.dialect.among(parent, "values"))
    return entities.compile(found.order_by(parent, columns.position))


@cache
def put(entities: EntityTable) -> Statement:
    """Puts a row in the place of the one that has its key, if there is one."""
    names = [column.name for column in entities.mapping.columns]
    statement = sqlite.insert(entities.table).values({name: bindparam(name) for name in names})
    changes = {name: statement.excluded[name] for name in names if name != entities.key_name}
    return entities.compile(
        statement.on_conflict_do_update(
            index_elements=[entities.table.c[entities.key_name]], set_=changes
        )
    )


@cache
def stored_children(entities: EntityTable) -> Statement:
    """The children of the key, visible or not, in their order."""
    children = entities.mapping.children
    assert children is not None
    columns = children.table.c
    parent = columns[entities.key_name]
    has_key = parent == bindparam("key", type_=parent.type)
    found = select(*(columns[name] for name in children.columns)).where(has_key)
    return entities.compile(found.order_by(columns.position))


@cache
def deletion(entities: EntityTable, owned: tuple[EntityMapping, ...]) -> Statement:
    """Deletes what the caller may see, and gives its revision, its series and its client.

    PostgreSQL records the event by the same statement, which is given its origin, and takes the
    client from those that it owned.
    """
    table, record_type = entities.table, entities.mapping.record
    statement = delete(table).where(entities.has_key)
    if entities.rule is not None:
        statement = statement.where(entities.is_seen)

    def columns(rows: FromClause) -> list[Any]:
        series = record_type.series_name
        series_key = null().label("absent") if series is None else rows.c[series]
        return [rows.c.revision, series_key, client_in(rows, entities)]

    if not entities.dialect.saves_by_function:
        return entities.compile(statement.returning(*columns(table)))
    gone = statement.returning(*entities.mapping.columns).cte("gone")
    revision, series_key, client_id = columns(gone)
    event_id, event_type, *caused, occurred_at = origin_parameters()
    event = func.record_event(
        event_id,
        event_type,
        literal(record_type.entity_type, PlainText),
        gone.c[entities.key_name],
        series_key,
        revision,
        revision,
        true(),
        client_id,
        *caused,
        occurred_at,
        literal("[]", JsonText()),
        null(),
        null(),
        null(),
    )
    left = [passing_on(mapping, gone.c[entities.key_name]) for mapping in owned]
    return entities.compile(select(revision, series_key, client_id, event, *left))


@cache
def surplus_deletion(entities: EntityTable, table: Table) -> Statement:
    """Deletes the children from position `count` on."""
    parent = table.c[entities.key_name]
    has_key = parent == bindparam("key", type_=parent.type)
    is_surplus = table.c.position >= bindparam("count", type_=table.c.position.type)
    return entities.compile(delete(table).where(has_key, is_surplus))


@cache
def child_upsert(entities: EntityTable, table: Table) -> Statement:
    """Puts a child at its position, in place of another one that may be there.

    A child that is there as it is to be stays, and doesn't count as changed.

    To change a row in its place costs half of what it costs to delete it and to insert another.
    """
    identity = (entities.key_name, "position")
    names = [column.name for column in table.columns if column.name != "id"]
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    given = {name: statement.excluded[name] for name in names if name not in identity}
    differs = or_(*(table.c[it].is_distinct_from(given[it]) for it in given if it != "created_at"))
    return entities.compile(
        statement.on_conflict_do_update(index_elements=identity, set_=given, where=differs)
    )


def _advisory_locks() -> Statement:
    name = POSTGRESQL.each_value(Text(), "name").c.value
    hashed = func.hashtextextended(name, literal_column("0"))
    return POSTGRESQL.compile(select(func.pg_advisory_xact_lock(hashed)))


ADVISORY_LOCKS = _advisory_locks()
"""PostgreSQL's locks on the names, one after the other, for the rest of the transaction."""
