"""What was stored before entities had a client gets that of the brief that it leads to."""

from migrations.revisions import revisions
from migrations.runner import upgrade
from repositories.drivers.engine import Database
from tests.migrations.inspection import execute, rows_of
from tests.migrations.samples import ROWS

LOST = (
    """
    INSERT INTO delivery_packages (package_id, draft_id, created_at, updated_at, revision)
    VALUES ('lost', 'nowhere', '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 1)
    """,
)


async def test_all_that_leads_to_a_brief_gets_its_client(database: Database) -> None:
    for revision in revisions()[: revisions().index("0012")]:
        await upgrade(database, revision)
        await execute(database, ROWS[revision])
    await execute(database, LOST)

    await upgrade(database, "0012")

    rows = await rows_of(database)
    clients = {
        key: row["client_id"]
        for table, key_name in (
            ("strategy_plans", "strategy_id"),
            ("production_campaigns", "campaign_id"),
            ("production_drafts", "draft_id"),
            ("qc_results", "result_id"),
            ("delivery_packages", "package_id"),
        )
        for row in rows[table]
        for key in [row[key_name]]
    }
    assert clients == {
        "plan-1": "client-é",
        "campaign-1": "client-é",
        "draft-1": "client-é",
        "draft-2": "client-é",
        "result-1": "client-é",
        "package-1": "client-é",
        "package-2": "client-é",
        "lost": None,
    }
