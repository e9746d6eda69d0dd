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
