"""Reading campaigns and drafts."""

from functools import cached_property

from domain.production import Campaign, Draft, Tactic
from repositories.production.contract import CampaignReads, DraftReads
from resolvers.dataloaders import (
    DataLoader,
    EntityLoaders,
    JsonLoader,
    Related,
    children_by_key,
)


class CampaignLoaders(EntityLoaders[Campaign]):
    """Campaigns by `campaign_id`."""

    def __init__(self, reads: CampaignReads, *, with_children: bool = False) -> None:
        super().__init__(reads, with_children=with_children)
        self._campaigns = reads

    @cached_property
    def tactics_by_campaign_id(self) -> DataLoader[str, tuple[Tactic, ...]]:
        return children_by_key(self._campaigns.tactics_by_campaign_id)

    @cached_property
    def tactics_json_by_campaign_id(self) -> JsonLoader:
        return JsonLoader(self._campaigns.tactics_json_by_campaign_id)

    @cached_property
    def campaigns_by_strategy_id(self) -> Related[Campaign]:
        return Related(self._campaigns.pages_by_strategy_id, self._campaigns.counts_by_strategy_id)


class DraftLoaders(EntityLoaders[Draft]):
    """Drafts by `draft_id`."""

    def __init__(self, reads: DraftReads, *, with_children: bool = False) -> None:
        super().__init__(reads, with_children=with_children)
        self._drafts = reads

    @cached_property
    def drafts_by_strategy_id(self) -> Related[Draft]:
        return Related(self._drafts.pages_by_strategy_id, self._drafts.counts_by_strategy_id)

    @cached_property
    def drafts_by_campaign_id(self) -> Related[Draft]:
        return Related(self._drafts.pages_by_campaign_id, self._drafts.counts_by_campaign_id)
