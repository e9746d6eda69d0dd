"""The file of a SQLite database, which somebody may replace, move or delete while it's in use."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EACCES
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from domain.errors import Unavailable

SECONDS_BETWEEN_LOOKS = 0.05
"""How long readers may go on without looking whether the file is still there."""

_EFFECTIVE = os.access in os.supports_effective_ids

Identity = tuple[int, int]


class OpenFile(Protocol):
    """A connection to the file."""

    is_stale: bool
    """Whether nobody else is to get it."""

    def is_closed(self) -> bool: ...


class _Files(NamedTuple):
    """Which files connections have opened: the database, and its write-ahead log."""

    database: Identity
    log: Identity | None

    def are(self, found: "_Files") -> bool:
        return self.database == found.database and self.log in (None, found.log)


class DatabaseFile:
    """Where the database is, and which file connections to it are open to.

    A file that was put there instead is opened only when no connection to the one before is left,
    and without that one's log, which would spoil it.
    """

    def __init__(self, location: str) -> None:
        """`location` is a path, or a URI as SQLite understands it."""
        self._is_uri = location.startswith("file:")
        self._location = location
        self.path = Path(unquote(urlsplit(location).path) if self._is_uri else location).absolute()
        self.close_idle: Callable[[], None] = lambda: None
        """Closes all connections that nobody uses."""
        self._name = str(self.path)
        self._log = ""
        self._opened: _Files | None = None
        self._connections: list[OpenFile] = []
        self._next_look = 0.0

    @property
    def uri(self) -> str:
        """By this SQLite opens what is there, and makes nothing."""
        if not self._is_uri:
            return f"file:{quote(str(self.path))}?mode=rw"
        if "mode" in parse_qs(urlsplit(self._location).query):
            return self._location
        return f"{self._location}{'&' if '?' in self._location else '?'}mode=rw"

    def described(self) -> str:
        """Where it is, for people, and what is wrong with the rights to it."""
        return f"the file {_described(self.path)} in the folder {_described(self.path.parent)}"

    def look(self) -> None:
        """Notice a replacement, now and then. Raises FileNotFoundError when the file is gone."""
        if (now := monotonic()) >= self._next_look:
            self.is_in_place()
            self._next_look = now + SECONDS_BETWEEN_LOOKS

    def is_in_place(self) -> bool:
        """Whether connections are open to what is there. If not, they are used no more.

        Raises FileNotFoundError when nothing is there.
        """
        if self._opened is None or (found := self._found()) == self._opened:
            return True
        if self._opened.are(found):
            self._opened = found
            return True
        self._leave()
        return False

    def require_in_place(self) -> None:
        """Raises OSError unless what was written is in the file that is there."""
        if not self.is_in_place():
            raise OSError(f"{self.path} was replaced while it was in use")

    def prepare(self) -> None:
        """To be called before a connection is opened. Raises OSError when that can't be now."""
        self._connections = [each for each in self._connections if not each.is_closed()]
        # SQLite puts it beside what a link leads to.
        self._log = f"{os.path.realpath(self.path)}-wal"
        found = self._found()
        if found.log is None and not _is_writable(self.path):
            # SQLite would make a log with the same rights, which would stay read-only.
            raise PermissionError(EACCES, "read-only", str(self.path))
        if self._opened is None:
            return
        if self._connections and self._opened.are(found):
            return
        self._leave()
        if self._connections:
            raise OSError(f"{self.path} was replaced, and what was there is still in use")
        if self._opened.database != found.database and self._opened.log == found.log is not None:
            self._remove_log()
        self._opened = None

    def add(self, connection: OpenFile) -> None:
        """A connection was opened. Raises OSError when it's to something else by now."""
        found = self._found()
        if self._opened is None:
            self._opened = found
        self._connections.append(connection)
        self.require_in_place()

    def _leave(self) -> None:
        for connection in self._connections:
            connection.is_stale = True
        self.close_idle()
        self._connections = [each for each in self._connections if not each.is_closed()]

    def _found(self) -> _Files:
        # Every save asks: what is convenient would take several times as long.
        database = os.stat(self._name)  # noqa: PTH116
        try:
            log = os.stat(self._log)  # noqa: PTH116
        except FileNotFoundError:
            return _Files((database.st_dev, database.st_ino), None)
        return _Files((database.st_dev, database.st_ino), (log.st_dev, log.st_ino))

    def _remove_log(self) -> None:
        """That of the file that was there before."""
        for path in (self._log, f"{self._log.removesuffix('-wal')}-shm"):
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108


def _described(path: Path) -> str:
    if not path.exists():
        return f"{path}, which isn't there,"
    return str(path) if _is_writable(path) else f"{path}, which is read-only for this user,"


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


@contextmanager
def only_server_of(path: Path) -> Iterator[None]:
    """Raises Unavailable while another server is in here with the same file, in any process.

    The lock is on a file beside the database, which the system gives back when the process ends,
    however it does. Closing the database's own file would give back SQLite's locks on it too.
    """
    lock = f"{os.path.realpath(path)}-lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            process = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise Unavailable(
                f"Another server (process {process}) already serves {path}. A SQLite file has one "
                "server; several can share a PostgreSQL."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
