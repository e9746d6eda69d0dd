"""Artifacts that are files kept here: older code knows them by an address."""

from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import Database
from tests.migrations.inspection import execute, rows_of

PACKAGE = """
INSERT INTO delivery_packages (package_id, draft_id, created_at, updated_at, revision)
VALUES ('package-1', 'draft-1', '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 1)
"""
ARTIFACTS = """
INSERT INTO delivery_artifacts (package_id, position, created_at, name, url, file_id, format)
VALUES ('package-1', 0, '2026-03-09 08:00:00.000000', 'F', NULL, 'file-1', 'pdf'),
       ('package-1', 1, '2026-03-09 08:00:00.000000', 'U', 's3://bucket/u', NULL, 'pdf')
"""
EVENTS = """
INSERT INTO events (position, event_id, type, entity_type, entity_key, revision, revision_before,
    is_deletion, caller_kind, caller_id, request_id, occurred_at, changed_fields)
VALUES (1, 'event-1', 'file.added', 'file', 'file-1', 1, 0, false, 'user', 'ada', 'request-1',
    '2026-03-09 08:00:00.000000', '[]'),
    (2, 'event-2', 'draft.saved', 'draft', 'draft-1', 1, 0, false, 'user', 'ada', 'request-1',
    '2026-03-09 08:00:00.000000', '[]')
"""


async def test_what_older_code_does_not_know_is_gone_after_a_downgrade(
    database: Database,
) -> None:
    await upgrade(database, "0016")
    for statement in (PACKAGE, ARTIFACTS, EVENTS):
        await execute(database, [statement])

    await downgrade(database, "0015")

    rows = await rows_of(database)
    assert [row["url"] for row in rows["delivery_artifacts"]] == [
        "file:///files/file-1",
        "s3://bucket/u",
    ]
    assert [row["entity_type"] for row in rows["events"]] == ["draft"]
    assert not {"files", "uploads", "file_claims"} & rows.keys()
