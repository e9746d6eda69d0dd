"""Strategy plans in the database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache

from sqlalchemy import bindparam, func, select

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
from repositories.drivers.compiled import Row, Statement
from repositories.projections import JsonProjection
from repositories.records import constructor
from repositories.sql.criteria import storable
from repositories.sql.json_statements import shaped
from repositories.sql.mapping import ChildMapping, EntityMapping, EntityTable, Values
from repositories.sql.repository import DatabaseRepository
from repositories.strategy.contract import BriefVersion
from repositories.strategy.tables import strategy_plans, strategy_recommendations

_new_recommendation = constructor(Recommendation)
_new_plan = constructor(StrategyPlan)


def _recommendation(row: Row) -> Recommendation:
    return _new_recommendation(
        position=row[0],
        channel=row[1],
        budget_percent=row[2],
        rationale=row[3],
        tactics=tuple(json.loads(row[4])),
    )


def _recommendation_values(recommendation: Recommendation) -> Values:
    return {
        "channel": recommendation.channel,
        "budget_percent": recommendation.budget_percent,
        "rationale": recommendation.rationale,
        "tactics": dumps(recommendation.tactics),
    }


class DatabasePlanRepository(DatabaseRepository[StrategyPlan]):
    mapping = EntityMapping(
        StrategyPlan,
        strategy_plans,
        children=ChildMapping(
            strategy_recommendations,
            "recommendations",
            ("position", "channel", "budget_percent", "rationale", "tactics"),
            _recommendation,
            _recommendation_values,
        ),
        references=("brief_id",),
        unchanging=("brief_id",),
    )

    async def get_many_by_version(
        self, versions: Sequence[BriefVersion]
    ) -> Mapping[BriefVersion, StrategyPlan]:
        wanted = set(versions)
        rows = await self._session.rows(
            await self._session.compiled(_of_versions, self._entities),
            {
                "values": storable([brief_id for brief_id, _ in wanted]),
                "versions": [number for _, number in wanted],
            },
        )
        found = {(plan.brief_id, plan.version): plan for plan in map(self._from_row, rows)}
        return {version: plan for version, plan in found.items() if version in wanted}

    async def json_by_version(
        self, versions: Sequence[BriefVersion], projections: Sequence[JsonProjection]
    ) -> Mapping[BriefVersion, tuple[str, ...]]:
        wanted = set(versions)
        names = ("brief_id", "version")
        shapes, values = shaped(projections)
        statement = await self._session.compiled(
            self._session.json.by, self._session.rules, self._type_name, names, shapes, False
        )
        brief_ids = storable([brief_id for brief_id, _ in wanted])
        values |= {"brief_id": brief_ids, "version": [number for _, number in wanted]}
        return {
            (brief_id, number): tuple(texts)
            for brief_id, number, *texts in await self._session.rows(statement, values)
            if (brief_id, number) in wanted
        }

    async def recommendations_by_strategy_id(
        self, strategy_ids: Sequence[str]
    ) -> Mapping[str, tuple[Recommendation, ...]]:
        return await self._children(strategy_ids)

    async def recommendations_json_by_strategy_id(
        self, strategy_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(strategy_ids, projections)

    async def pages_by_brief_id(
        self, brief_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[StrategyPlan]]:
        return await self._pages_by("brief_id", brief_ids, request)

    async def counts_by_brief_id(
        self, brief_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("brief_id", brief_ids, filter)

    async def lock_brief(self, brief_id: str) -> None:
        await self._lock("strategy", [brief_id])

    async def last_version(self, brief_id: str) -> int:
        rows = await self._session.rows(_last_version(self._entities), {"brief_id": brief_id})
        return int(rows[0][0])

    def _from_row(self, row: Row) -> StrategyPlan:
        (
            strategy_id,
            brief_id,
            version,
            executive_summary,
            kpis,
            timeline,
            approval,
            decided_by,
            decided_at,
            client_id,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_plan(
            strategy_id=strategy_id,
            brief_id=brief_id,
            version=version,
            executive_summary=executive_summary,
            kpis=kpis and tuple(Kpi(**kpi) for kpi in json.loads(kpis)),
            timeline=timeline and _timeline(timeline),
            approval=approval and ApprovalState(approval),
            decided_by=decided_by,
            decided_at=decided_at,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
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


def _of_versions(entities: EntityTable) -> Statement:
    """Plans of the briefs of `values` with one of `versions`."""
    return entities.compile(
        select(*entities.selection("version")).where(
            entities.among("brief_id"),
            entities.dialect.among(entities.rows.c.version, "versions"),
        )
    )


@cache
def _last_version(entities: EntityTable) -> Statement:
    """The last version of all plans of the brief: invisible plans have versions, too."""
    table = entities.table
    brief_id = bindparam("brief_id", type_=table.c.brief_id.type)
    return entities.compile(
        select(func.coalesce(func.max(table.c.version), 0)).where(table.c.brief_id == brief_id)
    )
