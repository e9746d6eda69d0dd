"""The file of a SQLite database, which may be replaced, moved or deleted while it's in use."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EACCES
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from domain.errors import Unavailable

SECONDS_BETWEEN_LOOKS = 0.05
"""How often readers check whether the file is still there."""

_PRIVATE = 0o600
"""Rights of this user alone: the file has hashes of tokens, and what clients told."""

_EFFECTIVE = os.access in os.supports_effective_ids

Identity = tuple[int, int]


class OpenFile(Protocol):
    """A connection to the file."""

    is_stale: bool
    """Whether the connection must not be used again."""

    def is_closed(self) -> bool: ...


class _Files(NamedTuple):
    """The files that connections have opened: the database, and its write-ahead log."""

    database: Identity
    log: Identity | None

    def are(self, found: "_Files") -> bool:
        return self.database == found.database and self.log in (None, found.log)


class DatabaseFile:
    """Where the database is, and which file connections to it are open to.

    A file that replaces another is opened only when no connection to the other file is left, and
    without the other file's log, which would corrupt it.
    """

    def __init__(self, location: str) -> None:
        """`location` is a path, or a URI as SQLite understands it."""
        self._is_uri = location.startswith("file:")
        self._location = location
        self.path = Path(unquote(urlsplit(location).path) if self._is_uri else location).absolute()
        self._parameters = parse_qs(urlsplit(location).query) if self._is_uri else {}
        self.close_idle: Callable[[], None] = lambda: None
        """Closes all free connections."""
        self._name = str(self.path)
        self._log = ""
        self._opened: _Files | None = None
        self._connections: list[OpenFile] = []
        self._next_look = 0.0

    @property
    def uri(self) -> str:
        """The URI with which SQLite opens an existing file, and creates none."""
        if not self._is_uri:
            return f"file:{quote(str(self.path))}?mode=rw"
        if "mode" in self._parameters:
            return self._location
        return f"{self._location}{'&' if '?' in self._location else '?'}mode=rw"

    def create(self) -> None:
        """Create the file, for this user alone, where SQLite would create it with other rights.

        SQLite gives the files that it makes beside it the same rights. Where a file can't be
        created, SQLite says why.
        """
        if "mode" in self._parameters:
            return
        with suppress(OSError):
            os.close(os.open(os.path.realpath(self.path), os.O_CREAT | os.O_EXCL, _PRIVATE))

    def described(self) -> str:
        """The path of the file for messages, with its permissions."""
        return f"the file {_described(self.path)} in the folder {_described(self.path.parent)}"

    def look(self) -> None:
        """Notice a replacement, now and then. Raises FileNotFoundError when the file is gone."""
        if (now := monotonic()) >= self._next_look:
            self.is_in_place()
            self._next_look = now + SECONDS_BETWEEN_LOOKS

    def is_in_place(self) -> bool:
        """Whether connections are open to the present file. If not, they aren't used again.

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
        """Raises OSError unless the present file is the one that was written."""
        if not self.is_in_place():
            raise OSError(f"{self.path} was replaced while it was in use")

    def prepare(self) -> None:
        """Prepare the opening of a connection. Raises OSError when none can be opened."""
        self._connections = [each for each in self._connections if not each.is_closed()]
        # SQLite puts the log beside the file that a link leads to.
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
        """Add a new connection. Raises OSError when it has opened another file."""
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
        # Every save calls this: pathlib would take several times as long.
        database = os.stat(self._name)  # noqa: PTH116
        try:
            log = os.stat(self._log)  # noqa: PTH116
        except FileNotFoundError:
            return _Files((database.st_dev, database.st_ino), None)
        return _Files((database.st_dev, database.st_ino), (log.st_dev, log.st_ino))

    def _remove_log(self) -> None:
        """Remove the log of the previous file."""
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
    """Holds the server's lock on the file. Raises Unavailable while another server holds it.

    The lock is on a file beside the database, which the system gives back when the process ends,
    however it does. Closing the database's own file would give back SQLite's locks on it too. It
    has the database's rights, as the files have that SQLite makes.
    """
    lock = f"{os.path.realpath(path)}-lock"
    rights = stat.S_IMODE(path.stat().st_mode) & 0o666 if path.exists() else _PRIVATE
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, rights)
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
