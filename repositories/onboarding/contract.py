"""What onboarding promises about the briefs it keeps."""

from typing import Protocol

from domain.onboarding import Brief
from repositories.contract import EntityReads, EntityRepository


class BriefReads(EntityReads[Brief], Protocol):
    """Reading briefs, by `brief_id`."""


class BriefRepository(BriefReads, EntityRepository[Brief], Protocol):
    """Reading and writing briefs."""
