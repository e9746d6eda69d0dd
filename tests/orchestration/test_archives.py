"""The archive of a version: its files and a manifest, as whoever was given the address may see."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from domain.errors import NotFound, StateRemoved, Unavailable
from domain.files import ByteCount, File
from files.memory import MemoryStore
from files.signing import ArchiveAddress
from files.store import ContentDamaged, ContentMissing, content_key
from files.zips import Zip
from orchestration.archives import Archives
from orchestration.garbage import Garbage
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.files import keep
from tests.support.patience import SECONDS
from tests.support.sources import SettableClock

T = TypeVar("T")

ADDRESS = ArchiveAddress("package-1", 1, client_id=None, has_verdicts=True, expires=0)
NOTHING_KNOWN = {"draftRevision": None, "qcResultId": None, "qcRevision": None, "verdict": None}
ELSEWHERE = build.artifact("elsewhere", url="https://example.com/a.pdf")


class System:
    """A storage with packages, and a store with the bytes of their files."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.store = MemoryStore()
        self.archives = Archives(storage, self.store)

    async def add(self, key: str, content: bytes = build.CONTENT, **changes: Any) -> File:
        sha256 = build.sha256_of(content)
        await keep(self.store, sha256, content)
        file = build.file(key, sha256=sha256, size=ByteCount(len(content)), **changes)
        return await self.write(lambda unit: unit.files.save(file))

    async def pack(self, *artifacts: Any, **changes: Any) -> None:
        """Save the package: its artifacts are files, or are elsewhere."""
        given = [
            build.artifact(f"Of {each.file_id}", url=None, file_id=each.file_id, format="txt")
            if isinstance(each, File)
            else each
            for each in artifacts
        ]
        placed = tuple(replace(each, position=n) for n, each in enumerate(given))
        package = build.package(artifacts=placed, **changes)
        await self.write(lambda unit: unit.delivery_packages.save(package))

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self.storage.as_(build.caller()).write(work)

    async def archive(self, **changes: Any) -> Zip:
        return await self.archives.archive_of(replace(ADDRESS, **changes))

    async def content(self, **changes: Any) -> dict[str, bytes]:
        """The files of the archive, by their names, in their order."""
        archive = await self.archive(**changes)
        parts = [part async for part in archive.read(self.store, 0, archive.size)]
        read = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
        assert read.testzip() is None
        return {name: read.read(name) for name in read.namelist()}


@pytest.fixture
def system(storage: Storage) -> System:
    return System(storage)


def manifest_of(content: dict[str, bytes]) -> Any:
    assert next(iter(content)) == "manifest.json"
    return json.loads(content["manifest.json"])


async def test_an_archive_has_the_files_of_the_version_in_order(system: System) -> None:
    letter, plan = await system.add("1", b"A letter."), await system.add("2", b"A plan.")
    await system.pack(letter)
    await system.pack(plan, ELSEWHERE, letter, plan)

    first, second = await system.content(), await system.content(revision=2)

    assert [*first.values()][1:] == [b"A letter."]
    assert [*second] == ["manifest.json", "bread.txt", "bread (2).txt", "bread (3).txt"]
    assert [*second.values()][1:] == [b"A plan.", b"A letter.", b"A plan."]


async def test_the_manifest_tells_of_every_artifact(system: System) -> None:
    file = await system.add("1", name="../Lettre à Éva.txt")
    await system.pack(file, ELSEWHERE)

    assert manifest_of(await system.content()) == {
        "packageId": "package-1",
        "revision": 1,
        "draftId": "draft-1",
        "artifacts": [
            {
                "position": 0,
                "path": "_Lettre à Éva.txt",
                "name": "Of 1",
                "format": "txt",
                "url": None,
                "fileId": "1",
                "fileName": "../Lettre à Éva.txt",
                "mediaType": "text/plain",
                "size": len(build.CONTENT),
                "sha256": build.sha256_of(build.CONTENT),
                **NOTHING_KNOWN,
            },
            {
                "position": 1,
                "path": None,
                "name": "elsewhere",
                "format": "pdf",
                "url": "https://example.com/a.pdf",
                "fileId": None,
                "fileName": None,
                "mediaType": None,
                "size": None,
                "sha256": None,
                **NOTHING_KNOWN,
            },
        ],
    }


@pytest.mark.parametrize("artifacts", [(), (ELSEWHERE,)], ids=["nothing", "elsewhere"])
async def test_a_version_without_files_has_a_manifest(
    system: System, artifacts: tuple[Any, ...]
) -> None:
    await system.pack(*artifacts)

    content = await system.content()

    assert [*content] == ["manifest.json"]
    assert len(manifest_of(content)["artifacts"]) == len(artifacts)


async def test_hostile_names_stay_in_their_folder(system: System) -> None:
    names = [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\a.bat",
        "CON",
        "manifest.json",
        "MANIFEST.JSON",
    ]
    names += ["..", "x" * 400 + ".pdf", "gpj.\u202eexe", "Manifest.json"]
    await system.pack(*[await system.add(f"{n}", name=name) for n, name in enumerate(names)])

    found = [*await system.content()]

    assert found == [
        *("manifest.json", "_.._etc_passwd", "_etc_passwd", "C__a.bat", "_CON"),
        *("manifest (2).json", "MANIFEST (3).JSON", "file", "x" * 196 + ".pdf", "gpj.exe"),
        "Manifest (4).json",
    ]


async def test_an_archive_is_the_same_wherever_and_whenever_it_is_made(
    system: System, storage: Storage
) -> None:
    await system.pack(await system.add("1"), await system.add("2", b"A plan."), ELSEWHERE)
    once = await system.archive()
    await system.pack()

    again = await system.archive()
    elsewhere = await Archives(storage, system.store).archive_of(ADDRESS)

    assert once.tag == again.tag == elsewhere.tag
    assert once.size == again.size == elsewhere.size


async def test_a_version_that_was_not_there_is_not_found(system: System) -> None:
    await system.pack()

    for changes in ({"revision": 2}, {"package_id": "another"}):
        with pytest.raises(NotFound):
            await system.archive(**changes)


async def test_a_version_that_the_log_forgot_is_told(
    system: System, clock: SettableClock, storage: Storage
) -> None:
    await system.pack(await system.add("1"))
    await system.pack()
    clock.move(days=2)
    await storage.sequence_events()
    await storage.prune_events(timedelta(days=1), 1000)

    with pytest.raises(StateRemoved):
        await system.archive()
    assert [*await system.content(revision=2)] == ["manifest.json"]


async def test_the_version_of_a_package_that_was_deleted_is_still_there(system: System) -> None:
    await system.pack(await system.add("1"))
    await system.write(lambda unit: unit.delivery_packages.delete("package-1"))

    assert [*await system.content()] == ["manifest.json", "bread.txt"]


async def test_who_is_bound_to_a_client_gets_its_files_alone(system: System) -> None:
    files = [await system.add(f"{n}", client_id=id) for n, id in enumerate(("a", "b", None))]
    await system.pack(*files)

    content = await system.content(client_id="a")

    assert [*content] == ["manifest.json", "bread.txt"]
    found = manifest_of(content)["artifacts"]
    assert [(each["fileId"], each["path"], each["sha256"]) for each in found] == [
        ("0", "bread.txt", files[0].sha256),
        ("1", None, None),
        ("2", None, None),
    ]
    assert len(await system.content()) == 4


async def test_an_archive_is_not_made_without_a_file_of_its_version(system: System) -> None:
    await system.pack(await system.add("1"))
    await system.write(lambda unit: unit.files.delete("1"))

    with pytest.raises(ContentMissing):
        await system.archive()


# Verdicts


async def record(system: System, **changes: Any) -> None:
    await system.write(
        lambda unit: unit.qc_results.save(build.result("qc-1", draft_id="draft-1", **changes))
    )


async def verdicts(system: System, **changes: Any) -> list[Any]:
    manifest = manifest_of(await system.content(**changes))
    return [each["verdict"] for each in manifest["artifacts"]]


async def test_the_manifest_has_the_verdict_that_the_draft_had(system: System) -> None:
    await system.write(lambda unit: unit.drafts.save(build.draft("draft-1")))
    await record(system, passed=False, score=0.25)
    await system.pack(await system.add("1"), ELSEWHERE)
    await record(system, passed=True, score=1.0)

    [kept_here, elsewhere] = manifest_of(await system.content())["artifacts"]

    lineage = {"draftRevision": 1, "qcResultId": "qc-1", "qcRevision": 1}
    assert lineage.items() <= kept_here.items()
    assert lineage.items() <= elsewhere.items()
    assert kept_here["verdict"] == elsewhere["verdict"] == {"passed": False, "score": 0.25}


async def test_verdicts_are_for_those_who_may_read_results_of_the_client(system: System) -> None:
    await record(system)
    await system.pack(ELSEWHERE)

    assert await verdicts(system, has_verdicts=False) == [None]
    assert await verdicts(system, client_id="a") == [None]
    assert await verdicts(system) != [None]


async def test_a_verdict_that_the_log_forgot_is_null(
    system: System, clock: SettableClock, storage: Storage
) -> None:
    await record(system)
    await system.pack(ELSEWHERE)
    await record(system)
    clock.move(days=2)
    await storage.sequence_events()
    await storage.prune_events(timedelta(days=1), 1000)

    assert await verdicts(system) == [None]


# Checksums


async def checksums(system: System) -> dict[str, int]:
    async def noted(unit: UnitOfWork) -> dict[str, int]:
        return {**await unit.files.checksums([build.sha256_of(build.CONTENT)])}

    return await system.write(noted)


async def test_a_checksum_is_noted_where_none_is(system: System) -> None:
    await system.pack(await system.add("1"))
    assert await checksums(system) == {}

    once = await system.content()
    assert len(await checksums(system)) == 1

    assert await system.content() == once


async def test_noted_checksums_are_read_and_not_the_bytes(system: System) -> None:
    await system.pack(await system.add("1"))
    archive = await system.archive()
    await system.store.delete(content_key(build.sha256_of(build.CONTENT)))

    assert (await system.archive()).tag == archive.tag
    with pytest.raises(ContentMissing):
        await archive.require_first(system.store, 0, archive.size)


async def test_no_checksum_of_damaged_content_is_noted(system: System) -> None:
    file = await system.add("1")
    await system.pack(file)
    await system.store.delete(content_key(file.sha256))
    await keep(system.store, file.sha256, b"Other bytes.")

    with pytest.raises(ContentDamaged):
        await system.archive()
    assert await checksums(system) == {}


async def test_an_archive_waits_no_longer_than_it_may_for_bytes_that_have_to_be_read(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.pack(await system.add("1"))
    go_on, read, times = asyncio.Event(), system.store.read, 0

    async def slow(key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        nonlocal times
        times += 1
        await go_on.wait()
        async for part in read(key, start, stop):
            yield part

    monkeypatch.setattr(system.store, "read", slow)
    impatient = Archives(system.storage, system.store, max_wait=0.0)

    for _ in range(2):
        with pytest.raises(Unavailable):
            await impatient.archive_of(ADDRESS)
    go_on.set()
    async with asyncio.timeout(SECONDS):
        while not await checksums(system):  # noqa: ASYNC110
            await asyncio.sleep(0)

    assert (await impatient.archive_of(ADDRESS)).size > 0
    assert times == 1


async def test_a_checksum_is_forgotten_with_its_content(
    system: System, clock: SettableClock
) -> None:
    await system.pack(await system.add("1"))
    await system.archive()
    await system.write(lambda unit: unit.files.delete("1"))
    clock.move(days=3650)
    garbage = Garbage(system.storage, system.store, timedelta(hours=1), clock=clock)

    assert len([each async for each in garbage.delete_content()]) == 1
    assert await checksums(system) == {}
