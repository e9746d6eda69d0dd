"""What was said to language models, in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, null, select, type_coerce

from domain.workflow import ModelExchange, Run
from repositories.criteria import Filter
from repositories.drivers.compiled import Statement
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.sql.metadata import may_be_large
from repositories.sql.rows import children_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statements import limited
from repositories.workflow.tables import workflow_exchanges, workflow_runs

_NAMES: Final = (
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
_TEXTS: Final = frozenset(name for name in _NAMES if may_be_large(workflow_exchanges.c[name]))
_TYPE: Final = ModelExchange.__name__


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
            given = dict(zip(_NAMES, values, strict=True))
            found[run_id].append(ModelExchange(**given))
        return {run_id: tuple(exchanges) for run_id, exchanges in found.items()}

    async def tokens(self, run_id: str) -> int:
        statement = _tokens(self._rule, self._session.dialect)
        [(count,)] = await self._session.rows(statement, {"run_id": run_id})
        return int(count)

    async def add(self, run_id: str, exchange: ModelExchange) -> None:
        given = {name: getattr(exchange, name) for name in _NAMES if name != "position"}
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
        for name in _NAMES
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
    given = [_parameter(name, them[name]) for name in _NAMES if name != "position"]
    new = select(runs.run_id, others.scalar_subquery(), *given).where(runs.run_id == key)
    return dialect.compile(insert(workflow_exchanges).from_select(["run_id", *_NAMES], new))


def _parameter(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)
