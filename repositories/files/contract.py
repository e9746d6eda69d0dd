"""The protocols of the repositories of files."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.files import File, Upload
from repositories.contract import EntityReads, EntityRepository


class FileReads(EntityReads[File], Protocol):
    """Reads files, by `file_id`."""

    async def hashes_among(self, hashes: Collection[str]) -> frozenset[str]:
        """Those of the SHA-256 hashes that files have which the caller may see."""
        ...

    async def checksums(self, hashes: Collection[str]) -> Mapping[str, int]:
        """The CRC-32 of content by its SHA-256 hash, as far as it was noted."""
        ...


class FileRepository(FileReads, EntityRepository[File], Protocol):
    """Reads, saves and deletes files.

    A claim on content is for whoever makes a file of it, or deletes its bytes: outside of any
    transaction, so that no other one meets it there.
    """

    async def hold(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        """The files by key, which nobody deletes before this unit of work ends."""
        ...

    async def lock(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        """Those of the files that nobody holds, for update.

        Nobody is waited for: those that are held are left out, as those that aren't stored.
        """
        ...

    async def time(self, now: datetime) -> datetime:
        """The present time: PostgreSQL's, since several servers may share it, or else `now`."""
        ...

    async def claim_contents(
        self, hashes: Collection[str], owner: str, *, until: datetime, now: datetime
    ) -> bool:
        """Claim the contents with these hashes; False where another owner has one until later, and
        then this unit of work may have claimed the others.

        An owner may claim again what it has: it's then its own for longer. Claims are taken, looked
        at and given back in the order of the hashes: so of two owners who have several of the same
        contents each waits for the other at most once.
        """
        ...

    async def has_claims(self, hashes: Collection[str], owner: str) -> bool:
        """Whether the owner's claims are the last ones; nobody claims the contents before this unit
        of work ends."""
        ...

    async def release_contents(self, hashes: Collection[str], owner: str) -> None:
        """Give the owner's claims back, but for contents that others have claimed since."""
        ...

    async def note_checksums(self, checksums: Mapping[str, int]) -> None:
        """Note the CRC-32 of contents by their hashes."""
        ...

    async def forget_checksum(self, sha256: str) -> None:
        """Forget the CRC-32 of content that isn't kept any more."""
        ...


class UploadReads(EntityReads[Upload], Protocol):
    """Reads uploads, by `upload_id`."""


class UploadRepository(UploadReads, EntityRepository[Upload], Protocol):
    """Reads, saves and deletes uploads."""
