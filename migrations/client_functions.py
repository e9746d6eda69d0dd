"""PostgreSQL's functions by which the client of an owner comes to those that refer to it.

Each is a function of the module whose table it reads or changes. They take these locks, which keep
what refers to an owner from missing a change of the owner's client:

- Who refers to an owner locks its row against changes, to the end of the transaction. Who changes
  the row waits for that, or is waited for, and then changes all that refers to it.
- Where there is no such row yet, who refers to it shares a lock on its key, which who inserts the
  row takes for itself.

Revisions that ran depend on them: add others, never change them.
"""

from migrations.saved_tables import SavedTable


def made_for(saved: SavedTable) -> dict[str, str]:
    """The SQL that makes the functions of a table, by their names."""
    made = {}
    if saved.owned:
        made[f"client_of_{saved.table}"] = _client_of(saved)
    if saved.owner is not None:
        made[f"pass_client_to_{saved.table}"] = _pass_client_to(saved, saved.owner[0])
    return made


def made_for_many(saved: SavedTable) -> dict[str, str]:
    """The SQL that makes the functions of a table for many entities, by their names."""
    return {f"clients_of_{saved.table}": _clients_of(saved)} if saved.owned else {}


def _clients_of(saved: SavedTable) -> str:
    """Gives the clients of the rows with these keys, in order, as `client_of` gives one; null where
    a key is null. Locks are taken in the order of the keys, those on rows before the others."""
    found = f"""SELECT array_agg(locked.key), array_agg(locked.client_id) INTO {{keys}}, {{clients}}
    FROM (
        SELECT stored.{saved.key} AS key, stored.client_id FROM {saved.table} AS stored
        WHERE stored.{saved.key} = ANY({{wanted}}) ORDER BY stored.{saved.key} FOR SHARE
    ) AS locked;"""
    return f"""
CREATE FUNCTION clients_of_{saved.table}(text[])
RETURNS text[]
LANGUAGE plpgsql AS $body$
DECLARE
    keys text[];
    clients text[];
    missing text[];
    late_keys text[];
    late_clients text[];
BEGIN
    {found.format(keys="keys", clients="clients", wanted="$1")}
    missing := ARRAY(
        SELECT DISTINCT given.key COLLATE "C" FROM unnest($1) AS given (key)
        WHERE given.key IS NOT NULL AND given.key NOT IN (SELECT unnest(keys)) ORDER BY 1
    );
    IF cardinality(missing) > 0 THEN
        PERFORM pg_advisory_xact_lock_shared(
            hashtextextended('client of {saved.table}:' || given.key, 0))
        FROM unnest(missing) AS given (key);
        {found.format(keys="late_keys", clients="late_clients", wanted="missing")}
    END IF;
    RETURN ARRAY(
        SELECT found.client_id FROM unnest($1) WITH ORDINALITY AS given (key, number)
        LEFT JOIN unnest(keys || late_keys, clients || late_clients) AS found (key, client_id)
            ON found.key = given.key
        ORDER BY given.number
    );
END
$body$"""


def _client_of(saved: SavedTable) -> str:
    """Gives the client of the row with this key, which nobody else changes from then on; null where
    there is none, and then nobody else inserts it."""
    found = f"""SELECT stored.client_id INTO client FROM {saved.table} AS stored
    WHERE stored.{saved.key} = $1 FOR SHARE;"""
    return f"""
CREATE FUNCTION client_of_{saved.table}(text)
RETURNS text
LANGUAGE plpgsql AS $body$
DECLARE
    client text;
BEGIN
    {found}
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock_shared(
            hashtextextended('client of {saved.table}:' || $1, 0));
        {found}
    END IF;
    RETURN client;
END
$body$"""


def _pass_client_to(saved: SavedTable, reference: str) -> str:
    """Gives the rows that refer to one of these owners their client, and what they own in turn."""
    changed = f"""UPDATE {saved.table} AS stored SET client_id = $2
    WHERE stored.{reference} = ANY($1) AND stored.client_id IS DISTINCT FROM $2"""
    if not saved.owned:
        return f"""
CREATE FUNCTION pass_client_to_{saved.table}(text[], text)
RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
BEGIN
    {changed};
END
$body$"""
    passing = "".join(
        f"\n        PERFORM pass_client_to_{table}(keys, $2);" for table in saved.owned
    )
    return f"""
CREATE FUNCTION pass_client_to_{saved.table}(text[], text)
RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
DECLARE
    keys text[];
BEGIN
    WITH changed AS (
    {changed}
    RETURNING stored.{saved.key} AS key
    )
    SELECT array_agg(changed.key) INTO keys FROM changed;
    IF keys IS NOT NULL THEN{passing}
    END IF;
END
$body$"""
