"""Reading access tokens."""

from collections.abc import Mapping, Sequence

from domain.access import AccessToken
from repositories.access.contract import AccessReads
from repositories.lazy import lazy
from resolvers.dataloaders import DataLoader, Listing, listing_of_all


class AccessLoaders:
    """The list, and the reads by keys."""

    def __init__(self, reads: AccessReads) -> None:
        self.reads = reads

    @lazy
    def token_by_id(self) -> DataLoader[str, AccessToken | None]:
        return DataLoader(self._tokens_by_id)

    async def _tokens_by_id(self, ids: Sequence[str]) -> Mapping[str, AccessToken | None]:
        return dict.fromkeys(ids) | dict(await self.reads.tokens(ids))

    @lazy
    def tokens(self) -> Listing[AccessToken]:
        return listing_of_all(self.reads.token_page, self.reads.token_count)
