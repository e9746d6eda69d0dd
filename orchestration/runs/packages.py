"""Packages of runs: documents become files of the store, and artifacts of a package.

The store is asked outside of any transaction: claim, put, and then the transaction that has the
package. Whatever is killed in between can be repeated; bytes of nobody are collected.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple
from zlib import crc32

from domain.delivery import DeliveryArtifact, DeliveryPackage, SaveDeliveryPackage
from domain.files import ByteCount, File
from domain.production import Draft
from files.names import unique_names
from files.store import FileStore, FileStoreError, content_key
from orchestration.contents import Claim, ContentBusy, once_free
from orchestration.producers.ports import PackageFile
from orchestration.runs.steps import At
from repositories.unit_of_work import UnitOfWork
from resolvers.delivery.commands import save_delivery_package


class _Document(NamedTuple):
    name: str
    document: PackageFile
    sha256: str


async def deliver(
    at: At, draft: Draft, documents: Sequence[PackageFile]
) -> Callable[[UnitOfWork], Awaitable[DeliveryPackage]]:
    """Keep the documents in the store; what stores the package that has them.

    Raises FileStoreError, and ContentBusy where others store the same content for too long.
    """
    names = unique_names(document.name for document in documents)
    found = [
        _Document(name, document, hashlib.sha256(document.content).hexdigest())
        for name, document in zip(names, documents, strict=True)
    ]
    contents = {it.sha256: it.document.content for it in found}
    # Other steps of the run may have the same content.
    owner = f"{at.run.run_id}-{at.step.position}"
    claim = Claim(owner, {sha256: crc32(content) for sha256, content in contents.items()})

    if contents:
        await once_free(partial(at.lease.write, is_progress=False), claim.take)
    assert at.producers.store is not None
    try:
        await _put(at.producers.store, contents)
    except FileStoreError:
        # Others who have the same don't wait for this one.
        await at.lease.write(claim.release, is_progress=False)
        raise

    async def store_package(unit: UnitOfWork) -> DeliveryPackage:
        if not await claim.is_held(unit):
            raise ContentBusy
        artifacts = [await _artifact(unit, at, draft, it) for it in found]
        command = SaveDeliveryPackage(draft_id=draft.draft_id, artifacts=tuple(artifacts))
        saved = await save_delivery_package(unit, command)
        await claim.complete(unit)
        return saved

    return store_package


async def _put(store: FileStore, contents: Mapping[str, bytes]) -> None:
    """Put all of them into the store at once: one that is far away takes as long for one."""
    puts = (
        store.put_if_absent(content_key(sha256), _parts(content))
        for sha256, content in contents.items()
    )
    for outcome in await asyncio.gather(*puts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _parts(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _artifact(unit: UnitOfWork, at: At, draft: Draft, found: _Document) -> DeliveryArtifact:
    file = File(
        file_id=unit.new_key("file"),
        client_id=draft.client_id,
        name=found.name,
        media_type=found.document.media_type,
        size=ByteCount(len(found.document.content)),
        sha256=found.sha256,
        created_by=at.run.started_by,
        created_at=unit.now,
        updated_at=unit.now,
    )
    saved = await unit.files.save(file)
    return DeliveryArtifact(name=found.name, format=found.document.format, file_id=saved.file_id)
