"""Files and uploads in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.files import File, Upload
from repositories.memory.repository import MemoryRepository

_CLAIMS = "file_claims"
_CHECKSUMS = "file_checksums"


class _Claim(NamedTuple):
    owner: str
    until: datetime


class MemoryFileRepository(MemoryRepository[File]):
    record_type = File
    table_name = "files"

    async def hashes_among(self, hashes: Collection[str]) -> frozenset[str]:
        await self._session.scan()
        return frozenset(file.sha256 for file in self._records.values() if file.sha256 in hashes)

    async def checksums(self, hashes: Collection[str]) -> Mapping[str, int]:
        noted: Mapping[str, int] = self._session.table(_CHECKSUMS)
        return {sha256: noted[sha256] for sha256 in hashes if sha256 in noted}

    async def hold(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        return await self.get_many(file_ids)

    async def lock(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        return await self.get_many(file_ids)

    async def time(self, now: datetime) -> datetime:
        return now

    async def claim_contents(
        self, hashes: Collection[str], owner: str, *, until: datetime, now: datetime
    ) -> bool:
        found = [self._claims[sha256] for sha256 in hashes if sha256 in self._claims]
        if any(claim.owner != owner and now < claim.until for claim in found):
            return False
        claims = self._session.mutable_table(_CLAIMS)
        claims.update(dict.fromkeys(hashes, _Claim(owner, until)))
        return True

    async def has_claims(self, hashes: Collection[str], owner: str) -> bool:
        return all(self._is_claimed(sha256, owner) for sha256 in hashes)

    async def release_contents(self, hashes: Collection[str], owner: str) -> None:
        claims = self._session.mutable_table(_CLAIMS)
        for sha256 in hashes:
            if self._is_claimed(sha256, owner):
                del claims[sha256]

    async def note_checksums(self, checksums: Mapping[str, int]) -> None:
        self._session.mutable_table(_CHECKSUMS).update(checksums)

    async def forget_checksum(self, sha256: str) -> None:
        self._session.mutable_table(_CHECKSUMS).pop(sha256, None)

    def _is_claimed(self, sha256: str, owner: str) -> bool:
        claim = self._claims.get(sha256)
        return claim is not None and claim.owner == owner

    @property
    def _claims(self) -> Mapping[str, _Claim]:
        return self._session.table(_CLAIMS)


class MemoryUploadRepository(MemoryRepository[Upload]):
    record_type = Upload
    table_name = "uploads"
