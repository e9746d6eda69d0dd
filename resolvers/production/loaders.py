"""Reading campaigns and drafts."""

from functools import cached_property

from domain.production import Campaign, Draft, Tactic
from repositories.production.contract import CampaignReads, DraftReads
from resolvers.dataloaders import EntityLoaders, Loader, Related


class CampaignLoaders(EntityLoaders[Campaign]):
    """Campaigns by `campaign_id`."""

    def __init__(self, reads: CampaignReads, *, is_alone: bool = False) -> None:
        super().__init__(reads, is_alone=is_alone)
        self._campaigns = reads

    @cached_property
    def tactics_by_campaign_id(self) -> Loader[str, tuple[Tactic, ...]]:
        return self._children(
            self._campaigns.tactics_by_campaign_id, self._campaigns.tactics_json_by_campaign_id
        )

    @cached_property
    def campaigns_by_strategy_id(self) -> Related[Campaign]:
        return Related(self._campaigns.pages_by_strategy_id, self._campaigns.counts_by_strategy_id)


class DraftLoaders(EntityLoaders[Draft]):
    """Drafts by `draft_id`."""

    def __init__(self, reads: DraftReads, *, is_alone: bool = False) -> None:
        super().__init__(reads, is_alone=is_alone)
        self._drafts = reads

    @cached_property
    def drafts_by_strategy_id(self) -> Related[Draft]:
        return Related(self._drafts.pages_by_strategy_id, self._drafts.counts_by_strategy_id)

    @cached_property
    def drafts_by_campaign_id(self) -> Related[Draft]:
        return Related(self._drafts.pages_by_campaign_id, self._drafts.counts_by_campaign_id)
