"""The template of the functions that change what is stored in its place, and insert what isn't.

An INSERT with ON CONFLICT costs PostgreSQL more than an UPDATE does, of the entity and of each of
its children; and almost every save is one of an entity that is there.
"""

from dataclasses import dataclass, replace
from typing import Final

from migrations.saved_tables import LoggedFields, SavedChildren, SavedTable


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The function's parameters: the columns by their names, and what follows them."""

    columns: dict[str, str]
    types: tuple[str, ...]
    expected: str
    state: str
    event_id: str
    event_type: str
    caller: str
    occurred_at: str

    @classmethod
    def of(cls, saved: SavedTable) -> "_Parameters":
        own = {**saved.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
        expected, state, event_id, event_type, *caller, occurred_at = (
            f"${len(own) + number}" for number in range(1, 10)
        )
        return cls(
            {name: f"${number}" for number, name in enumerate(own, 1)},
            (*own.values(), "integer", "json", *["text"] * 6, "timestamptz"),
            expected,
            state,
            event_id,
            event_type,
            ", ".join(caller),
            occurred_at,
        )


@dataclass(frozen=True, slots=True)
class _ClientParts:
    """What the function has that stores and returns the entity's client."""

    client: str = "stored_client_id"
    variables: str = ""
    lookup: str = ""
    column: str = ""
    value: str = ""
    change: tuple[str, ...] = ()
    returning: str = ""
    into: str = ""
    passing: str = ""


def _client_parts(saved: SavedTable, given: _Parameters) -> _ClientParts:
    """An owned entity gets the client of its owner when it's inserted, or refers to another owner.
    As long as it refers to the same one, it keeps what it has, which who changes the owner's client
    changes as well. What an entity owns gets its client when that isn't the one before."""
    assert saved.logged is not None
    if saved.logged.client is None:
        return _ClientParts()
    parts = _ClientParts(returning=", stored.client_id", into=", stored_client_id")
    has_another = "previous.client_id IS DISTINCT FROM stored_client_id"
    if saved.owner is not None:
        reference, owner = saved.owner
        refers = given.columns[reference]
        kept = f"CASE WHEN stored.{reference} = {refers} THEN stored.client_id ELSE client END"
        has_another = "client_is_known"
        parts = replace(
            parts,
            variables="\n    client text;\n    client_is_known boolean := false;",
            lookup=f"""
        IF NOT client_is_known AND previous.{reference} IS DISTINCT FROM {refers} THEN
            client := client_of_{owner}({refers});
            client_is_known := true;
        END IF;""",
            column=", client_id",
            value=", client",
            change=() if saved.unchanging == reference else (f"client_id = {kept}",),
        )
    if saved.owned:
        passing = "".join(
            f"\n        PERFORM pass_client_to_{table}(ARRAY[$1], stored_client_id);"
            for table in saved.owned
        )
        parts = replace(
            parts,
            passing=f"""
    IF previous.revision IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('client of {saved.table}:' || $1, 0));
    END IF;
    IF {has_another} THEN{passing}
    END IF;""",
        )
    return parts


def in_place(saved: SavedTable) -> str:
    """The function's parameters are the columns, `created_at`, `updated_at`, the expected
    revision or null, the entity with its children as the log has it, and what the log is to have
    of the event: its id and type, the caller's kind and id, on whose behalf, the request, the time.
    The children's positions are 0, 1, 2 …, in any order.

    It gives what is stored now, with the client, and whether that is what was to be saved; and the
    children as the log has them, where they have columns that are worked out.

    What was there before is read without a lock: if somebody else then changes it, the change of
    the row fails, and it's read again, under the lock. The first revision after a delete is the
    one after the last that the log knows.
    """
    logged = saved.logged
    assert logged is not None
    given = _Parameters.of(saved)
    client = _client_parts(saved, given)
    expected = given.expected
    changes = [f"{name} = {given.columns[name]}" for name in saved.columns if name != saved.key]
    changes += [
        f"updated_at = greatest(stored.updated_at, {given.columns['updated_at']})",
        "revision = stored.revision + 1",
        *client.change,
    ]
    allowed = f"({expected} IS NULL OR {{row}}.revision = {expected})"
    if saved.unchanging is not None:
        allowed += f" AND {{row}}.{saved.unchanging} = {given.columns[saved.unchanging]}"
    series = "NULL" if logged.series is None else given.columns[logged.series]
    returned = f"""RETURNING stored.created_at, stored.updated_at, stored.revision{client.returning}
            INTO stored_created_at, stored_updated_at, stored_revision{client.into};"""
    names_of_fields = [*logged.fields, *filter(None, [logged.children])]
    changed = []
    for name, columns in logged.fields.items():
        differ = " OR ".join(_differ(saved, given, column) for column in columns)
        changed.append(f"CASE WHEN {differ} THEN '\"{name}\"' END")
    children = returned_children = ""
    if saved.children is not None:
        changed.append(f"CASE WHEN children_changed > 0 THEN '\"{logged.children}\"' END")
        children = _placing(saved, saved.children, logged, given)
        if saved.children.are_traced:
            children = _tracing(saved, saved.children, given) + children
            returned_children = ",\n    stored_children json"
    everything = ",".join(f'"{name}"' for name in names_of_fields)
    return f"""
CREATE FUNCTION save_{saved.table}({", ".join(given.types)})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,
    stored_client_id text,
    is_saved boolean{returned_children}
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
DECLARE
    previous {saved.table}%ROWTYPE;
    last integer;
    changed_fields text;{client.variables}{_CHILDREN_VARIABLES if saved.children else ""}
BEGIN
    SELECT stored.* INTO previous FROM {saved.table} AS stored WHERE stored.{saved.key} = $1;
    LOOP{client.lookup}
        IF previous.revision IS NOT NULL THEN
            UPDATE {saved.table} AS stored SET {", ".join(changes)}
            WHERE stored.{saved.key} = $1 AND stored.revision = previous.revision
                AND {allowed.format(row="stored")}
            {returned}
        ELSIF {expected} > 0 THEN
            stored_revision := 0;
            is_saved := false;
            RETURN NEXT;
            RETURN;
        ELSE
            INSERT INTO {saved.table} AS stored (
                {", ".join(given.columns)}, revision{client.column}
            )
            VALUES ({", ".join(given.columns.values())}, 1{client.value})
            ON CONFLICT ({saved.key}) DO NOTHING
            {returned}
        END IF;
        is_saved := FOUND;
        EXIT WHEN is_saved;
        SELECT stored.* INTO previous FROM {saved.table} AS stored WHERE stored.{saved.key} = $1
        FOR UPDATE;
        IF FOUND AND NOT ({allowed.format(row="previous")}) THEN
            stored_revision := previous.revision;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    IF previous.revision IS NULL THEN
        last := last_revision('{logged.entity_type}', $1, {series});
        IF last > 0 THEN
            UPDATE {saved.table} AS stored SET revision = last + 1 WHERE stored.{saved.key} = $1
            RETURNING stored.revision INTO stored_revision;
        END IF;
    END IF;{children}{client.passing}
    IF previous.revision IS NULL THEN
        changed_fields := '[{everything}]';
    ELSE
        changed_fields := '[' || concat_ws(',', {", ".join(changed)}) || ']';
    END IF;
    PERFORM record_event(
        {given.event_id}, {given.event_type}, '{logged.entity_type}', $1, {series},
        stored_revision, coalesce(previous.revision, 0), false, {client.client},
        {given.caller}, {given.occurred_at}, changed_fields::json, {given.state},
        stored_created_at, stored_updated_at
    );
    RETURN NEXT;
END
$body$"""


def _differ(saved: SavedTable, given: _Parameters, column: str) -> str:
    # JSON has no equality, and its texts are what is kept.
    cast = "::text" if saved.columns[column] == "json" else ""
    return f"previous.{column}{cast} IS DISTINCT FROM {given.columns[column]}{cast}"


_CHILDREN_VARIABLES: Final = """
    given json;
    given_count integer;
    stored_count integer := 0;
    children_changed integer := 0;"""


def _tracing(saved: SavedTable, children: SavedChildren, given: _Parameters) -> str:
    """Completes what the log is to have of the children."""
    assert saved.owner is not None
    reference, _ = saved.owner
    return f"""
    {given.state} := trace_one_{children.table}(
        $1, {given.columns[reference]}, previous.{reference}, {given.state});"""


def _placing(
    saved: SavedTable, children: SavedChildren, logged: LoggedFields, given: _Parameters
) -> str:
    """Puts the children in their places, and counts those that weren't there as they are."""
    key, table = saved.key, children.table
    kinds = {logged_as: children.columns[column] for logged_as, column in logged.members.items()}
    items = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    item_of = {column: f'item."{name}"' for name, column in logged.members.items()}
    updated_at = given.columns["updated_at"]

    def text(value: str, column: str) -> str:
        return f"{value}::text" if children.columns[column] == "json" else value

    stored_values = ", ".join(text(f"child.{column}", column) for column in children.columns)
    given_values = ", ".join(text(item_of[column], column) for column in children.columns)
    sets = ", ".join(f"{column} = {item_of[column]}" for column in children.columns)
    source = f"json_to_recordset(given) AS item (position integer, {items})"
    returning = "\n    stored_children := given;" if children.are_traced else ""
    return f"""
    given := {given.state} -> '{logged.children}';
    given_count := json_array_length(given);
    IF previous.revision IS NOT NULL THEN
        SELECT count(*) INTO stored_count FROM {table} AS child WHERE child.{key} = $1;
        IF given_count < stored_count THEN
            DELETE FROM {table} AS child WHERE child.{key} = $1 AND child.position >= given_count;
        END IF;
        UPDATE {table} AS child SET created_at = {updated_at}, {sets}
        FROM {source}
        WHERE child.{key} = $1 AND child.position = item.position
            AND ({stored_values}) IS DISTINCT FROM ({given_values});
        GET DIAGNOSTICS children_changed = ROW_COUNT;
    END IF;
    IF stored_count < given_count THEN
        INSERT INTO {table} ({key}, created_at, position, {", ".join(children.columns)})
        SELECT $1, {updated_at}, item.position, {", ".join(item_of.values())}
        FROM {source}
        WHERE item.position >= stored_count;
    END IF;
    children_changed := children_changed + abs(given_count - stored_count);\
{returning}"""
