"""Reading campaigns and drafts."""

from domain.production import Campaign, Draft, Tactic
from repositories.lazy import lazy
from repositories.production.contract import CampaignReads, DraftReads
from resolvers.dataloaders import EntityLoaders, Loader, Related


class CampaignLoaders(EntityLoaders[Campaign]):
    """Campaigns by `campaign_id`."""

    def __init__(self, reads: CampaignReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._campaigns = reads

    @lazy
    def tactics_by_campaign_id(self) -> Loader[str, tuple[Tactic, ...]]:
        return self._children(
            self._campaigns.tactics_by_campaign_id, self._campaigns.tactics_json_by_campaign_id
        )

    @lazy
    def campaigns_by_strategy_id(self) -> Related[Campaign]:
        reads = self._campaigns
        return Related(reads.pages_by_strategy_id, reads.counts_by_strategy_id, reads.json_pages)


class DraftLoaders(EntityLoaders[Draft]):
    """Drafts by `draft_id`."""

    def __init__(self, reads: DraftReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._drafts = reads

    @lazy
    def drafts_by_strategy_id(self) -> Related[Draft]:
        reads = self._drafts
        return Related(reads.pages_by_strategy_id, reads.counts_by_strategy_id, reads.json_pages)

    @lazy
    def drafts_by_campaign_id(self) -> Related[Draft]:
        reads = self._drafts
        return Related(reads.pages_by_campaign_id, reads.counts_by_campaign_id, reads.json_pages)
