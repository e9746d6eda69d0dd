"""Briefs in memory."""

from domain.onboarding import Brief
from repositories.memory.repository import MemoryRepository


class MemoryBriefRepository(MemoryRepository[Brief]):
    record_type = Brief
    table_name = "onboarding_forms"
