"""The rows of entities that a caller may see.

This is the only place that decides it. The database and the memory both read all rows of entities
through it: in SQL by `repositories/sql/rows.py`, in memory by `MemorySession.rows`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.callers import Caller
from repositories.criteria import Filter

Rules = Mapping[str, Filter]
"""The filters that rows must match, by the names of the record types. Types that are not in it are
seen whole."""

EVERYTHING: Final[Rules] = MappingProxyType({})


def rules_of(caller: Caller) -> Rules:
    """The rules for the caller. Nothing is restricted yet."""
    return EVERYTHING
