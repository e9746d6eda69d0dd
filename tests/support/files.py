"""Files of tests: a store in memory, and what clients send to it."""

from collections.abc import AsyncIterator

from domain.files import Upload
from domain.sources import Clock, utc_now
from files.limits import FileLimits
from files.memory import MemoryStore
from files.service import Files
from files.signing import AddressSigner
from files.store import FileStore, content_key, upload_key
from orchestration.contents import Claim
from repositories.unit_of_work import Storage
from tests import builders as build

KEY = b"k" * 32
BASE = "https://api.example"


def files_in(store: FileStore | None = None, clock: Clock = utc_now) -> Files:
    """The files of a server, in this store or in a new one in memory."""
    return Files(
        store or MemoryStore(clock=clock), AddressSigner([KEY], clock), FileLimits(), clock
    )


async def in_parts(content: bytes) -> AsyncIterator[bytes]:
    half = len(content) // 2
    yield content[:half]
    yield content[half:]


async def send(store: FileStore, upload: Upload | str, content: bytes) -> None:
    """Send the bytes of an upload, as its request does."""
    upload_id = upload if isinstance(upload, str) else upload.upload_id
    await store.put_if_absent(upload_key(upload_id), in_parts(content))


async def keep(store: FileStore, sha256: str, content: bytes) -> None:
    await store.put_if_absent(content_key(sha256), in_parts(content))


async def kept(store: FileStore, prefix: str = "") -> dict[str, bytes]:
    """All that is kept under keys that begin so."""
    keys = [found.key async for found in store.list(prefix)]
    return {key: b"".join([part async for part in store.read(key)]) for key in sorted(keys)}


async def require_unclaimed(storage: Storage, *hashes: str) -> None:
    """Raises ContentBusy where somebody has claimed one of the contents."""
    repositories = storage.as_(build.caller())
    claim = Claim("others, who have the same", dict.fromkeys(hashes))
    await repositories.write(claim.take)
    await repositories.write(claim.release)
