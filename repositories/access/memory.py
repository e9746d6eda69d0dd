"""Access tokens in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from domain.access import AccessToken
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.criteria import matches, page_of
from repositories.memory.session import MemorySession

_TOKENS = "access_tokens"
_HASHES = "access_token_hashes"


class _Hash(NamedTuple):
    hash: str
    pepper_id: str


class MemoryAccessRepository:
    """Tokens as one session sees them."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    # Reading

    async def tokens(self, token_ids: Sequence[str]) -> Mapping[str, AccessToken]:
        stored = self._tokens
        return {key: stored[key] for key in token_ids if key in stored}

    async def token_page(self, request: PageRequest) -> Page[AccessToken]:
        await self._session.scan()
        return page_of(self._tokens.values(), "token_id", request)

    async def token_count(self, filter: Filter | None) -> int:
        await self._session.scan()
        return sum(matches(each, filter) for each in self._tokens.values())

    async def tokens_by_hash(self, hashes: Collection[str]) -> Mapping[str, AccessToken]:
        tokens = self._tokens
        found = self._session.table(_HASHES).items()
        return {it.hash: tokens[token_id] for token_id, it in found if it.hash in hashes}

    async def token_version(self) -> int:
        return sum(each.revision for each in self._tokens.values())

    async def pepper_ids(self, now: datetime) -> frozenset[str]:
        hashes = self._session.table(_HASHES)
        valid = (each for each in self._tokens.values() if each.is_valid(now))
        return frozenset(hashes[each.token_id].pepper_id for each in valid)

    # Writing

    async def get_for_update(self, token_id: str) -> AccessToken | None:
        return self._tokens.get(token_id)

    async def insert(self, token: AccessToken, hash: str, pepper_id: str) -> None:
        if token.token_id in self._tokens:
            raise self._session.write_conflict()
        self._session.mutable_table(_TOKENS)[token.token_id] = token
        await self.replace_hash(token.token_id, hash, pepper_id)

    async def update(self, token: AccessToken) -> None:
        self._session.changes_tokens = True
        self._session.mutable_table(_TOKENS)[token.token_id] = token

    async def replace_hash(self, token_id: str, hash: str, pepper_id: str) -> None:
        self._session.changes_tokens = True
        self._session.mutable_table(_HASHES)[token_id] = _Hash(hash, pepper_id)

    async def note_use(self, token_ids: Collection[str], minute: datetime) -> None:
        tokens = self._session.mutable_table(_TOKENS)
        for key in token_ids:
            token = tokens.get(key)
            if token is not None and (token.last_used_at or minute) <= minute:
                tokens[key] = replace(token, last_used_at=minute)

    @property
    def _tokens(self) -> Mapping[str, AccessToken]:
        return self._session.table(_TOKENS)
