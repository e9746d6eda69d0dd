"""The tables as they were when revisions made functions that save them; nothing here changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from migrations.saved_tables import LoggedFields, SavedChildren, SavedTable

AS_OF_0006: Final = (
    SavedTable(
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
    SavedTable(
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
        children=SavedChildren(
            "strategy_recommendations",
            {
                "channel": "text",
                "budget_percent": "float8",
                "rationale": "text",
                "tactics": "json",
            },
        ),
    ),
    SavedTable(
        "production_campaigns",
        {"campaign_id": "text", "strategy_id": "text", "name": "text"},
        children=SavedChildren(
            "production_tactics",
            {"channel": "text", "content_type": "text", "title": "text"},
        ),
    ),
    SavedTable(
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
    SavedTable(
        "qc_results",
        {
            "result_id": "text",
            "draft_id": "text",
            "passed": "boolean",
            "score": "float8",
            "evaluated_at": "timestamptz",
        },
        unchanging="draft_id",
        children=SavedChildren(
            "qc_issues", {"severity": "text", "section": "text", "reason": "text"}
        ),
    ),
    SavedTable(
        "delivery_packages",
        {"package_id": "text", "draft_id": "text"},
        children=SavedChildren(
            "delivery_artifacts", {"name": "text", "url": "text", "format": "text"}
        ),
    ),
)
"""The tables as the revision 0006 made functions of them; none of their columns changed in 0007."""


_LOGGED_AS_OF_0009: Final = (
    LoggedFields(
        entity_type="brief",
        fields={
            "clientId": ("client_id",),
            "stage": ("stage",),
            "responses": ("responses",),
            "submittedAt": ("submitted_at",),
            "scope": ("scope_deliverables", "scope_exclusions", "scope_timeline_weeks"),
            "objectives": ("objectives",),
            "targetAudience": ("target_audience",),
            "brandGuidelines": ("brand_guidelines",),
            "normalizedAt": ("normalized_at",),
        },
        children=None,
        members={},
        series=None,
        client="client_id",
    ),
    LoggedFields(
        entity_type="strategy_plan",
        fields={
            "briefId": ("brief_id",),
            "version": ("version",),
            "executiveSummary": ("executive_summary",),
            "kpis": ("kpis",),
            "timeline": ("timeline",),
            "approval": ("approval",),
            "decidedBy": ("decided_by",),
            "decidedAt": ("decided_at",),
        },
        children="recommendations",
        members={
            "channel": "channel",
            "budgetPercent": "budget_percent",
            "rationale": "rationale",
            "tactics": "tactics",
        },
        series=None,
        client=None,
    ),
    LoggedFields(
        entity_type="campaign",
        fields={"strategyId": ("strategy_id",), "name": ("name",)},
        children="tactics",
        members={"channel": "channel", "contentType": "content_type", "title": "title"},
        series=None,
        client=None,
    ),
    LoggedFields(
        entity_type="draft",
        fields={
            "strategyId": ("strategy_id",),
            "campaignId": ("campaign_id",),
            "contentType": ("content_type",),
            "title": ("title",),
            "body": ("body",),
            "metadata": ("metadata",),
        },
        children=None,
        members={},
        series=None,
        client=None,
    ),
    LoggedFields(
        entity_type="qc_result",
        fields={
            "draftId": ("draft_id",),
            "passed": ("passed",),
            "score": ("score",),
            "evaluatedAt": ("evaluated_at",),
        },
        children="issues",
        members={"severity": "severity", "section": "section", "reason": "reason"},
        series="draft_id",
        client=None,
    ),
    LoggedFields(
        entity_type="delivery_package",
        fields={"draftId": ("draft_id",)},
        children="artifacts",
        members={"name": "name", "url": "url", "format": "format"},
        series=None,
        client=None,
    ),
)

AS_OF_0009: Final = tuple(
    replace(saved, logged=logged)
    for saved, logged in zip(AS_OF_0006, _LOGGED_AS_OF_0009, strict=True)
)
"""The tables as the revision 0009 made functions of them."""


_OWNERS_AS_OF_0012: Final[Mapping[str, tuple[str, str]]] = {
    "strategy_plans": ("brief_id", "onboarding_forms"),
    "production_campaigns": ("strategy_id", "strategy_plans"),
    "production_drafts": ("strategy_id", "strategy_plans"),
    "qc_results": ("draft_id", "production_drafts"),
    "delivery_packages": ("draft_id", "production_drafts"),
}


def _with_clients(saved: SavedTable) -> SavedTable:
    assert saved.logged is not None
    return replace(
        saved,
        logged=replace(saved.logged, client="client_id"),
        owner=_OWNERS_AS_OF_0012.get(saved.table),
        owned=tuple(
            table for table, (_, owner) in _OWNERS_AS_OF_0012.items() if owner == saved.table
        ),
    )


AS_OF_0012: Final = tuple(map(_with_clients, AS_OF_0009))
"""The tables as the revision 0012 made functions of them."""


_ANNOUNCED_AS_OF_0016: Final = {
    "client_id": "text",
    "name": "text",
    "media_type": "text",
    "size": "bigint",
    "sha256": "text",
    "created_by": "text",
}
_ANNOUNCED_FIELDS_AS_OF_0016: Final = {
    "clientId": ("client_id",),
    "name": ("name",),
    "mediaType": ("media_type",),
    "size": ("size",),
    "sha256": ("sha256",),
    "createdBy": ("created_by",),
}
_FILES_AS_OF_0016: Final = SavedTable(
    "files",
    {"file_id": "text", **_ANNOUNCED_AS_OF_0016},
    logged=LoggedFields("file", _ANNOUNCED_FIELDS_AS_OF_0016, client="client_id"),
)
_UPLOADS_AS_OF_0016: Final = SavedTable(
    "uploads",
    {
        "upload_id": "text",
        **_ANNOUNCED_AS_OF_0016,
        "status": "text",
        "failure": "text",
        "expires_at": "timestamptz",
        "file_id": "text",
    },
    logged=LoggedFields(
        "upload",
        {
            **_ANNOUNCED_FIELDS_AS_OF_0016,
            "status": ("status",),
            "failure": ("failure",),
            "expiresAt": ("expires_at",),
            "fileId": ("file_id",),
        },
        client="client_id",
    ),
)


def _with_files(saved: SavedTable) -> SavedTable:
    if saved.table != "delivery_packages":
        return saved
    assert saved.children is not None
    assert saved.logged is not None
    return replace(
        saved,
        children=replace(saved.children, columns={**saved.children.columns, "file_id": "text"}),
        logged=replace(saved.logged, members={**saved.logged.members, "fileId": "file_id"}),
    )


AS_OF_0016: Final = (*map(_with_files, AS_OF_0012), _FILES_AS_OF_0016, _UPLOADS_AS_OF_0016)
"""The tables as the revision 0016 made functions of them."""


_LINEAGE_AS_OF_0019: Final = {
    "draftRevision": ("draft_revision", "integer"),
    "qcResultId": ("qc_result_id", "text"),
    "qcRevision": ("qc_revision", "integer"),
}


def _with_lineage(saved: SavedTable) -> SavedTable:
    if saved.table != "delivery_packages":
        return saved
    assert saved.children is not None
    assert saved.logged is not None
    columns = dict(_LINEAGE_AS_OF_0019.values())
    members = {name: column for name, (column, _) in _LINEAGE_AS_OF_0019.items()}
    return replace(
        saved,
        children=replace(
            saved.children, columns={**saved.children.columns, **columns}, are_traced=True
        ),
        logged=replace(saved.logged, members={**saved.logged.members, **members}),
    )


AS_OF_0019: Final = tuple(map(_with_lineage, AS_OF_0016))
"""The tables as the revision 0019 made functions of them."""


_SAID_AS_OF_0023: Final = {"hint": "hint", "benchmarkId": "benchmark_id"}


def _with_hints(saved: SavedTable) -> SavedTable:
    if saved.table != "qc_results":
        return saved
    assert saved.children is not None
    assert saved.logged is not None
    columns = dict.fromkeys(_SAID_AS_OF_0023.values(), "text")
    return replace(
        saved,
        children=replace(saved.children, columns={**saved.children.columns, **columns}),
        logged=replace(saved.logged, members={**saved.logged.members, **_SAID_AS_OF_0023}),
    )


AS_OF_0023: Final = tuple(map(_with_hints, AS_OF_0019))
"""The tables as the revision 0023 made functions of them."""
