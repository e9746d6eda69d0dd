"""The store in a folder: what it acknowledged survives, and nothing torn is ever read."""

import asyncio
import errno
import hashlib
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from files.folder import FolderStore
from files.opening import FilesUrlError, key_of_folder, open_folder
from files.store import BeingWritten, ContentMissing, FileStoreError, StoreFull, upload_key
from tests.files.contents import MEBIBYTE, block, blocks, key_of, keys, parts, read
from tests.support.patience import SECONDS

ABC = b"abcdefghij"
KEY = key_of(ABC)
WRITER = Path(__file__).parent / "killed_writer.py"
KILLS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def store(folder: Path) -> FolderStore:
    return open_folder(folder)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def left_behind(folder: Path) -> list[Path]:
    return sorted((folder / "tmp").iterdir())


# What survives a loss of power


@pytest.fixture
def calls(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system is asked for, in its order: syncs and names."""
    seen: list[str] = []

    def shown(file: int) -> str:
        return str(Path(f"/proc/self/fd/{file}").readlink())

    sync, link, unlink, mkdir = os.fsync, os.link, Path.unlink, Path.mkdir

    def note_sync(file: int) -> None:
        seen.append(f"sync {_kind(Path(shown(file)))}")
        sync(file)

    def note_link(source: Path, target: Path) -> None:
        link(source, target)
        seen.append(f"name {_kind(target)}")

    def note_unlink(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok)
        seen.append(f"remove {_kind(self)}")

    def note_mkdir(self: Path, *args: object, **options: object) -> None:
        mkdir(self, *args, **options)  # type: ignore[arg-type]
        seen.append(f"make {_kind(self)}")

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    monkeypatch.setattr(Path, "unlink", note_unlink)
    monkeypatch.setattr(Path, "mkdir", note_mkdir)
    return seen


def _kind(path: Path) -> str:
    """What a path is for."""
    if path.parent.name == "tmp":
        return "temporary"
    if len(path.name) == 64:
        return "content"
    if path.parent.name == "uploads":
        return "upload"
    return "folder" if len(path.name) == 2 else path.name


async def test_content_has_its_name_when_it_is_synced_and_the_name_is_synced_too(
    store: FolderStore, calls: list[str]
) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    assert calls == [
        "sync temporary",
        "make content",
        "sync files",
        "make folder",
        "sync content",
        "name content",
        "sync folder",
        "remove temporary",
    ]


async def test_an_upload_is_synced_before_it_is_acknowledged(
    store: FolderStore, calls: list[str]
) -> None:
    await store.append(upload_key("u"), 0, parts(ABC), 10)

    assert calls == ["make uploads", "sync files", "sync upload", "sync uploads"]


async def test_a_long_upload_is_written_to_the_disk_while_it_is_received(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "files.folder.begin_writeback", lambda _, start, size: begun.append((start, size))
    )
    await store.append(upload_key("u"), 0, blocks(9), 9 * MEBIBYTE)

    assert begun == [(0, 4 * MEBIBYTE), (4 * MEBIBYTE, 4 * MEBIBYTE)]


async def test_an_upload_is_synced_before_it_is_content(
    store: FolderStore, calls: list[str]
) -> None:
    await store.append(upload_key("u"), 0, parts(ABC), 10)
    calls.clear()

    await store.move(upload_key("u"), KEY)

    assert calls[0] == "sync upload"
    assert calls[-3:] == ["name content", "sync folder", "remove upload"]


async def test_who_finds_content_kept_already_has_its_name_synced(
    store: FolderStore, calls: list[str]
) -> None:
    """Its writer may not have come to it yet."""
    await store.put_if_absent(KEY, parts(ABC))
    calls.clear()

    await store.put_if_absent(KEY, parts(ABC))

    assert calls == ["sync folder"]


# Kills


@pytest.mark.parametrize("seed", range(KILLS))
async def test_a_killed_writer_loses_nothing_and_tears_nothing(folder: Path, seed: int) -> None:
    store = open_folder(folder)
    acknowledged = kill_a_writer(folder, random.Random(seed).uniform(0.02, 0.4))

    found = [found async for found in store.list("content/")]
    for each in found:
        digest = hashlib.sha256()
        async for part in store.read(each.key):
            digest.update(part)
        assert digest.hexdigest() == each.key.rpartition("/")[2]
    assert acknowledged <= {each.key for each in found}
    # Whoever is killed holds nothing: what it began is moved, or goes on.
    async for each in store.list("uploads/"):
        content = await read(store, each.key)
        whole = block(int(each.key.rpartition("-")[2]), 300_000)
        assert whole.startswith(content)
        await store.append(each.key, len(content), parts(whole[len(content) :]), len(whole))
        await store.move(each.key, key_of(whole))
        assert await read(store, key_of(whole)) == whole
    assert await keys(store, "uploads/") == []
    await store.close()


def kill_a_writer(folder: Path, seconds: float) -> set[str]:
    """Let a process write for a while, and kill it; the keys that it acknowledged."""
    with subprocess.Popen(
        [sys.executable, WRITER, folder],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().splitlines(keepends=True)
        assert process.wait(SECONDS) == -signal.SIGKILL
    return {line.strip() for line in lines if line.endswith("\n")}


async def test_what_killed_writers_left_is_removed_after_a_day(folder: Path) -> None:
    open_folder(folder)
    old, new = folder / "tmp" / "old", folder / "tmp" / "new"
    for each in (old, new):
        each.write_bytes(b"half of")
    os.utime(old, (time.time() - 25 * 3600,) * 2)

    open_folder(folder)

    assert left_behind(folder) == [new]


# Several at once


async def test_two_processes_do_not_append_to_one_upload(folder: Path) -> None:
    store, other = open_folder(folder), open_folder(folder)
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"abcde"
        is_begun.set()
        await may_end.wait()
        yield b"fghij"

    writing = asyncio.create_task(store.append(upload_key("u"), 0, slowly(), 10))
    await is_begun.wait()
    with pytest.raises(BeingWritten):
        await other.append(upload_key("u"), 0, parts(ABC), 10)
    may_end.set()
    await writing

    assert await read(other, upload_key("u")) == ABC


async def test_cancelled_writers_leave_no_file_open(store: FolderStore, folder: Path) -> None:
    before = open_files()
    for number in range(40):
        tasks = [
            asyncio.create_task(store.put_if_absent(KEY, blocks(3))),
            asyncio.create_task(store.append(upload_key(f"u{number}"), 0, parts(ABC), 10)),
            asyncio.create_task(read(store, KEY)),
        ]
        for _ in range(number % 8):
            await asyncio.sleep(0)
        await asyncio.sleep(number / 20_000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await store.close()
    assert open_files() == before
    assert left_behind(folder) == []


# Trouble


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[OSError]:
    """Errors that the next writes fail with."""
    errors: list[OSError] = []
    write = os.writev

    def maybe(file: int, parts: list[bytes]) -> int:
        if errors:
            raise errors.pop()
        return write(file, parts)

    monkeypatch.setattr(os, "writev", maybe)
    return errors


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, FileStoreError),
        (errno.EIO, FileStoreError),
    ],
)
async def test_the_systems_errors_are_told_without_paths(
    store: FolderStore,
    folder: Path,
    failing: list[OSError],
    number: int,
    expected: type[FileStoreError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing.append(OSError(number, os.strerror(number), str(folder / "tmp" / "x")))

    with caplog.at_level(logging.WARNING), pytest.raises(expected) as raised:
        await store.put_if_absent(KEY, parts(ABC))

    assert str(folder) not in str(raised.value)
    assert str(folder) in caplog.text
    assert left_behind(folder) == []
    assert await store.put_if_absent(KEY, parts(ABC))


async def test_what_the_system_takes_in_pieces_is_written_whole(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.writev
    monkeypatch.setattr(os, "writev", lambda file, parts: write(file, [b"".join(parts)[:7]]))

    await store.put_if_absent(KEY, parts(b"abc", b"", b"defghijk", b"lmnopqrstuvwxyz"))

    assert await read(store, KEY) == b"abcdefghijklmnopqrstuvwxyz"


async def test_a_folder_that_was_removed_is_made_again(store: FolderStore, folder: Path) -> None:
    await store.put_if_absent(KEY, parts(ABC))
    (folder / KEY).unlink()
    (folder / KEY).parent.rmdir()

    assert await store.put_if_absent(KEY, parts(ABC))


@pytest.mark.parametrize(
    "key",
    ["", "content", "content/..", "../content/a", "/etc/passwd", "content//a", "tmp/a", "a/.b"],
)
async def test_only_keys_are_paths(store: FolderStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await store.stat(key)


async def test_a_folder_in_place_of_content_is_no_content(store: FolderStore, folder: Path) -> None:
    (folder / "uploads" / "u").mkdir(parents=True)

    with pytest.raises(FileStoreError):
        await read(store, upload_key("u"))


async def test_content_is_for_its_owner_alone(store: FolderStore, folder: Path) -> None:
    await store.put_if_absent(KEY, parts(ABC))

    for path in (folder, folder / KEY, (folder / KEY).parent):
        assert path.stat().st_mode & 0o077 == 0


async def test_the_system_sends_content_by_its_file(store: FolderStore) -> None:
    await store.put_if_absent(KEY, parts(ABC))
    file = await store.open_content(KEY)
    receives, sends = os.pipe()
    try:
        assert await store.send_content(file, 2, 5, sends) == 5
        assert await store.send_content(file, 10, 5, sends) == 0
        assert os.read(receives, 100) == ABC[2:7]
    finally:
        for each in (file, receives, sends):
            os.close(each)
    with pytest.raises(ContentMissing):
        await store.open_content(key_of(b"other"))


# Opening


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    open_folder(tmp_path / "a" / "b" / "files")

    assert (tmp_path / "a" / "b" / "files" / "tmp").is_dir()
    assert left_behind(tmp_path / "a" / "b" / "files") == []


def test_a_folder_that_can_not_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FilesUrlError, match="can't keep files: Not a directory"):
        open_folder(tmp_path / "file" / "files")


def test_a_folder_without_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT: two who put at once would both be told that they did."""

    def link(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)

    with pytest.raises(FilesUrlError, match="can't keep files: Operation not permitted"):
        open_folder(tmp_path / "files")


def test_the_key_of_a_folder_stays(folder: Path) -> None:
    open_folder(folder)

    key = key_of_folder(folder)

    assert len(key) == 32
    assert key_of_folder(folder) == key
    assert [each.name for each in folder.iterdir() if each.is_file()] == ["address.key"]
    assert (folder / "address.key").stat().st_mode & 0o077 == 0


def test_a_key_that_is_too_short_is_refused(folder: Path) -> None:
    open_folder(folder)
    (folder / "address.key").write_bytes(b"short")

    with pytest.raises(FilesUrlError, match="too short to be a key"):
        key_of_folder(folder)
