"""Runs in the database, and what was said to language models for them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, null, select, type_coerce

from domain.json_object import dumps
from domain.workflow import ModelExchange, Run, RunStatus, RunStep, RunStepStatus
from repositories.criteria import Filter
from repositories.drivers.compiled import Row, Statement
from repositories.projections import JsonProjection
from repositories.records import constructor
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.sql.jobs import DatabaseJobQueue
from repositories.sql.mapping import ChildMapping, EntityMapping, Values
from repositories.sql.metadata import may_be_large
from repositories.sql.repository import DatabaseRepository
from repositories.sql.rows import children_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statements import limited
from repositories.workflow.tables import (
    workflow_exchanges,
    workflow_jobs,
    workflow_runs,
    workflow_steps,
)

_new_run = constructor(Run)
_new_step = constructor(RunStep)
_STATUSES = {status.value: status for status in RunStatus}
_STEP_STATUSES = {status.value: status for status in RunStepStatus}

_OF_EXCHANGES: Final = (
    "position",
    "prompt",
    "model",
    "request",
    "response",
    "status",
    "error",
    "tokens",
    "began_at",
    "duration_ms",
)
_TEXTS: Final = frozenset(
    name for name in _OF_EXCHANGES if may_be_large(workflow_exchanges.c[name])
)
_TYPE: Final = ModelExchange.__name__


def _step(row: Row) -> RunStep:
    (
        position,
        name,
        tactic,
        status,
        attempts,
        started_at,
        finished_at,
        error,
        produced_type,
        produced_key,
        produced_revision,
        *_,
    ) = row
    return _new_step(
        position=position,
        name=name,
        tactic=tactic,
        status=_STEP_STATUSES[status],
        attempts=attempts,
        started_at=started_at,
        finished_at=finished_at,
        error=error,
        produced_type=produced_type,
        produced_key=produced_key,
        produced_revision=produced_revision,
    )


def _step_values(step: RunStep) -> Values:
    return {
        "name": step.name,
        "tactic": step.tactic,
        "status": step.status.value,
        "attempts": step.attempts,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "error": step.error,
        "produced_type": step.produced_type,
        "produced_key": step.produced_key,
        "produced_revision": step.produced_revision,
    }


class DatabaseRunRepository(DatabaseRepository[Run]):
    mapping = EntityMapping(
        Run,
        workflow_runs,
        children=ChildMapping(
            workflow_steps,
            "steps",
            (
                "position",
                "name",
                "tactic",
                "status",
                "attempts",
                "started_at",
                "finished_at",
                "error",
                "produced_type",
                "produced_key",
                "produced_revision",
            ),
            _step,
            _step_values,
        ),
        references=("brief_id", "strategy_id", "campaign_id"),
    )

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        return await self._children(run_ids)

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(run_ids, projections)

    async def lock_key(self, run_id: str) -> None:
        await self._lock("run", [run_id])

    def _from_row(self, row: Row) -> Run:
        (
            run_id,
            brief_id,
            workflow,
            workflow_version,
            status,
            channels,
            max_redrafts,
            require_approval,
            progress,
            error,
            started_by,
            strategy_id,
            campaign_id,
            cancelled_at,
            finished_at,
            client_id,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_run(
            run_id=run_id,
            brief_id=brief_id,
            workflow=workflow,
            workflow_version=workflow_version,
            status=status and _STATUSES[status],
            channels=channels and tuple(json.loads(channels)),
            max_redrafts=max_redrafts,
            require_approval=require_approval,
            progress=progress,
            error=error,
            started_by=started_by,
            strategy_id=strategy_id,
            campaign_id=campaign_id,
            cancelled_at=cancelled_at,
            finished_at=finished_at,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Run) -> Values:
        return {
            "run_id": record.run_id,
            "brief_id": record.brief_id,
            "workflow": record.workflow,
            "workflow_version": record.workflow_version,
            "status": record.status.value,
            "channels": dumps(record.channels),
            "max_redrafts": record.max_redrafts,
            "require_approval": record.require_approval,
            "progress": record.progress,
            "error": record.error,
            "started_by": record.started_by,
            "strategy_id": record.strategy_id,
            "campaign_id": record.campaign_id,
            "cancelled_at": record.cancelled_at,
            "finished_at": record.finished_at,
        }


class DatabaseRunJobs(DatabaseJobQueue):
    table = workflow_jobs
    key_name = "run_id"


class DatabaseExchangeRepository:
    """Exchanges as one session's transaction sees them."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def of_runs(self, run_ids: Sequence[str]) -> Mapping[str, tuple[ModelExchange, ...]]:
        selected = self._session.selected
        texts = _TEXTS if selected is None else _TEXTS & selected.get(_TYPE, frozenset())
        statement = _of_runs(texts, self._rule, self._session.dialect)
        found: defaultdict[str, list[ModelExchange]] = defaultdict(list)
        for run_id, *values in await self._session.rows(statement, {"values": storable(run_ids)}):
            given = dict(zip(_OF_EXCHANGES, values, strict=True))
            found[run_id].append(ModelExchange(**given))
        return {run_id: tuple(exchanges) for run_id, exchanges in found.items()}

    async def tokens(self, run_id: str) -> int:
        statement = _tokens(self._rule, self._session.dialect)
        [(count,)] = await self._session.rows(statement, {"run_id": run_id})
        return int(count)

    async def add(self, run_id: str, exchange: ModelExchange) -> None:
        given = {name: getattr(exchange, name) for name in _OF_EXCHANGES if name != "position"}
        await self._session.rows(_add(self._session.dialect), {"key": run_id, **given})

    @property
    def _rule(self) -> Filter | None:
        return self._session.rules.get(Run.__name__)


@cache
def _of_runs(texts: frozenset[str], rule: Filter | None, dialect: Dialect) -> Statement:
    """The texts are read as far as the answer has room for them."""
    rows = children_of(workflow_exchanges, workflow_runs, "run_id", rule, dialect).c
    columns = [
        type_coerce(null(), rows[name].type).label(name) if name in _TEXTS - texts else rows[name]
        for name in _OF_EXCHANGES
    ]
    return limited(
        select(rows.run_id, *columns)
        .where(dialect.among(rows.run_id, "values"))
        .order_by(rows.run_id, rows.position),
        sorted(texts),
        "run_id",
        dialect,
        lambda found: (found.c.run_id, found.c.position),
    )


@cache
def _tokens(rule: Filter | None, dialect: Dialect) -> Statement:
    rows = children_of(workflow_exchanges, workflow_runs, "run_id", rule, dialect).c
    found = select(func.coalesce(func.sum(rows.tokens), 0))
    return dialect.compile(found.where(rows.run_id == _parameter("run_id", rows.run_id)))


@cache
def _add(dialect: Dialect) -> Statement:
    them, runs = workflow_exchanges.c, workflow_runs.c
    key = _parameter("key", runs.run_id)
    others = select(func.coalesce(func.max(them.position) + 1, 0)).where(them.run_id == key)
    given = [_parameter(name, them[name]) for name in _OF_EXCHANGES if name != "position"]
    new = select(runs.run_id, others.scalar_subquery(), *given).where(runs.run_id == key)
    return dialect.compile(insert(workflow_exchanges).from_select(["run_id", *_OF_EXCHANGES], new))


def _parameter(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)
