"""What drafts are now, for what is made from them.

PostgreSQL's function `trace_delivery_artifacts`, which migrations make, reads the same.
"""

from functools import cache

from sqlalchemy import select

from repositories.drivers.compiled import Statement
from repositories.sql.dialects import SQLITE
from repositories.sql.mapping import EntityMapping
from repositories.sql.metadata import PlainText


@cache
def present_lineages(drafts: EntityMapping, results: EntityMapping) -> Statement:
    """For each draft among `values` its key, and a lineage, visible or not. For SQLite."""
    draft, result = drafts.table.c, results.table.c
    keys = SQLITE.each_value(PlainText, "given")
    key = keys.c.value
    return SQLITE.compile(
        select(key, draft.revision, result.result_id, result.revision)
        .select_from(keys)
        .outerjoin(drafts.table, draft.draft_id == key)
        .outerjoin(results.table, result.draft_id == key)
    )
