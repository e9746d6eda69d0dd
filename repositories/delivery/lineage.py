"""What drafts are now, for what is made from them; as `domain/lineage.py` has it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, literal_column, or_, select

from repositories.drivers.compiled import Statement
from repositories.sql.dialects import SQLITE
from repositories.sql.mapping import EntityMapping, RowsOf
from repositories.sql.metadata import PlainText


@cache
def present_lineages(drafts: EntityMapping, results: EntityMapping) -> Statement:
    """For each draft among `values` its key, and a lineage, visible or not. For SQLite.

    PostgreSQL's function `trace_delivery_artifacts`, which migrations make, reads the same.
    """
    draft, result = drafts.table.c, results.table.c
    keys = SQLITE.each_value(PlainText, "given")
    key = keys.c.value
    return SQLITE.compile(
        select(key, draft.revision, result.result_id, result.revision)
        .select_from(keys)
        .outerjoin(drafts.table, draft.draft_id == key)
        .outerjoin(results.table, result.draft_id == key)
    )


def is_stale(
    artifacts: Table, package: Callable[[str], ColumnElement[Any]], rows_of: RowsOf
) -> ColumnElement[bool]:
    """Whether a package is stale, for one who may see these rows."""
    draft, result = rows_of("Draft", "stale_draft"), rows_of("QcResult", "stale_result")
    made = artifacts.alias("stale_artifact")
    is_behind = made.c.draft_revision < draft.c.revision
    is_known = or_(made.c.draft_revision.is_not(None), made.c.qc_result_id.is_not(None))
    has_another_verdict = or_(
        made.c.qc_result_id.is_distinct_from(result.c.result_id),
        made.c.qc_revision.is_distinct_from(result.c.revision),
    )
    return (
        select(literal_column("1"))
        .select_from(draft)
        .join(made, made.c.package_id == package("package_id"))
        .outerjoin(result, result.c.draft_id == draft.c.draft_id)
        .where(
            draft.c.draft_id == package("draft_id"),
            or_(is_behind, and_(is_known, has_another_verdict)),
        )
        .exists()
    )
