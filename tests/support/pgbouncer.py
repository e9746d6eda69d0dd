"""PgBouncer for tests: a pooler that gives a server's connection to a transaction at a time."""

import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from sqlalchemy import URL, make_url

from tests.support.patience import SECONDS
from tests.support.processes import output_of

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

_CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} {password}
[pgbouncer]
unix_socket_dir = {folder}
listen_addr =
listen_port = 5432
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
max_prepared_statements = {statements}
"""
_SINCE_1_21 = "max_prepared_statements"


def version() -> tuple[int, ...]:
    assert PROGRAM is not None
    told = output_of([PROGRAM, "--version"], folder=Path())
    [found] = re.findall(r"^PgBouncer ([\d.]+)$", told, re.MULTILINE)
    return tuple(map(int, found.split(".")))


@contextmanager
def pgbouncer(server: str, *, size: int = 3, prepared_statements: int = 0) -> Iterator[str]:
    """The URL of a PgBouncer before the server, with so many connections to each database.

    `prepared_statements` is how many of a client PgBouncer keeps track of, where it can.
    """
    assert PROGRAM is not None
    target = make_url(server)
    with TemporaryDirectory(prefix="aicmo-pgbouncer-") as name:
        folder = Path(name)
        lines = _CONFIGURATION.format(
            host=target.query.get("host", target.host),
            port=target.port or 5432,
            user=target.username,
            password=f"password={target.password}" if target.password else "",
            folder=folder,
            size=size,
            statements=prepared_statements,
        ).splitlines()
        if not prepared_statements:
            lines = [line for line in lines if not line.startswith(_SINCE_1_21)]
        configuration = folder / "pgbouncer.ini"
        configuration.write_text("\n".join(lines))
        account = None
        if os.geteuid() == 0:
            # It won't run as root.
            account = pwd.getpwnam("nobody")
            for path in (folder, configuration):
                os.chown(path, account.pw_uid, account.pw_gid)
        log = folder / "log"
        with (
            log.open("w") as output,
            subprocess.Popen(
                [PROGRAM, configuration],
                stdout=output,
                stderr=output,
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=account and [],
            ) as process,
        ):
            try:
                _await(folder / ".s.PGSQL.5432", process, log)
                url = URL.create("postgresql", target.username, database=target.database)
                yield url.set(query={"host": name}).render_as_string()
            finally:
                process.kill()


def _await(address: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Returns when it listens, which is later than its socket is there."""
    deadline = monotonic() + SECONDS
    with socket.socket(socket.AF_UNIX) as probe:
        while probe.connect_ex(str(address)):
            if process.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"PgBouncer did not start:\n{log.read_text()}")
            sleep(0.01)
