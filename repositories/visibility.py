"""The rows that a caller may see.

This is the only place that decides it. The database and the memory both read all rows of entities
and of the log through it: in SQL by `repositories/sql/rows.py`, in memory by `MemorySession.rows`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from domain.callers import Caller
from domain.delivery import DeliveryPackage
from domain.files import File, Upload
from domain.history import Event
from domain.onboarding import Brief
from domain.production import Campaign, Draft
from domain.qc import QcResult
from domain.strategy import StrategyPlan
from domain.transfers import Export, Import
from domain.workflow import Run
from repositories.criteria import Comparison, Filter, Operator


@dataclass(frozen=True, eq=False, slots=True)
class Rules:
    """The filters that rows must match, by the names of the record types. Types that it doesn't
    name are seen whole.

    Callers of the same clients share one object, so what is made of it is kept by it, and costs
    each request one look-up.
    """

    filters: Mapping[str, Filter]

    def __bool__(self) -> bool:
        return bool(self.filters)

    def get(self, type_name: str) -> Filter | None:
        return self.filters.get(type_name)


EVERYTHING: Final = Rules(MappingProxyType({}))

TYPES_OF_CLIENTS: Final = (
    Brief,
    StrategyPlan,
    Campaign,
    Draft,
    QcResult,
    DeliveryPackage,
    File,
    Upload,
    Import,
    Export,
    Run,
    Event,
)
"""The records that belong to clients."""


def rules_of(caller: Caller) -> Rules:
    """The rules for the caller: one that is bound to clients sees what belongs to them."""
    return EVERYTHING if caller.clients is None else _rules_of(caller.clients)


@lru_cache(256)
def _rules_of(clients: frozenset[str]) -> Rules:
    # Rows of one client can be read in the order of an index, those of several can't.
    match sorted(clients):
        case [client_id]:
            rule = Comparison("client_id", Operator.EQ, client_id)
        case client_ids:
            rule = Comparison("client_id", Operator.IN, tuple(client_ids))
    return Rules(MappingProxyType({record.__name__: rule for record in TYPES_OF_CLIENTS}))
