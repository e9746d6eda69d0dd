"""Strategy plans in the database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, func, select

from domain.json_object import dumps
from domain.strategy import (
    ApprovalState,
    Kpi,
    Milestone,
    Recommendation,
    StrategyPlan,
    StrategyTimeline,
)
from repositories.criteria import Filter, Page, PageRequest
from repositories.database_repository import Children, DatabaseRepository, Values
from repositories.strategy.contract import BriefVersion
from repositories.strategy.tables import strategy_plans, strategy_recommendations


def _recommendation(row: Row[Any]) -> Recommendation:
    return Recommendation(
        position=row.position,
        channel=row.channel,
        budget_percent=row.budget_percent,
        rationale=row.rationale,
        tactics=tuple(json.loads(row.tactics)),
    )


def _recommendation_values(recommendation: Recommendation) -> Values:
    return {
        "channel": recommendation.channel,
        "budget_percent": recommendation.budget_percent,
        "rationale": recommendation.rationale,
        "tactics": dumps(recommendation.tactics),
    }


class DatabasePlanRepository(DatabaseRepository[StrategyPlan]):
    record_type = StrategyPlan
    table = strategy_plans
    key_name = "strategy_id"
    unchanging = ("brief_id",)
    children = Children(
        strategy_recommendations, "recommendations", _recommendation, _recommendation_values
    )

    async def get_many_by_version(
        self, versions: Sequence[BriefVersion]
    ) -> Mapping[BriefVersion, StrategyPlan]:
        wanted = set(versions)
        numbers = sorted({version for _, version in wanted})
        rows = await self._session.rows(
            select(self.table).where(
                self._among(self.table.c.brief_id, [brief_id for brief_id, _ in wanted]),
                self.table.c.version.in_(numbers),
            )
        )
        found = {(row.brief_id, row.version): self._from_row(row) for row in rows}
        return {version: plan for version, plan in found.items() if version in wanted}

    async def recommendations_by_strategy_id(
        self, strategy_ids: Sequence[str]
    ) -> Mapping[str, tuple[Recommendation, ...]]:
        return await self._children(strategy_ids)

    async def pages_by_brief_id(
        self, brief_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[StrategyPlan]]:
        return await self._pages_by("brief_id", brief_ids, request)

    async def counts_by_brief_id(
        self, brief_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("brief_id", brief_ids, filter)

    async def lock_brief(self, brief_id: str) -> None:
        await self._lock("strategy", brief_id)

    async def last_version(self, brief_id: str) -> int:
        rows = await self._session.rows(
            select(func.coalesce(func.max(self.table.c.version), 0)).where(
                self.table.c.brief_id == brief_id
            )
        )
        return int(rows[0][0])

    def _from_row(self, row: Row[Any]) -> StrategyPlan:
        return StrategyPlan(
            strategy_id=row.strategy_id,
            brief_id=row.brief_id,
            version=row.version,
            executive_summary=row.executive_summary,
            kpis=tuple(Kpi(**kpi) for kpi in json.loads(row.kpis)),
            timeline=_timeline(row.timeline),
            approval=ApprovalState(row.approval),
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def _to_values(self, record: StrategyPlan) -> Values:
        return {
            "strategy_id": record.strategy_id,
            "brief_id": record.brief_id,
            "version": record.version,
            "executive_summary": record.executive_summary,
            "kpis": dumps([asdict(kpi) for kpi in record.kpis]),
            "timeline": dumps(asdict(record.timeline)),
            "approval": record.approval.value,
            "decided_by": record.decided_by,
            "decided_at": record.decided_at,
        }


def _timeline(text: str) -> StrategyTimeline:
    value = json.loads(text)
    return StrategyTimeline(
        duration_weeks=value["duration_weeks"],
        milestones=tuple(Milestone(**milestone) for milestone in value["milestones"]),
    )
