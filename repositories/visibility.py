"""The rows that a caller may see.

This is the only place that decides it. The database and the memory both read all rows of entities
and of the log through it: in SQL by `repositories/sql/rows.py`, in memory by `MemorySession.rows`.
"""

from collections.abc import Mapping
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
from repositories.criteria import Comparison, Filter, Operator

Rules = Mapping[str, Filter]
"""The filters that rows must match, by the names of the record types. Types that are not in it are
seen whole."""

EVERYTHING: Final[Rules] = MappingProxyType({})

TYPES_OF_CLIENTS: Final = (
    Brief,
    StrategyPlan,
    Campaign,
    Draft,
    QcResult,
    DeliveryPackage,
    File,
    Upload,
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
    return MappingProxyType({record.__name__: rule for record in TYPES_OF_CLIENTS})
