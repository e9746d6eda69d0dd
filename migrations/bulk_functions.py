"""PostgreSQL's functions that save many entities of a type with their children, in one call.

They do for all what the functions in `save_functions.py` do for one, each step by one statement for
all of them, and in the same order: each statement sees what was committed before it began.

Applied revisions depend on the templates, which have numbers: add templates, never change one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from migrations import bulk_children
from migrations.bulk_children import Lists
from migrations.saved_tables import LoggedFields, SavedChildren, SavedTable


def creation(saved: SavedTable, *, template: int) -> str:
    """The SQL that makes the function `save_many_<table>` by the template of this number."""
    return _TEMPLATES[template](saved)


def removal(saved: SavedTable) -> str:
    """The SQL that drops the function: one whose columns change has to be dropped and created."""
    return f"DROP FUNCTION save_many_{saved.table}"


@dataclass(frozen=True, slots=True)
class _Placing:
    """How a template puts the children in their places: the SQL, and the variables it needs."""

    sql: Callable[[str, SavedChildren, LoggedFields, Lists], str]
    variables: tuple[str, ...]


def _in_steps(saved: SavedTable, placing: _Placing) -> str:
    """The function's parameters are lists with a value for each entity: the columns, `created_at`,
    `updated_at`, the expected revision or null, the entity with its children as the log has it, the
    event's id and type; and then, for all of them, what the log is to have of the caller: the kind,
    the id, on whose behalf, the request; and the time. The entities have different keys, which
    come in ascending order; the positions of children are 0, 1, 2 …, in any order.

    It gives lists of what is stored now, and whether that is what was to be saved.

    Locks are taken in this order, so that two calls never wait for each other: those on owners, on
    entities that are there, on those that are new; each in the order of keys. A new one that
    somebody else has inserted meanwhile fails the call like a serialization failure.
    """
    own = {**saved.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    logged = saved.logged
    assert logged is not None
    types = [
        *(f"{kind}[]" for kind in own.values()),
        "integer[]",
        "json[]",
        "text[]",
        "text[]",
        *["text"] * 4,
        "timestamptz",
    ]
    names = (*own, "expected", "state", "event_id", "event_type")
    after = len(names) + 1
    caller = [f"${number}" for number in range(after, after + 5)]
    lists = Lists(
        {
            **{name: f"${number}" for number, name in enumerate(names, 1)},
            "before": "befores",
            "client": "clients",
            "created": "stored_created_at",
            "updated": "stored_updated_at",
            "revision": "stored_revision",
            "is_accepted": "is_saved",
            "changed": "changed_fields",
            "sought": "sought",
            "owner_client": "owner_clients",
            "list": "lists",
            "owner_before": "owners_before",
            "length": "lengths",
            "count": "counts",
        }
    )
    steps = [
        *_owners(saved, lists),
        _locking(saved, lists),
        _insertion(saved, logged, lists),
        _update(saved, lists),
        *_tracing(saved, lists),
        *([placing.sql(saved.key, saved.children, logged, lists)] if saved.children else ()),
        *_passing(saved, lists),
        _events(saved, logged, lists, caller),
    ]
    declared = "".join(f"\n    {each};" for each in _variables(saved, placing))
    returned = returning = ""
    if _are_traced(saved):
        returned = ",\n    stored_children json[]"
        returning = "\n    stored_children := lists;"
    return f"""
CREATE FUNCTION save_many_{saved.table}({", ".join(types)})
RETURNS TABLE (
    stored_created_at timestamptz[],
    stored_updated_at timestamptz[],
    stored_revision integer[],
    stored_client_id text[],
    is_saved boolean[]{returned}
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $body$
DECLARE{declared}
BEGIN{"".join(steps)}
    stored_client_id := clients;{returning}
    RETURN NEXT;
END
$body$"""


def _variables(saved: SavedTable, placing: _Placing) -> Iterator[str]:
    yield from ("befores integer[]", "clients text[]", "changed_fields text[]")
    yield from ("inserted integer", "count integer", "lasts integer[]", "is_late boolean")
    if saved.owner is not None:
        yield from ("sought text[]", "owner_clients text[]")
    if saved.children is not None:
        yield from placing.variables
    if _are_traced(saved):
        yield "owners_before text[]"
    if saved.owned:
        yield "together record"


def _are_traced(saved: SavedTable) -> bool:
    """Whether what isn't told of children is worked out."""
    return saved.children is not None and saved.children.are_traced


def _owners(saved: SavedTable, lists: Lists) -> Iterator[str]:
    """Looks up the clients of new owners. An entity that refers to the same one keeps its client,
    which who changes the owner's client changes as well."""
    if saved.owner is None:
        return
    reference, owner = saved.owner
    given = lists.given(saved.key, reference)
    yield f"""
    SELECT array_agg(found.sought) INTO sought FROM (
        SELECT CASE WHEN stored.{reference} IS DISTINCT FROM given.{reference}
            THEN given.{reference} END AS sought
        FROM {given}
        LEFT JOIN {saved.table} AS stored ON stored.{saved.key} = given.{saved.key}
        ORDER BY given.number
    ) AS found;
    owner_clients := clients_of_{owner}(sought);"""


def _locking(saved: SavedTable, lists: Lists) -> str:
    """Locks the entities that are there, and decides which may be saved."""
    logged = saved.logged
    assert logged is not None
    names = [*saved.columns, "created_at", "updated_at", "expected"]
    client, is_late = "NULL", "false"
    if saved.owner is not None:
        reference, _ = saved.owner
        names += ["sought", "owner_client"]
        is_kept = f"stored.{reference} = given.{reference}"
        client = f"CASE WHEN {is_kept} THEN stored.client_id ELSE given.owner_client END"
        # It refers to another owner than it did a moment before.
        is_late = f"given.sought IS NULL AND ({is_kept}) IS NOT TRUE"
    elif logged.client is not None:
        client = f"given.{logged.client}"
    is_accepted = "given.expected IS NULL OR given.expected = coalesce(stored.revision, 0)"
    if saved.unchanging is not None:
        differs = f"stored.{saved.unchanging} <> given.{saved.unchanging}"
        is_late += f" OR ({is_accepted}) AND {differs}"
    changed = ", ".join(
        f"CASE WHEN {' OR '.join(_differ(saved, column) for column in columns)}"
        f" THEN '\"{name}\"' END"
        for name, columns in logged.fields.items()
    )
    stored = ["revision", "created_at", "updated_at", *saved.columns]
    if saved.owner is not None:
        stored.append("client_id")
    columns = ", ".join(f"own.{name}" for name in stored)
    owners_before = into_owners = owner_before = ""
    if _are_traced(saved):
        assert saved.owner is not None
        reference, _ = saved.owner
        owners_before, into_owners = ", array_agg(found.owner_before)", ", owners_before"
        owner_before = f",\n            stored.{reference} AS owner_before"
    return f"""
    SELECT array_agg(found.before), array_agg(found.created), array_agg(found.updated),
        array_agg(found.client), array_agg(found.is_accepted), array_agg(found.changed),
        count(*) FILTER (WHERE found.is_accepted AND found.before = 0), bool_or(found.is_late)\
{owners_before}
    INTO befores, stored_created_at, stored_updated_at, clients, is_saved, changed_fields,
        inserted, is_late{into_owners}
    FROM (
        SELECT coalesce(stored.revision, 0) AS before,
            coalesce(stored.created_at, given.created_at) AS created,
            greatest(stored.updated_at, given.updated_at) AS updated,
            {client} AS client,
            {is_accepted} AS is_accepted,
            concat_ws(',', {changed}) AS changed,
            {is_late} AS is_late{owner_before}
        FROM {lists.given(*names)}
        LEFT JOIN LATERAL (
            SELECT {columns} FROM {saved.table} AS own
            WHERE own.{saved.key} = given.{saved.key} FOR UPDATE
        ) AS stored ON true
        ORDER BY given.number
    ) AS found;
    IF is_late THEN
        {_CONFLICT}
    END IF;"""


_CONFLICT: Final = (
    "RAISE EXCEPTION 'another writer changed the same rows' USING ERRCODE = "
    "'serialization_failure';"
)


def _differ(saved: SavedTable, column: str) -> str:
    # JSON has no equality, and its texts are what is kept.
    cast = "::text" if saved.columns[column] == "json" else ""
    return f"stored.{column}{cast} IS DISTINCT FROM given.{column}{cast}"


def _insertion(saved: SavedTable, logged: LoggedFields, lists: Lists) -> str:
    """Inserts those that aren't there. The first revision after a delete is the one after the last
    that the log knows."""
    columns = [*saved.columns, "created_at", "updated_at"]
    names, clients = [*columns], ""
    if saved.owner is not None:
        names.append("client")
        clients = ", client_id"
    values = ", ".join(f"given.{name}" for name in columns)
    given = lists.given(*names, "before", "is_accepted")
    new = "given.is_accepted AND given.before = 0"
    series = "NULL"
    if logged.series is not None:
        series = f"array_agg(CASE WHEN {new} THEN given.{logged.series} END)"
    keys = [saved.key, *filter(None, [logged.series])]
    return f"""
    IF inserted > 0 THEN
        INSERT INTO {saved.table} ({", ".join(columns)}, revision{clients})
        SELECT {values}, 1{", given.client" if clients else ""}
        FROM {given}
        WHERE {new} ORDER BY given.number
        ON CONFLICT ({saved.key}) DO NOTHING;
        GET DIAGNOSTICS count = ROW_COUNT;
        IF count < inserted THEN
            {_CONFLICT}
        END IF;
        SELECT last_revisions('{logged.entity_type}',
            array_agg(CASE WHEN {new} THEN given.{saved.key} END), {series})
        INTO lasts FROM {lists.given(*dict.fromkeys(keys), "before", "is_accepted")};
        UPDATE {saved.table} AS stored SET revision = given.last + 1
        FROM unnest({lists.expressions[saved.key]}, lasts) AS given ({saved.key}, last)
        WHERE stored.{saved.key} = given.{saved.key} AND given.last > 0;
    END IF;
    SELECT array_agg(found.revision) INTO stored_revision FROM (
        SELECT CASE WHEN given.is_accepted
            THEN coalesce(nullif(given.before, 0), given.last, 0) + 1
            ELSE given.before END AS revision
        FROM unnest(befores, is_saved, lasts)
        WITH ORDINALITY AS given (before, is_accepted, last, number) ORDER BY given.number
    ) AS found;"""


def _update(saved: SavedTable, lists: Lists) -> str:
    """Replaces those that are there."""
    changed = [name for name in saved.columns if name != saved.key]
    names = [*saved.columns, "updated", "revision", "before", "is_accepted"]
    sets = [f"{name} = given.{name}" for name in changed]
    sets += ["updated_at = given.updated", "revision = given.revision"]
    if saved.owner is not None:
        names.append("client")
        sets.append("client_id = given.client")
    return f"""
    IF 0 < ANY(befores) THEN
        UPDATE {saved.table} AS stored SET {", ".join(sets)}
        FROM {lists.given(*names)}
        WHERE stored.{saved.key} = given.{saved.key}
            AND given.is_accepted AND given.before > 0;
    END IF;"""


def _tracing(saved: SavedTable, lists: Lists) -> Iterator[str]:
    """Completes what the log is to have of the children."""
    if saved.children is None or not saved.children.are_traced:
        return
    assert saved.owner is not None
    reference, _ = saved.owner
    state, owner = lists.expressions["state"], lists.expressions[reference]
    yield f"""
    {state} := trace_{saved.children.table}(
        {lists.expressions[saved.key]}, {owner}, owners_before, {state});"""


def _passing(saved: SavedTable, lists: Lists) -> Iterator[str]:
    """Gives what the entities own their client, where that may not be the one before."""
    if not saved.owned:
        return
    names = [saved.key, "before", "is_accepted", "client"]
    has_another = "true"
    if saved.owner is not None:
        names.append("sought")
        has_another = "given.sought IS NOT NULL"
    calls = "".join(
        f"\n        PERFORM pass_client_to_{table}(together.keys, together.client);"
        for table in saved.owned
    )
    yield f"""
    PERFORM pg_advisory_xact_lock(hashtextextended('client of {saved.table}:' || added.key, 0))
    FROM (
        SELECT given.{saved.key} AS key FROM {lists.given(saved.key, "before", "is_accepted")}
        WHERE given.is_accepted AND given.before = 0 ORDER BY given.number
    ) AS added;
    FOR together IN
        SELECT given.client, array_agg(given.{saved.key} ORDER BY given.number) AS keys
        FROM {lists.given(*names)}
        WHERE given.is_accepted AND {has_another} GROUP BY given.client ORDER BY given.client
    LOOP{calls}
    END LOOP;"""


def _events(saved: SavedTable, logged: LoggedFields, lists: Lists, caller: Sequence[str]) -> str:
    fields = [*logged.fields, *filter(None, [logged.children])]
    everything = ",".join(f'"{name}"' for name in fields)
    children = ""
    if saved.children is not None:
        children = f""",
                CASE WHEN given.{saved.key} IN (SELECT unnest(moved || gone))
                    THEN '"{logged.children}"' END"""
    series, of_series = "NULL", ""
    if logged.series is not None:
        series, of_series = "array_agg(saved.series)", f"given.{logged.series} AS series, "
    names = (saved.key, "event_id", "event_type", "state", "before", "client", "revision")
    given = lists.given(
        *dict.fromkeys([*names, *filter(None, [logged.series])]),
        *("created", "updated", "changed", "is_accepted"),
    )
    kind, id, behalf, request, occurred_at = caller
    return f"""
    PERFORM record_events(
        array_agg(saved.event_id), array_agg(saved.event_type), '{logged.entity_type}',
        array_agg(saved.key), {series}, array_agg(saved.revision), array_agg(saved.before),
        array_agg(saved.client), {kind}, {id}, {behalf}, {request}, {occurred_at},
        array_agg(saved.changed::json), array_agg(saved.state), array_agg(saved.created),
        array_agg(saved.updated)
    )
    FROM (
        SELECT given.{saved.key} AS key, {of_series}given.event_id, given.event_type,
            given.state, given.before, given.client, given.revision, given.created, given.updated,
            CASE WHEN given.before = 0 THEN '[{everything}]'
                ELSE '[' || concat_ws(',', nullif(given.changed, ''){children}) || ']'
            END AS changed
        FROM {given}
        WHERE given.is_accepted ORDER BY given.number
    ) AS saved;"""


_UPSERTED: Final = _Placing(bulk_children.upserted, ("lists json[]", "moved text[]", "gone text[]"))
_IN_PLACE: Final = _Placing(
    bulk_children.in_place,
    (
        *("lists json[]", "moved text[]", "gone text[]"),
        *("lengths integer[]", "counts integer[]", "have_surplus boolean", "have_more boolean"),
    ),
)

_TEMPLATES: Final[Mapping[int, Callable[[SavedTable], str]]] = {
    1: partial(_in_steps, placing=_UPSERTED),
    2: partial(_in_steps, placing=_IN_PLACE),
}


def newest(saved: SavedTable) -> str:
    """The SQL that creates the function by the newest template."""
    return creation(saved, template=2)
