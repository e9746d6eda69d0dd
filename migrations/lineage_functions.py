"""PostgreSQL's function that works out what artifacts are made from, as `domain/lineage.py` does.

Functions that save packages call it, after the lock that their change holds. It reads drafts and QC
results by one statement, so that what it finds of them belongs together.

Revisions that ran depend on it: add others, never change it.
"""

from typing import Final


def _content(artifact: str, file_id: str = "file_id") -> str:
    """What artifacts are the same by, as one text."""
    file_id, url, name = f"{artifact}.{file_id}", f"{artifact}.url", f"{artifact}.name"
    return f"""CASE WHEN {file_id} IS NOT NULL THEN 'file ' || {file_id}
                    ELSE 'url ' || length({url}) || ' ' || {url} || length({name}) || ' ' || {name}
                        || {artifact}.format END"""


TRACE_DELIVERY_ARTIFACTS: Final = f"""
CREATE FUNCTION trace_delivery_artifacts(
    package_ids text[], draft_ids text[], draft_ids_before text[], states json[]
)
RETURNS json[]
LANGUAGE plpgsql SET enable_seqscan = off AS $body$
BEGIN
    RETURN ARRAY(
        SELECT (
            SELECT row_to_json(whole) FROM (
                SELECT given.package_id AS "packageId", given.draft_id AS "draftId",
                    coalesce(traced.artifacts, '[]') AS "artifacts"
            ) AS whole
        )
        FROM unnest($1, $2, $3, $4)
        WITH ORDINALITY AS given (package_id, draft_id, draft_id_before, state, number)
        LEFT JOIN production_drafts AS draft ON draft.draft_id = given.draft_id
        LEFT JOIN qc_results AS result ON result.draft_id = given.draft_id
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(kept.place || ' ' || kept.content, kept.lineage) AS in_places,
                jsonb_object_agg(kept.content, kept.lineage ORDER BY kept.place DESC) AS anywhere
            FROM (
                SELECT stored.position AS place, {_content("stored")} AS content,
                    jsonb_build_array(
                        stored.draft_revision, stored.qc_result_id, stored.qc_revision
                    ) AS lineage
                FROM delivery_artifacts AS stored
                WHERE given.draft_id_before = given.draft_id
                    AND stored.package_id = given.package_id
            ) AS kept
        ) AS known
        CROSS JOIN LATERAL (
            SELECT array_to_json(array_agg(artifact ORDER BY artifact."position")) AS artifacts
            FROM (
                SELECT found.name, found.url, found.format, found.position,
                    found.file_id AS "fileId",
                    coalesce(found.draft_revision, (found.lineage ->> 0)::integer)
                        AS "draftRevision",
                    coalesce(found.qc_result_id, found.lineage ->> 1) AS "qcResultId",
                    coalesce(found.qc_revision, (found.lineage ->> 2)::integer) AS "qcRevision"
                FROM (
                    SELECT item.*, coalesce(
                        known.in_places -> (item.position || ' ' || item.content),
                        known.anywhere -> item.content,
                        jsonb_build_array(draft.revision, result.result_id, result.revision)
                    ) AS lineage
                    FROM (
                        SELECT told.name, told.url, told.format, told.position,
                            told."fileId" AS file_id, told."draftRevision" AS draft_revision,
                            told."qcResultId" AS qc_result_id, told."qcRevision" AS qc_revision,
                            {_content("told", '"fileId"')} AS content
                        FROM json_to_recordset(given.state -> 'artifacts') AS told (
                            name text, url text, format text, position integer, "fileId" text,
                            "draftRevision" integer, "qcResultId" text, "qcRevision" integer
                        )
                    ) AS item
                ) AS found
            ) AS artifact
        ) AS traced
        ORDER BY given.number
    );
END
$body$"""
"""Gives the states of packages, which have their artifacts, with the lineage of all of these. The
arguments have a value for each package: its key, its draft's, that of the draft that it had before,
and its state; null where it wasn't there, and for what isn't asked for."""

_UNTOLD: Final = r"""E'"draftRevision"\x3anull,"qcResultId"\x3anull,"qcRevision"\x3anull'"""
"""How a state has the lineage of an artifact that is told none. Within a text of a state it can't
be, where quotes follow a backslash. A colon before a word would be a parameter of SQLAlchemy's."""

TRACE_ONE_DELIVERY_ARTIFACTS: Final = f"""
CREATE FUNCTION trace_one_delivery_artifacts(
    package_id text, draft_id text, draft_id_before text, state json
)
RETURNS json
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $body$
DECLARE
    present record;
    given text := $4;
    told text := replace(given, {_UNTOLD}, '');
BEGIN
    IF strpos(told, '"draftRevision":') > 0 OR $3 = $2 AND EXISTS (
        SELECT FROM delivery_artifacts AS stored
        WHERE stored.package_id = $1
            AND strpos(told, to_json(coalesce(stored.file_id, stored.url))::text) > 0
    ) THEN
        RETURN (trace_delivery_artifacts(ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4]))[1];
    END IF;
    SELECT draft.revision, result.result_id, result.revision AS result_revision INTO present
    FROM (SELECT $2 AS draft_id) AS own
    LEFT JOIN production_drafts AS draft ON draft.draft_id = own.draft_id
    LEFT JOIN qc_results AS result ON result.draft_id = own.draft_id;
    RETURN replace(given, {_UNTOLD}, concat(
        '"draftRevision":', coalesce(present.revision::text, 'null'),
        ',"qcResultId":', coalesce(to_json(present.result_id)::text, 'null'),
        ',"qcRevision":', coalesce(present.result_revision::text, 'null')));
END
$body$"""
"""The same for one package. Most packages that are saved are new, or have other artifacts than
before: then all artifacts have the same lineage, and the state is changed as a text. Taking it to
pieces takes four times as long."""

ALL: Final = {
    "trace_delivery_artifacts": TRACE_DELIVERY_ARTIFACTS,
    "trace_one_delivery_artifacts": TRACE_ONE_DELIVERY_ARTIFACTS,
}
"""The functions by their names."""
