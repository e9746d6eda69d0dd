"""saving an entity with its children in one statement, on PostgreSQL

A function's statements each see what was committed before they began, so those after the one that
waited for the row's lock see what the lock's last owner left: which a single statement, with data
modifying parts, would not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


@dataclass(frozen=True, slots=True)
class _Children:
    table: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entities:
    """A table with its key first, without the bookkeeping, and the table of its children."""

    table: str
    columns: Mapping[str, str]
    unchanging: str | None = None
    children: _Children | None = None


ENTITIES = (
    _Entities(
        "onboarding_forms",
        {
            "brief_id": "text",
            "client_id": "text",
            "stage": "text",
            "responses": "json",
            "submitted_at": "timestamptz",
            "scope_deliverables": "json",
            "scope_exclusions": "json",
            "scope_timeline_weeks": "integer",
            "objectives": "json",
            "target_audience": "text",
            "brand_guidelines": "json",
            "normalized_at": "timestamptz",
        },
    ),
    _Entities(
        "strategy_plans",
        {
            "strategy_id": "text",
            "brief_id": "text",
            "version": "integer",
            "executive_summary": "text",
            "kpis": "json",
            "timeline": "json",
            "approval": "text",
            "decided_by": "text",
            "decided_at": "timestamptz",
        },
        unchanging="brief_id",
        children=_Children(
            "strategy_recommendations",
            {
                "channel": "text",
                "budget_percent": "float8",
                "rationale": "text",
                "tactics": "json",
            },
        ),
    ),
    _Entities(
        "production_campaigns",
        {"campaign_id": "text", "strategy_id": "text", "name": "text"},
        children=_Children(
            "production_tactics",
            {"channel": "text", "content_type": "text", "title": "text"},
        ),
    ),
    _Entities(
        "production_drafts",
        {
            "draft_id": "text",
            "strategy_id": "text",
            "campaign_id": "text",
            "content_type": "text",
            "title": "text",
            "body": "text",
            "metadata": "json",
        },
    ),
    _Entities(
        "qc_results",
        {
            "result_id": "text",
            "draft_id": "text",
            "passed": "boolean",
            "score": "float8",
            "evaluated_at": "timestamptz",
        },
        unchanging="draft_id",
        children=_Children("qc_issues", {"severity": "text", "section": "text", "reason": "text"}),
    ),
    _Entities(
        "delivery_packages",
        {"package_id": "text", "draft_id": "text"},
        children=_Children("delivery_artifacts", {"name": "text", "url": "text", "format": "text"}),
    ),
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for entities in ENTITIES:
            op.execute(_creation(entities))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for entities in ENTITIES:
            op.execute(f"DROP FUNCTION save_{entities.table}")


def _creation(entities: _Entities) -> str:
    """The function's parameters, by number: the columns, `created_at`, `updated_at`, the expected
    revision or null, and arrays of the children's positions and columns, or nulls to leave them.

    It gives what is stored now, and whether that is what was to be saved.
    """
    own = {**entities.columns, "created_at": "timestamptz", "updated_at": "timestamptz"}
    names = list(own)
    key, updated_at, expected = names[0], f"${len(own)}", f"${len(own) + 1}"
    changes = [f"{name} = excluded.{name}" for name in names[1:-2]] + [
        "updated_at = greatest(stored.updated_at, excluded.updated_at)",
        "revision = stored.revision + 1",
    ]
    condition = f"({expected} IS NULL OR stored.revision = {expected})"
    if entities.unchanging is not None:
        condition += f" AND stored.{entities.unchanging} = excluded.{entities.unchanging}"
    types = [*own.values(), "integer"]
    children = ""
    if entities.children is not None:
        child = {"position": "integer", **entities.children.columns}
        arrays = [f"${len(types) + number}" for number in range(1, len(child) + 1)]
        types += [f"{kind}[]" for kind in child.values()]
        children = f"""
    IF {arrays[0]} IS NOT NULL THEN
        IF stored_revision > 1 THEN
            DELETE FROM {entities.children.table} WHERE {key} = $1;
        END IF;
        INSERT INTO {entities.children.table} ({key}, created_at, {", ".join(child)})
        SELECT $1, {updated_at}, child.* FROM unnest({", ".join(arrays)}) AS child;
    END IF;"""
    return f"""
CREATE FUNCTION save_{entities.table}({", ".join(types)})
RETURNS TABLE (
    stored_created_at timestamptz,
    stored_updated_at timestamptz,
    stored_revision integer,
    is_saved boolean
)
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO {entities.table} AS stored ({", ".join(names)}, revision)
    VALUES ({", ".join(f"${number}" for number in range(1, len(own) + 1))}, 1)
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(changes)}
    WHERE {condition}
    RETURNING stored.created_at, stored.updated_at, stored.revision
    INTO stored_created_at, stored_updated_at, stored_revision;
    is_saved := FOUND;
    IF NOT is_saved THEN
        stored_revision := coalesce(
            (SELECT stored.revision FROM {entities.table} AS stored WHERE stored.{key} = $1), 0);
        RETURN NEXT;
        RETURN;
    END IF;
    IF stored_revision = 1 AND {expected} > 0 THEN
        DELETE FROM {entities.table} AS stored WHERE stored.{key} = $1;
        stored_revision := 0;
        is_saved := false;
        RETURN NEXT;
        RETURN;
    END IF;{children}
    RETURN NEXT;
END
$body$"""
