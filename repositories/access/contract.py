"""What access promises about tokens. Secrets are never stored, and hashes never read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.access import AccessToken
from repositories.criteria import Filter, Page, PageRequest


class AccessReads(Protocol):
    """Reading what there is."""

    async def tokens(self, token_ids: Sequence[str]) -> Mapping[str, AccessToken]:
        """By key; keys that aren't stored are left out."""
        ...

    async def token_page(self, request: PageRequest) -> Page[AccessToken]:
        """A page of all tokens."""
        ...

    async def token_count(self, filter: Filter | None) -> int:
        """How many tokens match."""
        ...

    async def tokens_by_hash(self, hashes: Collection[str]) -> Mapping[str, AccessToken]:
        """The tokens whose secrets have these hashes, valid or not, by the hashes."""
        ...

    async def token_version(self) -> int:
        """A number that grows with every change of a token, but with no use; 0: there is none."""
        ...

    async def pepper_ids(self, now: datetime) -> frozenset[str]:
        """The ids of the peppers of all tokens that are valid at this time."""
        ...


class AccessRepository(AccessReads, Protocol):
    """Reading and writing, inside a unit of work."""

    async def get_for_update(self, token_id: str) -> AccessToken | None:
        """The token, which nobody else changes before this unit of work ends."""
        ...

    async def insert(self, token: AccessToken, hash: str, pepper_id: str) -> None:
        """Store a new token. Raises WriteConflict where its key is taken."""
        ...

    async def update(self, token: AccessToken) -> None:
        """Replace the stored token, which this unit of work got for update."""
        ...

    async def replace_hash(self, token_id: str, hash: str, pepper_id: str) -> None:
        """Have the token another secret from now on."""
        ...

    async def note_use(self, token_ids: Collection[str], minute: datetime) -> None:
        """Say that the tokens were used in this minute, unless they were used later."""
        ...
