"""PostgreSQL's functions that save an entity with its children, which revisions make of templates.

Each statement of a function sees what was committed before the statement began. So the statements
after the one that waited for the row's lock see what the lock's last owner stored. A single
statement with data-modifying parts wouldn't.

Applied revisions depend on the templates, which have numbers: add templates, never change one. A
revision names the columns as they are at its time (`saved_tables_by_revision.py`), so that it
always makes the same function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from migrations.save_functions_in_place import in_place
from migrations.saved_tables import LoggedFields, SavedChildren, SavedTable


def creation(saved: SavedTable, *, template: int) -> str:
    """The SQL that makes the function `save_<table>` by the template of this number."""
    return _TEMPLATES[template](saved)


def removal(saved: SavedTable) -> str:
    """The SQL that drops the function: one whose columns change has to be dropped and created."""
    return f"DROP FUNCTION save_{saved.table}"


def _children_as_arrays(saved: SavedTable) -> str:
    """The function's parameters are the columns, `created_at`, `updated_at`, the expected
    revision or null, and arrays of the children's positions and columns, or nulls to leave them.

    It gives what is stored now, and whether that is what was to be saved.
    """
    own = {**saved.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    names = list(own)
    key, updated_at, expected = names[0], f"${len(own)}", f"${len(own) + 1}"
    changes = [f"{name} = excluded.{name}" for name in names[1:-2]] + [
        "updated_at = greatest(stored.updated_at, excluded.updated_at)",
        "revision = stored.revision + 1",
    ]
    condition = f"({expected} IS NULL OR stored.revision = {expected})"
    if saved.unchanging is not None:
        condition += f" AND stored.{saved.unchanging} = excluded.{saved.unchanging}"
    types = [*own.values(), "integer"]
    children = ""
    if saved.children is not None:
        child = {"position": "integer", **saved.children.columns}
        arrays = [f"${len(types) + number}" for number in range(1, len(child) + 1)]
        types += [f"{kind}[]" for kind in child.values()]
        children = f"""
    IF {arrays[0]} IS NOT NULL THEN
        IF stored_revision > 1 THEN
            DELETE FROM {saved.children.table} WHERE {key} = $1;
        END IF;
        INSERT INTO {saved.children.table} ({key}, created_at, {", ".join(child)})
        SELECT $1, {updated_at}, child.* FROM unnest({", ".join(arrays)}) AS child;
    END IF;"""
    return f"""
CREATE FUNCTION save_{saved.table}({", ".join(types)})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,
    is_saved boolean
)
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO {saved.table} AS stored ({", ".join(names)}, revision)
    VALUES ({", ".join(f"${number}" for number in range(1, len(own) + 1))}, 1)
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(changes)}
    WHERE {condition}
    RETURNING stored.created_at, stored.updated_at, stored.revision
    INTO stored_created_at, stored_updated_at, stored_revision;
    is_saved := FOUND;
    IF NOT is_saved THEN
        stored_revision := coalesce(
            (SELECT stored.revision FROM {saved.table} AS stored WHERE stored.{key} = $1), 0);
        RETURN NEXT;
        RETURN;
    END IF;
    IF stored_revision = 1 AND {expected} > 0 THEN
        DELETE FROM {saved.table} AS stored WHERE stored.{key} = $1;
        stored_revision := 0;
        is_saved := false;
        RETURN NEXT;
        RETURN;
    END IF;{children}
    RETURN NEXT;
END
$body$"""


def _children_as_json(saved: SavedTable) -> str:
    """The function's parameters are the columns, `created_at`, `updated_at`, the expected
    revision or null, and a JSON list of the children with their positions, or null to leave them.
    The positions are 0, 1, 2 …, in any order.

    It gives what is stored now, and whether that is what was to be saved.

    Its plans are made once for all values: with the values known, deleting the surplus looks so
    cheap, for there mostly is none, that PostgreSQL would plan it anew each time.
    """
    own = {**saved.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    names = list(own)
    key, updated_at = names[0], f"${len(own)}"
    expected, given = f"${len(own) + 1}", f"${len(own) + 2}"
    changes = [f"{name} = excluded.{name}" for name in names[1:-2]] + [
        "updated_at = greatest(stored.updated_at, excluded.updated_at)",
        "revision = stored.revision + 1",
    ]
    condition = f"({expected} IS NULL OR stored.revision = {expected})"
    if saved.unchanging is not None:
        condition += f" AND stored.{saved.unchanging} = excluded.{saved.unchanging}"
    assert saved.children is not None
    children = saved.children.table
    columns = saved.children.columns
    child_changes = [f"{name} = excluded.{name}" for name in ("created_at", *columns)]
    # A JSON document is a text within the list, and has to stay that text.
    kinds = {name: "text" if kind == "json" else kind for name, kind in columns.items()}
    items = ", ".join(f"{name} {kind}" for name, kind in {"position": "integer", **kinds}.items())
    values = ", ".join(f"item.{name}::{kind}" for name, kind in columns.items())
    return f"""
CREATE FUNCTION save_{saved.table}({", ".join([*own.values(), "integer", "json"])})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,
    is_saved boolean
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
BEGIN
    INSERT INTO {saved.table} AS stored ({", ".join(names)}, revision)
    VALUES ({", ".join(f"${number}" for number in range(1, len(own) + 1))}, 1)
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(changes)}
    WHERE {condition}
    RETURNING stored.created_at, stored.updated_at, stored.revision
    INTO stored_created_at, stored_updated_at, stored_revision;
    is_saved := FOUND;
    IF NOT is_saved THEN
        stored_revision := coalesce(
            (SELECT stored.revision FROM {saved.table} AS stored WHERE stored.{key} = $1), 0);
        RETURN NEXT;
        RETURN;
    END IF;
    IF stored_revision = 1 AND {expected} > 0 THEN
        DELETE FROM {saved.table} AS stored WHERE stored.{key} = $1;
        stored_revision := 0;
        is_saved := false;
        RETURN NEXT;
        RETURN;
    END IF;
    IF {given} IS NOT NULL THEN
        IF stored_revision > 1 THEN
            DELETE FROM {children} AS child
            WHERE child.{key} = $1 AND child.position >= json_array_length({given});
        END IF;
        INSERT INTO {children} ({key}, created_at, position, {", ".join(columns)})
        SELECT $1, {updated_at}, item.position, {values}
        FROM json_to_recordset({given}) AS item ({items})
        ON CONFLICT ({key}, position) DO UPDATE SET {", ".join(child_changes)};
    END IF;
    RETURN NEXT;
END
$body$"""


@dataclass(frozen=True, slots=True)
class _ClientParts:
    """What a function has that stores and returns the entity's client."""

    client: str
    returned: str = ""
    variables: str = ""
    lookup: str = ""
    column: str = ""
    value: str = ""
    change: tuple[str, ...] = ()
    returning: str = ""
    into: str = ""
    insertion: str = ""
    passing: str = ""


def _with_a_client(saved: SavedTable) -> str:
    """As `_with_an_event`, and the function gives the client as well.

    An owned entity gets that of its owner when it's inserted, or refers to another owner. As long
    as it refers to the same one, it keeps what it has, which who changes the owner's client changes
    as well. What an entity owns gets its client when that isn't the one before.
    """
    return _with_an_event(saved, _client_parts(saved))


def _client_parts(saved: SavedTable) -> _ClientParts:
    parts = _ClientParts("stored_client_id", returned="\n    stored_client_id text,")
    assert saved.logged is not None
    if saved.logged.client is None:
        return parts
    parts = replace(parts, returning=", stored.client_id", into=", stored_client_id")
    if saved.owner is not None:
        reference, owner = saved.owner
        given = f"${1 + [*saved.columns].index(reference)}"
        is_kept = f"stored.{reference} = excluded.{reference}"
        kept = f"CASE WHEN {is_kept} THEN stored.client_id ELSE excluded.client_id END"
        parts = replace(
            parts,
            variables="\n    client text;\n    client_is_known boolean := false;",
            lookup=f"""
        IF NOT client_is_known AND previous.{reference} IS DISTINCT FROM {given} THEN
            client := client_of_{owner}({given});
            client_is_known := true;
        END IF;""",
            column=", client_id",
            value=", client",
            change=() if saved.unchanging == reference else (f"client_id = {kept}",),
            insertion=f"""
        IF NOT client_is_known THEN
            UPDATE {saved.table} AS stored SET client_id = client_of_{owner}({given})
            WHERE stored.{saved.key} = $1 RETURNING stored.client_id INTO stored_client_id;
            client_is_known := true;
        END IF;""",
        )
    if saved.owned:
        has_another = "client_is_known"
        if saved.owner is None:
            given = f"${1 + [*saved.columns].index('client_id')}"
            has_another = f"previous.client_id IS DISTINCT FROM {given}"
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


def _with_an_event(saved: SavedTable, of_client: _ClientParts | None = None) -> str:
    """The function's parameters are the columns, `created_at`, `updated_at`, the expected
    revision or null, the entity with its children as the log has it, and what the log is to have
    of the event: its id and type, the caller's kind and id, on whose behalf, the request, the time.
    The children's positions are 0, 1, 2 …, in any order.

    It gives what is stored now, and whether that is what was to be saved.

    What was there before is read without a lock: if somebody else then changes it, the change of
    the row fails, and it's read again, under the lock. The first revision after a delete is the
    one after the last that the log knows.
    """
    own = {**saved.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    names = list(own)
    key, updated_at = names[0], f"${len(own)}"
    parameter = {name: f"${number}" for number, name in enumerate(names, 1)}
    expected, state, event_id, event_type, kind, caller, behalf, request, occurred_at = (
        f"${len(own) + number}" for number in range(1, 10)
    )
    types = [*own.values(), "integer", "json", *["text"] * 6, "timestamptz"]
    logged = saved.logged
    assert logged is not None
    changes = [f"{name} = excluded.{name}" for name in names[1:-2]] + [
        "updated_at = greatest(stored.updated_at, excluded.updated_at)",
        "revision = stored.revision + 1",
    ]
    if of_client is None:
        client = "NULL" if logged.client is None else parameter[logged.client]
        of_client = _ClientParts(client)
    allowed = f"({expected} IS NULL OR {{stored}}.revision = {expected})"
    if saved.unchanging is not None:
        allowed += f" AND {{stored}}.{saved.unchanging} = {parameter[saved.unchanging]}"
    series = "NULL" if logged.series is None else parameter[logged.series]

    def differ(column: str) -> str:
        # JSON has no equality, and its texts are what is kept.
        cast = "::text" if own[column] == "json" else ""
        return f"previous.{column}{cast} IS DISTINCT FROM {parameter[column]}{cast}"

    names_of_fields = [*logged.fields, *filter(None, [logged.children])]
    changed = [
        f"CASE WHEN {' OR '.join(map(differ, columns))} THEN '\"{name}\"' END"
        for name, columns in logged.fields.items()
    ]
    children = ""
    if saved.children is not None:
        changed.append(f"CASE WHEN children_changed > 0 THEN '\"{logged.children}\"' END")
        children = _children_of_state(saved, saved.children, logged, state, updated_at)
    return f"""
CREATE FUNCTION save_{saved.table}({", ".join(types)})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,{of_client.returned}
    is_saved boolean
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
DECLARE
    previous {saved.table}%ROWTYPE;
    last integer;
    changed_fields text;{of_client.variables}{_CHILDREN_VARIABLES if saved.children else ""}
BEGIN
    SELECT stored.* INTO previous FROM {saved.table} AS stored WHERE stored.{key} = $1;
    LOOP{of_client.lookup}
        INSERT INTO {saved.table} AS stored ({", ".join(names)}, revision{of_client.column})
        VALUES ({", ".join(parameter.values())}, 1{of_client.value})
        ON CONFLICT ({key}) DO UPDATE SET {", ".join([*changes, *of_client.change])}
        WHERE stored.revision = previous.revision AND {allowed.format(stored="stored")}
        RETURNING stored.created_at, stored.updated_at, stored.revision{of_client.returning}
        INTO stored_created_at, stored_updated_at, stored_revision{of_client.into};
        is_saved := FOUND;
        EXIT WHEN is_saved;
        SELECT stored.* INTO previous FROM {saved.table} AS stored WHERE stored.{key} = $1
        FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        IF NOT ({allowed.format(stored="previous")}) THEN
            stored_revision := previous.revision;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    IF stored_revision = 1 THEN
        IF {expected} > 0 THEN
            DELETE FROM {saved.table} AS stored WHERE stored.{key} = $1;
            stored_revision := 0;
            is_saved := false;
            RETURN NEXT;
            RETURN;
        END IF;
        previous := NULL;
        last := last_revision('{logged.entity_type}', $1, {series});
        IF last > 0 THEN
            UPDATE {saved.table} AS stored SET revision = last + 1 WHERE stored.{key} = $1
            RETURNING stored.revision INTO stored_revision;
        END IF;{of_client.insertion}
    END IF;{children}{of_client.passing}
    IF previous.revision IS NULL THEN
        changed_fields := '{_json_list(names_of_fields)}';
    ELSE
        changed_fields := '[' || concat_ws(',', {", ".join(changed)}) || ']';
    END IF;
    PERFORM record_event(
        {event_id}, {event_type}, '{logged.entity_type}', $1, {series},
        stored_revision, coalesce(previous.revision, 0), false, {of_client.client},
        {kind}, {caller}, {behalf}, {request}, {occurred_at}, changed_fields::json, {state},
        stored_created_at, stored_updated_at
    );
    RETURN NEXT;
END
$body$"""


_CHILDREN_VARIABLES: Final = """
    given json;
    surplus integer := 0;
    children_changed integer;"""


def _children_of_state(
    saved: SavedTable, children: SavedChildren, logged: LoggedFields, state: str, updated_at: str
) -> str:
    """Puts the children in their places, and counts those that weren't there as they are."""
    key = next(iter(saved.columns))
    columns = {logged_as: children.columns[column] for logged_as, column in logged.members.items()}
    items = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    values = ", ".join(f'item."{name}"' for name in columns)

    def texts(row: str) -> str:
        return ", ".join(
            f"{row}.{name}{'::text' if kind == 'json' else ''}"
            for name, kind in children.columns.items()
        )

    sets = ", ".join(f"{name} = excluded.{name}" for name in ("created_at", *children.columns))
    return f"""
    given := {state} -> '{logged.children}';
    IF previous.revision IS NOT NULL THEN
        DELETE FROM {children.table} AS child
        WHERE child.{key} = $1 AND child.position >= json_array_length(given);
        GET DIAGNOSTICS surplus = ROW_COUNT;
    END IF;
    INSERT INTO {children.table} AS child (
        {key}, created_at, position, {", ".join(children.columns)}
    )
    SELECT $1, {updated_at}, item.position, {values}
    FROM json_to_recordset(given) AS item (position integer, {items})
    ON CONFLICT ({key}, position) DO UPDATE SET {sets}
    WHERE ({texts("child")}) IS DISTINCT FROM ({texts("excluded")});
    GET DIAGNOSTICS children_changed = ROW_COUNT;
    children_changed := children_changed + surplus;"""


def _json_list(names: list[str]) -> str:
    quoted = ",".join(f'"{name}"' for name in names)
    return f"[{quoted}]"


_TEMPLATES: Final[Mapping[int, Callable[[SavedTable], str]]] = {
    1: _children_as_arrays,
    2: _children_as_json,
    3: _with_an_event,
    4: _with_a_client,
    5: in_place,
}


def newest(saved: SavedTable) -> str:
    """The SQL that creates the function by the newest template."""
    return creation(saved, template=5)
