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

    async def claim_content(
        self, sha256: str, owner: str, *, until: datetime, now: datetime
    ) -> bool:
        claim = self._claims.get(sha256)
        if claim is not None and claim.owner != owner and now < claim.until:
            return False
        self._session.mutable_table(_CLAIMS)[sha256] = _Claim(owner, until)
        return True

    async def has_claim(self, sha256: str, owner: str) -> bool:
        claim = self._claims.get(sha256)
        return claim is not None and claim.owner == owner

    async def release_content(self, sha256: str, owner: str) -> None:
        if await self.has_claim(sha256, owner):
            del self._session.mutable_table(_CLAIMS)[sha256]

    async def note_checksum(self, sha256: str, crc32: int) -> None:
        self._session.mutable_table(_CHECKSUMS)[sha256] = crc32

    async def forget_checksum(self, sha256: str) -> None:
        self._session.mutable_table(_CHECKSUMS).pop(sha256, None)

    @property
    def _claims(self) -> Mapping[str, _Claim]:
        return self._session.table(_CLAIMS)


class MemoryUploadRepository(MemoryRepository[Upload]):
    record_type = Upload
    table_name = "uploads"
