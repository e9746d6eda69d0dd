"""PostgreSQL's function that works out what artifacts are made from, as `domain/lineage.py` does.

Functions that save packages call it, after the lock that their change holds. It reads drafts and QC
results by one statement, so that what it finds of them belongs together.

Revisions that ran depend on it: add others, never change it.
"""

from typing import Final

TRACE_DELIVERY_ARTIFACTS: Final = """
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
                    traced.artifacts AS "artifacts"
            ) AS whole
        )
        FROM unnest($1, $2, $3, $4)
        WITH ORDINALITY AS given (package_id, draft_id, draft_id_before, state, number)
        LEFT JOIN production_drafts AS draft ON draft.draft_id = given.draft_id
        LEFT JOIN qc_results AS result ON result.draft_id = given.draft_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_to_json(array_agg(artifact ORDER BY artifact."position")), '[]')
                AS artifacts
            FROM (
                SELECT item."name", item."url", item."format", item."position", item."fileId",
                    CASE WHEN item."draftRevision" IS NOT NULL THEN item."draftRevision"
                        WHEN same."position" IS NOT NULL THEN same.draft_revision
                        ELSE draft.revision END AS "draftRevision",
                    CASE WHEN item."qcResultId" IS NOT NULL THEN item."qcResultId"
                        WHEN same."position" IS NOT NULL THEN same.qc_result_id
                        ELSE result.result_id END AS "qcResultId",
                    CASE WHEN item."qcResultId" IS NOT NULL THEN item."qcRevision"
                        WHEN same."position" IS NOT NULL THEN same.qc_revision
                        ELSE result.revision END AS "qcRevision"
                FROM json_to_recordset(given.state -> 'artifacts') AS item (
                    "name" text, "url" text, "format" text, "position" integer, "fileId" text,
                    "draftRevision" integer, "qcResultId" text, "qcRevision" integer
                )
                LEFT JOIN LATERAL (
                    SELECT stored."position", stored.draft_revision, stored.qc_result_id,
                        stored.qc_revision
                    FROM delivery_artifacts AS stored
                    WHERE given.draft_id_before = given.draft_id
                        AND stored.package_id = given.package_id
                        AND (
                            stored.file_id = item."fileId"
                            OR stored.url = item."url" AND stored.name = item."name"
                                AND stored.format = item."format"
                        )
                    ORDER BY stored."position" = item."position" DESC, stored."position" LIMIT 1
                ) AS same ON true
            ) AS artifact
        ) AS traced
        ORDER BY given.number
    );
END
$body$"""
"""Gives the states of packages, which have their artifacts, with the lineage of all of these. The
arguments have a value for each package: its key, its draft's, that of the draft that it had before,
and its state; null where it wasn't there, and for what isn't asked for."""

ALL: Final = {"trace_delivery_artifacts": TRACE_DELIVERY_ARTIFACTS}
"""The functions by their names."""
