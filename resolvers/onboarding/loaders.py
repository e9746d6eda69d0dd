"""Reading briefs."""

from domain.onboarding import Brief
from resolvers.dataloaders import EntityLoaders


class BriefLoaders(EntityLoaders[Brief]):
    """Briefs by `brief_id`."""
