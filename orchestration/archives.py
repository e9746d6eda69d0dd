"""Archives of versions of delivery packages: all files of one version, with a manifest.

An archive is a function of the version: nobody keeps it, and every server makes the same bytes.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import orjson

from domain.callers import Caller, system
from domain.delivery import DeliveryArtifact, DeliveryPackage
from domain.errors import NotFound, StateRemoved, Unavailable
from domain.files import File
from domain.json_object import JsonObject
from domain.qc import QcResult
from files.checksums import checksums_of
from files.names import unique_names
from files.signing import ArchiveAddress
from files.store import ContentDamaged, ContentMissing, FileStore, content_key
from files.zips import KeptFile, MadeFile, Zip
from repositories.api_names import api_name
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Storage, UnitOfWork

MANIFEST: Final = "manifest.json"
"""The first file of an archive: it says what is in it, and what is elsewhere."""
_CALLER: Final = system("files", "files")
_STORAGE_SECONDS: Final = 10.0
"""How long storage may take for one part of the work."""
_MAX_WAIT: Final = 10.0
"""How long, in seconds, whoever asks for an archive waits for checksums that weren't noted yet."""
_BEING_READ: Final = "The files of this version are being read; try again in a while."

log = logging.getLogger("aicmo.files")

Results = Mapping[tuple[Any, Any], JsonObject]
"""Results of QC, by their keys and revisions."""


class Archives:
    """Makes the archives of one server."""

    def __init__(self, storage: Storage, store: FileStore, max_wait: float = _MAX_WAIT) -> None:
        self._storage = storage
        self._store = store
        self._max_wait = max_wait
        self._turn = asyncio.Lock()
        self._reading: dict[str, asyncio.Task[int]] = {}
        """Finds the CRC-32 of content, by its hash."""

    async def archive_of(self, address: ArchiveAddress) -> Zip:
        """The archive of the version that the address names.

        A version that isn't there raises NotFound, one that the log doesn't know any more
        StateRemoved, and one whose files aren't all kept ContentMissing or ContentDamaged. Raises
        Unavailable where files have to be read first, which goes on meanwhile.
        """
        package = await self._version(address.package_id, address.revision)
        artifacts = package.artifacts or ()
        files = await self._files_of(artifacts, address.client_id)
        found = [files.get(artifact.file_id or "") for artifact in artifacts]
        if address.client_id is None and _lack(artifacts, found):
            raise ContentMissing
        checksums = await self._checksums({file.sha256 for file in files.values()})
        results = await self._results_of(artifacts, address)
        paths = iter(unique_names([file.name for file in found if file], taken=[MANIFEST]))
        packed = [
            _Packed(artifact, file, None if file is None else next(paths))
            for artifact, file in zip(artifacts, found, strict=True)
        ]
        return Zip(
            [
                MadeFile(MANIFEST, _manifest(package, packed, results)),
                *(
                    KeptFile(path, file.sha256, file.size, checksums[file.sha256])
                    for _, file, path in packed
                    if file is not None and path is not None
                ),
            ]
        )

    async def close(self) -> None:
        """Stop reading: the next archive begins anew."""
        tasks = [*self._reading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _version(self, package_id: str, revision: int) -> DeliveryPackage:
        """What the package was. Whoever has the address may see it, as who asked for it might."""
        set_deadline(_STORAGE_SECONDS)
        async with self._storage.as_(_CALLER).read() as snapshot:
            entities, unknown = await snapshot.events.as_of(
                DeliveryPackage, [package_id], revision=revision
            )
        if unknown:
            raise StateRemoved
        if package_id not in entities:
            raise NotFound("version of a delivery package", "package_id", package_id)
        return entities[package_id]

    async def _files_of(
        self, artifacts: Sequence[DeliveryArtifact], client_id: str | None
    ) -> Mapping[str, File]:
        """The files of the artifacts by their keys, but for those that aren't the client's."""
        keys = dict.fromkeys(each.file_id for each in artifacts if each.file_id is not None)
        if not keys:
            return {}
        async with self._storage.as_(_bound(client_id)).read() as snapshot:
            return await snapshot.files.get_many([*keys])

    async def _results_of(
        self, artifacts: Sequence[DeliveryArtifact], address: ArchiveAddress
    ) -> Results:
        """The results of QC that the artifacts name, as far as the log knows them, and whoever the
        address was given to may read them."""
        named = {
            (each.qc_result_id, each.qc_revision)
            for each in artifacts
            if each.qc_result_id is not None and each.qc_revision is not None
        }
        if not named or not address.has_verdicts:
            return {}
        set_deadline(_STORAGE_SECONDS)
        async with self._storage.as_(_bound(address.client_id)).read() as snapshot:
            return await snapshot.events.states(QcResult.entity_type, named)

    async def _checksums(self, hashes: Collection[str]) -> Mapping[str, int]:
        """The CRC-32 of content by its hash. It's noted where it wasn't yet."""
        found = await self._noted(hashes)
        if missing := sorted(set(hashes) - found.keys()):
            reading = {sha256: self._read_apart(sha256) for sha256 in missing}
            _, waiting = await asyncio.wait(reading.values(), timeout=self._max_wait)
            if waiting:
                raise Unavailable(_BEING_READ)
            found |= {sha256: task.result() for sha256, task in reading.items()}
        return found

    def _read_apart(self, sha256: str) -> asyncio.Task[int]:
        """The task that reads the content, which goes on although nobody waits for it."""
        task = self._reading.get(sha256)
        if task is None:
            task = asyncio.create_task(self._read(sha256))
            self._reading[sha256] = task
            task.add_done_callback(partial(self._forget, sha256))
        return task

    def _forget(self, sha256: str, task: asyncio.Task[int]) -> None:
        del self._reading[sha256]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("content can't be put into archives: %s: %s", sha256, error)

    async def _noted(self, hashes: Collection[str]) -> dict[str, int]:
        if not hashes:
            return {}
        set_deadline(_STORAGE_SECONDS)
        async with self._storage.as_(_CALLER).read() as snapshot:
            return {**await snapshot.files.checksums(hashes)}

    async def _read(self, sha256: str) -> int:
        async with self._turn:  # all bytes are read
            if noted := await self._noted([sha256]):
                return noted[sha256]
            checksums = await checksums_of(self._store, content_key(sha256))
        if checksums.sha256 != sha256:
            raise ContentDamaged

        async def note(unit: UnitOfWork) -> None:
            await unit.files.note_checksums({sha256: checksums.crc32})

        set_deadline(_STORAGE_SECONDS)
        await self._storage.as_(_CALLER).write(note)
        return checksums.crc32


class _Packed(NamedTuple):
    """An artifact, with its file and the file's name in the archive, where it has one."""

    artifact: DeliveryArtifact
    file: File | None
    path: str | None


def _lack(artifacts: Sequence[DeliveryArtifact], files: Sequence[File | None]) -> bool:
    """Whether a file of the artifacts isn't there."""
    return any(
        artifact.file_id is not None and file is None
        for artifact, file in zip(artifacts, files, strict=True)
    )


def _bound(client_id: str | None) -> Caller:
    return _CALLER if client_id is None else _CALLER._replace(clients=frozenset({client_id}))


def _manifest(package: DeliveryPackage, packed: Sequence[_Packed], results: Results) -> bytes:
    manifest = {
        "packageId": package.package_id,
        "revision": package.revision,
        "draftId": package.draft_id,
        "artifacts": [_described(each, results) for each in packed],
    }
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _described(packed: _Packed, results: Results) -> Mapping[str, Any]:
    artifact, file, path = packed
    result = results.get((artifact.qc_result_id, artifact.qc_revision))
    return {
        "position": artifact.position,
        "path": path,
        "name": artifact.name,
        "format": artifact.format,
        "url": artifact.url,
        "fileId": artifact.file_id,
        "fileName": file and file.name,
        "mediaType": file and file.media_type,
        "size": file and file.size,
        "sha256": file and file.sha256,
        **{api_name(name): value for name, value in artifact.lineage._asdict().items()},
        "verdict": None if result is None else _verdict(result),
    }


def _verdict(result: JsonObject) -> Mapping[str, Any]:
    state = result.to_python()
    return {name: state[name] for name in ("passed", "score")}
