"""Briefs in the database."""

import json
from typing import Any

from domain.json_object import JsonObject, dumps
from domain.onboarding import Brief, BriefScope, BriefStage
from repositories.drivers.compiled import Row
from repositories.onboarding.tables import onboarding_forms
from repositories.records import constructor
from repositories.sql.mapping import EntityMapping, Values
from repositories.sql.repository import DatabaseRepository

_new_brief = constructor(Brief)


class DatabaseBriefRepository(DatabaseRepository[Brief]):
    mapping = EntityMapping(
        Brief,
        onboarding_forms,
        in_columns={
            "scope": {
                "deliverables": "scope_deliverables",
                "exclusions": "scope_exclusions",
                "timeline_weeks": "scope_timeline_weeks",
            }
        },
        references=("client_id",),
    )

    def _from_row(self, row: Row) -> Brief:
        (
            brief_id,
            client_id,
            stage,
            responses,
            submitted_at,
            *scope,
            objectives,
            target_audience,
            brand_guidelines,
            normalized_at,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_brief(
            brief_id=brief_id,
            client_id=client_id,
            stage=stage and BriefStage(stage),
            responses=responses and JsonObject(responses),
            submitted_at=submitted_at,
            scope=_scope(*scope),
            objectives=objectives and tuple(json.loads(objectives)),
            target_audience=target_audience,
            brand_guidelines=brand_guidelines and JsonObject(brand_guidelines),
            normalized_at=normalized_at,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
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


def _scope(deliverables: Any, exclusions: Any, timeline_weeks: Any) -> BriefScope | None:
    if deliverables is None:
        return None
    return BriefScope(
        deliverables=tuple(json.loads(deliverables)),
        exclusions=tuple(json.loads(exclusions)),
        timeline_weeks=timeline_weeks,
    )
