"""The protocols of the repositories of onboarding."""

from typing import Protocol

from domain.onboarding import Brief
from repositories.contract import EntityReads, EntityRepository


class BriefReads(EntityReads[Brief], Protocol):
    """Reads briefs, by `brief_id`."""


class BriefRepository(BriefReads, EntityRepository[Brief], Protocol):
    """Reads, saves and deletes briefs."""
