"""Briefs in the database."""

import json
from typing import Any

from sqlalchemy import Row

from domain.json_object import JsonObject, dumps
from domain.onboarding import Brief, BriefScope, BriefStage
from repositories.database_repository import DatabaseRepository, Values
from repositories.onboarding.tables import onboarding_forms


class DatabaseBriefRepository(DatabaseRepository[Brief]):
    record_type = Brief
    table = onboarding_forms
    key_name = "brief_id"

    def _from_row(self, row: Row[Any]) -> Brief:
        return Brief(
            brief_id=row.brief_id,
            client_id=row.client_id,
            stage=BriefStage(row.stage),
            responses=JsonObject(row.responses),
            submitted_at=row.submitted_at,
            scope=_scope(row),
            objectives=tuple(json.loads(row.objectives)),
            target_audience=row.target_audience,
            brand_guidelines=JsonObject(row.brand_guidelines),
            normalized_at=row.normalized_at,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def _to_values(self, record: Brief) -> Values:
        scope = record.scope
        return {
            "brief_id": record.brief_id,
            "client_id": record.client_id,
            "stage": record.stage.value,
            "responses": record.responses.text,
            "submitted_at": record.submitted_at,
            "scope_deliverables": dumps(scope.deliverables) if scope else None,
            "scope_exclusions": dumps(scope.exclusions) if scope else None,
            "scope_timeline_weeks": scope.timeline_weeks if scope else None,
            "objectives": dumps(record.objectives),
            "target_audience": record.target_audience,
            "brand_guidelines": record.brand_guidelines.text,
            "normalized_at": record.normalized_at,
        }


def _scope(row: Row[Any]) -> BriefScope | None:
    if row.scope_deliverables is None:
        return None
    return BriefScope(
        deliverables=tuple(json.loads(row.scope_deliverables)),
        exclusions=tuple(json.loads(row.scope_exclusions)),
        timeline_weeks=row.scope_timeline_weeks,
    )
