"""A PostgreSQL server and a standby that follows it: who is the primary changes."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from tests.support.postgres_server import copied, installation

_OPTIONS = "-c listen_addresses= -c fsync=off -c wal_keep_size=64MB -c shared_buffers=16MB"


@dataclass(frozen=True, slots=True)
class Node:
    """A server of its own, reached by a socket in its folder."""

    folder: Path
    binaries: Path
    user: int | None

    def start(self) -> None:
        options = f"{_OPTIONS} -c unix_socket_directories={self.folder}"
        self._control("start", f"--log={self.folder}/log", f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", f"--mode={mode}")

    def promote(self) -> None:
        """Returns when it takes writes."""
        self._control("promote")

    def follow(self, primary: "Node") -> None:
        """Be the primary's standby from the next start on."""
        (self._data / "standby.signal").touch()
        with (self._data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = 'host={primary.folder} user=postgres'\n")
        if self.user is not None:
            os.chown(self._data / "standby.signal", self.user, -1)

    def initialise(self) -> None:
        self._run("initdb", f"--pgdata={self._data}", "--username=postgres", "--no-sync")

    def copy(self, primary: "Node") -> None:
        """Be what the primary is, and its standby."""
        self._run(
            *("pg_basebackup", f"--pgdata={self._data}", "--write-recovery-conf", "--no-sync"),
            *("--checkpoint=fast", f"--host={primary.folder}", "--username=postgres"),
        )

    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _control(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, f"--pgdata={self._data}", "--silent", *options)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / "bin" / program, *arguments],
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
            user=self.user,
            extra_groups=None if self.user is None else [],
        )


@dataclass(frozen=True, slots=True)
class Pair:
    primary: Node
    standby: Node

    def url(self, *nodes: Node, **parameters: str) -> str:
        """Of one of them, or of both in this order."""
        folders = ",".join(str(node.folder) for node in nodes)
        query = {"host": folders, **parameters}
        return URL.create(
            "postgresql", "postgres", database="postgres", query=query
        ).render_as_string()


@contextmanager
def postgres_pair() -> Iterator[Pair]:
    """A primary and its standby, with nothing in them."""
    with TemporaryDirectory(prefix="aicmo-pair-", ignore_cleanup_errors=True) as name:
        folder, binaries, user = Path(name), installation(), None
        nodes = folder / "a", folder / "b"
        for each in nodes:
            each.mkdir()
        if os.geteuid() == 0:
            # PostgreSQL won't run as root, and what root installed may be out of others' reach.
            user = pwd.getpwnam("nobody").pw_uid
            binaries = copied(binaries, folder)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, -1)
        primary, standby = (Node(each, binaries, user) for each in nodes)
        try:
            primary.initialise()
            primary.start()
            standby.copy(primary)
            standby.start()
            yield Pair(primary, standby)
        finally:
            for node in (primary, standby):
                if node.is_running():
                    node.stop("immediate")
