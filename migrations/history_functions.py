"""PostgreSQL's functions that own the log: they alone write `events`.

Revisions that ran depend on them: add others, never change them.
"""

from typing import Final

RECORD_EVENT: Final = """
CREATE FUNCTION record_event(
    event_id text, type text, entity_type text, entity_key text, series_key text,
    revision integer, revision_before integer, is_deletion boolean, client_id text,
    caller_kind text, caller_id text, on_behalf_of text, request_id text,
    occurred_at timestamptz, changed_fields json, state json,
    created_at timestamptz, updated_at timestamptz
)
RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO events (
        event_id, type, entity_type, entity_key, series_key,
        revision, revision_before, is_deletion, client_id,
        caller_kind, caller_id, on_behalf_of, request_id,
        occurred_at, changed_fields, state, created_at, updated_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);
END
$body$"""
"""Writes an event, which has no position yet: those who come later would wait for the commit."""

LAST_REVISION: Final = """
CREATE FUNCTION last_revision(entity_type text, entity_key text, series_key text)
RETURNS integer
LANGUAGE plpgsql AS $body$
BEGIN
    RETURN greatest(
        (SELECT max(stored.revision) FROM events AS stored
         WHERE stored.entity_type = $1 AND stored.entity_key = $2),
        (SELECT max(stored.revision) FROM events AS stored
         WHERE stored.entity_type = $1 AND stored.series_key = $3),
        0
    );
END
$body$"""
"""The last revision that the key had, or an entity with the same `series_key`; 0: none."""

SEQUENCE_EVENTS: Final = """
CREATE FUNCTION sequence_events(most integer, apart interval)
RETURNS integer
LANGUAGE plpgsql AS $body$
DECLARE
    last_position bigint;
    last_time timestamptz;
    count integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('sequence_events', 0)) THEN
        RETURN NULL;
    END IF;
    SELECT stored.position, stored.sequenced_at INTO last_position, last_time
    FROM events AS stored WHERE stored.position IS NOT NULL
    ORDER BY stored.position DESC LIMIT 1;
    IF last_time > clock_timestamp() - apart AND last_time <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    UPDATE events AS stored
    SET position = coalesce(last_position, 0) + waiting.number,
        sequenced_at = clock_timestamp()
    FROM (
        SELECT found.id, row_number() OVER (ORDER BY found.id) AS number
        FROM (
            SELECT later.id FROM events AS later WHERE later.position IS NULL
            ORDER BY later.id LIMIT most
        ) AS found
    ) AS waiting
    WHERE stored.id = waiting.id;
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count > 0 THEN
        PERFORM pg_notify('events', '');
    END IF;
    RETURN count;
END
$body$"""
"""Gives the committed events that have none yet their positions, `most` of them, and tells those
who listen. It returns how many it were; null where somebody else does it at this time, or did less
than `apart` ago.

One at a time does it: the lock is held to the end of the transaction. The ids are those of
insertions, which came one after another for the same entity, each after the commit of the last.
"""

ALL: Final = (RECORD_EVENT, LAST_REVISION, SEQUENCE_EVENTS)
NAMES: Final = ("record_event", "last_revision", "sequence_events")

RECORD_EVENTS: Final = """
CREATE FUNCTION record_events(
    event_ids text[], types text[], entity_type text, entity_keys text[], series_keys text[],
    revisions integer[], revisions_before integer[], client_ids text[],
    caller_kind text, caller_id text, on_behalf_of text, request_id text,
    occurred_at timestamptz, changed_fields json[], states json[],
    created_at timestamptz[], updated_at timestamptz[]
)
RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO events (
        event_id, type, entity_type, entity_key, series_key,
        revision, revision_before, is_deletion, client_id,
        caller_kind, caller_id, on_behalf_of, request_id,
        occurred_at, changed_fields, state, created_at, updated_at
    )
    SELECT given.event_id, given.type, $3, given.entity_key, given.series_key,
        given.revision, given.revision_before, false, given.client_id,
        $9, $10, $11, $12, $13, given.changed_fields, given.state, given.created, given.updated
    FROM unnest($1, $2, $4, $5, $6, $7, $8, $14, $15, $16, $17) WITH ORDINALITY AS given (
        event_id, type, entity_key, series_key, revision, revision_before, client_id,
        changed_fields, state, created, updated, number
    )
    ORDER BY given.number;
END
$body$"""
"""Writes the events of saves of entities of one type, in order, as `record_event` does."""

LAST_REVISIONS: Final = """
CREATE FUNCTION last_revisions(entity_type text, entity_keys text[], series_keys text[])
RETURNS integer[]
LANGUAGE plpgsql AS $body$
BEGIN
    RETURN ARRAY(
        SELECT greatest(
            (SELECT max(stored.revision) FROM events AS stored
             WHERE stored.entity_type = $1 AND stored.entity_key = given.entity_key),
            (SELECT max(stored.revision) FROM events AS stored
             WHERE stored.entity_type = $1 AND stored.series_key = given.series_key),
            0
        )
        FROM unnest($2, $3) WITH ORDINALITY AS given (entity_key, series_key, number)
        ORDER BY given.number
    );
END
$body$"""
"""The last revisions that the keys had, or entities with the same `series_keys`, in order; 0: none,
also for a key that is null."""

FOR_MANY: Final = {"record_events": RECORD_EVENTS, "last_revisions": LAST_REVISIONS}
"""The functions for many entities, by their names."""

SEQUENCE_EVENTS_BY_IDS: Final = """
CREATE FUNCTION sequence_events(most integer, apart interval)
RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off AS $body$
DECLARE
    last_position bigint;
    last_time timestamptz;
    count integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('sequence_events', 0)) THEN
        RETURN NULL;
    END IF;
    SELECT stored.position, stored.sequenced_at INTO last_position, last_time
    FROM events AS stored WHERE stored.position IS NOT NULL
    ORDER BY stored.position DESC LIMIT 1;
    IF last_time > clock_timestamp() - apart AND last_time <= clock_timestamp() THEN
        RETURN NULL;
    END IF;
    UPDATE events AS stored
    SET position = coalesce(last_position, 0) + waiting.number,
        sequenced_at = clock_timestamp()
    FROM unnest(ARRAY(
        SELECT later.id FROM events AS later WHERE later.position IS NULL
        ORDER BY later.id LIMIT most
    )) WITH ORDINALITY AS waiting (id, number)
    WHERE stored.id = waiting.id;
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count > 0 THEN
        PERFORM pg_notify('events', '');
    END IF;
    RETURN count;
END
$body$"""
"""As before, but each event is found by its id, whatever PostgreSQL takes for the number of those
that wait: it read all of the log, where that had been short when the plan was made."""
