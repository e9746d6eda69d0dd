"""The store that keeps bytes in a folder of this machine.

What it acknowledged survives a loss of power: a file is complete and synced before its name is
there, and the folder of the name is synced too. Content is `content/ab/abcd…`, uploads that aren't
checked yet are in `uploads`, and what is being written is in `tmp`, where a killed process may
leave something behind.
"""

import fcntl
import logging
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EDQUOT, ENOSPC, ENOTDIR
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from domain.sources import Clock, random_bytes, utc_now
from files.parts import PART_BYTES, gathered
from files.store import (
    BeingWritten,
    ContentMissing,
    FileStoreError,
    StoredContent,
    StoreFull,
    TooLong,
    WrongOffset,
)
from files.threads import Behind, Threads
from files.writeback import begin_writeback

P = ParamSpec("P")
R = TypeVar("R")

_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_TEMPORARY: Final = "tmp"
_TO_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
_THREADS: Final = 8
"""How many read at once, and how many write."""
_ABANDONED_SECONDS: Final = 24 * 3600.0
_LISTED_AT_ONCE: Final = 1000
_WRITTEN_BYTES: Final = 512 * 1024
"""How much is written at once, while as much is received."""
_WRITEBACK_BYTES: Final = 4 * 1024 * 1024
"""How much the system begins to write to the disk at once."""
_PARTS_AT_ONCE: Final = 1000
"""The system takes 1,024."""

log = logging.getLogger("aicmo.files")


class FolderStore:
    """A FileStore and AppendingStore in a folder, which several processes may share."""

    def __init__(self, root: Path, clock: Clock = utc_now) -> None:
        self._root = root
        self._clock = clock
        self._reading = Threads(_THREADS, "files-read")
        self._writing = Threads(_THREADS, "files-write")
        """Readers don't wait for those who sync."""
        self._synced: set[Path] = set()
        """Folders whose names are sure to survive a loss of power."""

    def prepare(self) -> None:
        """Make the folder, and try that files can be kept in it. Raises OSError.

        What killed processes left behind long ago is removed.
        """
        for each in (self._root, self._root / _TEMPORARY):
            self._make_folder(each)
        abandoned = self._clock().timestamp() - _ABANDONED_SECONDS
        for found in os.scandir(self._root / _TEMPORARY):
            with suppress(FileNotFoundError):
                if found.stat().st_mtime < abandoned:
                    Path(found.path).unlink()
        temporary = self._new_temporary()
        trial = temporary.path.with_suffix(".trial")
        try:
            os.fsync(temporary.file)
            os.link(temporary.path, trial)
            trial.unlink()
        finally:
            temporary.discard()

    async def put_if_absent(self, key: str, content: AsyncIterator[bytes]) -> bool:
        target = self._path(key)
        if await self._write(target.exists):
            # Its writer may not have synced the folder yet, and this answers for it too.
            await self._write(_sync_folder, target.parent)
            return False
        temporary = await self._writing.acquire(
            _translating(self._new_temporary), _Temporary.discard
        )
        writing = Behind(self._write)
        try:
            async for parts in gathered(content, _WRITTEN_BYTES):
                await writing.start(partial(_write, temporary.file, parts))
            await writing.wait()
            return await self._write(self._publish, temporary.file, temporary.path, target)
        finally:
            await writing.settle()
            await self._write(temporary.discard)

    async def append(self, key: str, offset: int, content: AsyncIterator[bytes], limit: int) -> int:
        path = self._path(key)
        file = await self._writing.acquire(
            _translating(lambda: self._open_to_append(path, offset, limit)), os.close
        )
        size = offset
        writing = Behind(self._write)
        try:
            async for parts in gathered(content, _WRITTEN_BYTES, even_broken=True):
                size += sum(map(len, parts))
                if size > limit:
                    raise TooLong
                await writing.start(partial(_write, file, parts))
            await writing.wait()
        finally:
            await writing.settle()
            await self._write(_sync_and_close, file, path.parent)
        return size

    async def stat(self, key: str) -> StoredContent | None:
        path = self._path(key)
        try:
            return _stored(key, await self._read(os.stat, path))
        except ContentMissing:
            return None

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        path = self._path(key)
        file = await self._reading.acquire(_translating(lambda: _open(path)), os.close)
        try:
            at = start
            while stop is None or at < stop:
                count = PART_BYTES if stop is None else min(PART_BYTES, stop - at)
                part = await self._read(os.pread, file, count, at)
                if not part:
                    return
                at += len(part)
                yield part
        finally:
            await self._read(os.close, file)

    async def open_content(self, key: str) -> int:
        path = self._path(key)
        return await self._reading.acquire(_translating(lambda: _open(path)), os.close)

    async def send_content(self, file: int, start: int, count: int, to: int) -> int | None:
        def send() -> int | None:
            try:
                return os.sendfile(to, file, start, count)
            except BlockingIOError:
                return None

        return await self._reading.run(send)

    async def move(self, source: str, target: str) -> bool:
        return await self._write(self._move, self._path(source), self._path(target))

    async def delete(self, key: str) -> bool:
        return await self._write(self._delete, self._path(key))

    async def list(self, prefix: str) -> AsyncIterator[StoredContent]:
        found = self._found(prefix)
        while some := await self._read(lambda: list(islice(found, _LISTED_AT_ONCE))):
            for each in some:
                yield each

    async def close(self) -> None:
        await self._reading.close()
        await self._writing.close()

    async def _read(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._reading.run(_translating(lambda: work(*args, **kwargs)))

    async def _write(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._writing.run(_translating(lambda: work(*args, **kwargs)))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key) or key.startswith(f"{_TEMPORARY}/"):
            raise ValueError(f"not a key: {key!r}")
        return self._root / key

    def _new_temporary(self) -> "_Temporary":
        path = self._root / _TEMPORARY / random_bytes(16).hex()
        return _Temporary(os.open(path, os.O_EXCL | _TO_WRITE, 0o600), path)

    def _make_folder(self, folder: Path) -> None:
        """Make the folder and those above it; their names survive a loss of power.

        Another process may have made it and not synced it yet, so those inside the root are synced
        even if they are there.
        """
        is_inside = self._root in folder.parents
        if folder.is_dir() and (folder in self._synced or not is_inside):
            return
        if folder.parent != folder:
            self._make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder)) from None
        _sync_folder(folder.parent)
        self._synced.add(folder)

    def _publish(self, file: int, temporary: Path, target: Path) -> bool:
        os.fsync(file)
        return self._link(temporary, target)

    def _link(self, source: Path, target: Path) -> bool:
        """Give the file this name too; False where the name is taken. The name is synced then."""
        self._make_folder(target.parent)
        try:
            os.link(source, target)
        except FileExistsError:
            is_new = False
        else:
            is_new = True
        _sync_folder(target.parent)
        return is_new

    def _open_to_append(self, path: Path, offset: int, limit: int) -> int:
        """The locked file, to write at the offset."""
        self._make_folder(path.parent)
        file = os.open(path, _TO_WRITE, 0o600)
        try:
            _lock(file, path)
            size = os.fstat(file).st_size
            if offset == 0 < size < limit:
                os.ftruncate(file, 0)
            elif offset != size:
                raise WrongOffset(size)
            os.lseek(file, offset, os.SEEK_SET)
        except BaseException:
            os.close(file)
            raise
        return file

    def _move(self, source: Path, target: Path) -> bool:
        try:
            file = _open(source)
        except FileNotFoundError:
            if target.exists():
                _sync_folder(target.parent)
                return False
            raise
        try:
            _lock(file, source)
            is_new = self._publish(file, source, target)
            source.unlink()
        finally:
            os.close(file)
        return is_new

    def _delete(self, path: Path) -> bool:
        try:
            file = _open(path)
        except FileNotFoundError:
            return False
        try:
            _lock(file, path)
            path.unlink()
        finally:
            os.close(file)
        return True

    def _found(self, prefix: str) -> Iterator[StoredContent]:
        """All whose keys begin with the prefix; reads a folder when it comes to it."""
        above, _, _ = prefix.rpartition("/")
        folders = [self._root / above]
        while folders:
            with suppress(FileNotFoundError, NotADirectoryError):
                for found in os.scandir(folders.pop()):
                    key = found.path.removeprefix(f"{self._root}/")
                    is_wanted = key.startswith(prefix) or prefix.startswith(f"{key}/")
                    if not is_wanted or key == _TEMPORARY:
                        continue
                    if found.is_dir(follow_symlinks=False):
                        folders.append(Path(found.path))
                    elif _KEY.fullmatch(key):
                        with suppress(FileNotFoundError):
                            yield _stored(key, found.stat())


@dataclass(frozen=True, slots=True)
class _Temporary:
    """A new file, open to be written, under a name that nobody reads."""

    file: int
    path: Path

    def discard(self) -> None:
        os.close(self.file)
        self.path.unlink(missing_ok=True)


def _translating(work: Callable[[], R]) -> Callable[[], R]:
    def translated() -> R:
        with _errors():
            return work()

    return translated


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of the system become those of the port; the log tells them whole."""
    try:
        yield
    except FileNotFoundError:
        raise ContentMissing from None
    except OSError as error:
        log.warning("the folder of files failed: %s", error)
        full = error.errno in (ENOSPC, EDQUOT)
        raise StoreFull() if full else FileStoreError() from error


def _lock(file: int, path: Path) -> None:
    """Lock the file until it's closed. Raises BeingWritten, also where the name is another file's
    by now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_same = os.path.samestat(os.fstat(file), path.stat())
    except (BlockingIOError, FileNotFoundError):
        raise BeingWritten from None
    if not is_same:
        raise BeingWritten


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _write(file: int, parts: list[bytes]) -> None:
    """Write all of them: one call may take only some. From time to time the system begins to write
    them to the disk, so that little is left to be synced at the end."""
    start = os.lseek(file, 0, os.SEEK_CUR)
    end = start + sum(map(len, parts))
    while parts:
        written = os.writev(file, parts[:_PARTS_AT_ONCE])
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if written:
            parts[0] = parts[0][written:]
    first, last = (place // _WRITEBACK_BYTES * _WRITEBACK_BYTES for place in (start, end))
    if first < last:
        begin_writeback(file, first, last - first)


def _sync_and_close(file: int, folder: Path) -> None:
    """Sync the file, and the folder, in which its name may be new."""
    try:
        os.fsync(file)
        _sync_folder(folder)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _stored(key: str, found: os.stat_result) -> StoredContent:
    return StoredContent(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
