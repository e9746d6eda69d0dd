"""A server and the file of its database: one server a file, and health that knows of saves."""

# ruff: noqa: ASYNC240 - nobody else waits meanwhile

import asyncio
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from domain.errors import Unavailable
from migrations.revisions import revisions
from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import open_database
from repositories.drivers.sqlite_file import only_server_of
from server.cli import app
from tests import inputs
from tests.conftest import migrated_database
from tests.e2e.conftest import Running
from tests.support.graphql import mutation
from tests.support.rights import without_roots_rights
from tests.support.servers import OverHttp, Server, running_server, stored_in

HEAD = revisions()[-1]

SAVE = mutation("saveDraft")
WHILE_IT_LIVES = """
import sys
from pathlib import Path
from repositories.drivers.sqlite_file import only_server_of
with only_server_of(Path(sys.argv[1])):
    print("serving", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another_file(_sqlite_url: str) -> Path:
    return Path(_sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest) -> Iterator[Path]:
    with migrated_database(request, "sqlite") as url:
        yield Path(url.removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[Server]:
    """One for all tests here, each of which leaves it healthy."""
    with running_server(stored_in(f"sqlite:///{file}"), file.with_name("log")) as server:
        yield server


@pytest.fixture
async def running(server: Server) -> AsyncIterator[Running]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        yield Running(server, OverHttp(http, server.graphql_url), http)


def aicmo(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, arguments, prog_name="aicmo", env=dict(stored_in(f"sqlite:///{file}"))
    )


async def require_healthy(running: Running) -> None:
    await running.api.do("saveDraft", inputs.save_draft())
    response = await running.http.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def require_unhealthy(running: Running) -> None:
    response = await running.http.get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    error = await running.api.fail(SAVE, input=inputs.save_draft())
    assert error["code"] == "UNAVAILABLE"


def back_up(file: Path) -> Path:
    backup = file.with_name("backup.db")
    connection = sqlite3.connect(file)
    connection.execute("VACUUM INTO ?", [str(backup)])
    connection.close()
    return backup


# One server a file


@pytest.mark.parametrize("is_link", [False, True])
def test_a_second_server_is_refused(
    server: Server, file: Path, tmp_path: Path, is_link: bool
) -> None:
    path = file
    if is_link:
        path = tmp_path / "link.db"
        path.symlink_to(file)

    second = aicmo(path, "serve", "--port", "0")

    assert second.exit_code == 1
    [line] = second.stderr.splitlines()
    assert f"(process {server.process.pid}) already serves {path}" in line


def test_the_file_is_free_when_its_server_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "aicmo.db"
    command = [sys.executable, "-c", WHILE_IT_LIVES, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"serving\n"
        with pytest.raises(Unavailable, match=f"process {process.pid}"), only_server_of(file):
            raise AssertionError("both serve")
        process.kill()
        process.wait()

    with only_server_of(file):
        assert file.with_name("aicmo.db-lock").exists()


async def test_commands_work_beside_a_server(running: Running, file: Path) -> None:
    for command in ("migrate", "seed"):
        done = await asyncio.to_thread(aicmo, file, command)
        assert done.exit_code == 0, done.stderr

    data = await running.api.ask("{ deliveryPackages { totalCount } }")
    assert data["deliveryPackages"]["totalCount"] == 3


# What the start says


def test_the_start_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    failed = aicmo(tmp_path / "absent" / "aicmo.db", "migrate")

    [line] = failed.stderr.splitlines()
    assert f"the folder {tmp_path}/absent, which isn't there" in line


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "told"),
    [
        (0o444, 0o755, "the file {file}, which is read-only for this user"),
        (0o644, 0o555, "the folder {file.parent}, which is read-only for this user"),
    ],
)
def test_the_start_names_what_is_read_only(
    another_file: Path, file_mode: int, folder_mode: int, told: str
) -> None:
    file, folder = another_file, another_file.parent
    with without_roots_rights(folder, file):
        file.chmod(file_mode)
        folder.chmod(folder_mode)
        failed = aicmo(file, "serve", "--port", "0")
        folder.chmod(0o755)

    assert failed.exit_code == 1
    [line] = failed.stderr.splitlines()
    assert told.format(file=file) in line


# What saves need


async def test_files_that_can_grow_no_more_are_not_healthy(running: Running, file: Path) -> None:
    """A limit of the process stands in for a full disk: that one needs a disk to fill."""
    await require_healthy(running)
    log = file.with_name("aicmo.db-wal")
    process = running.server.process.pid
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (log.stat().st_size, hard))

    await require_unhealthy(running)
    assert (await running.api.ask('{ draft(draftId: "draft-1") { revision } }'))["draft"]

    resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))
    await require_healthy(running)


async def test_a_file_that_is_gone_is_not_healthy(running: Running, file: Path) -> None:
    await require_healthy(running)
    file.rename(file.with_name("away.db"))

    await require_unhealthy(running)

    file.with_name("away.db").rename(file)
    await require_healthy(running)


async def test_a_backup_put_in_its_place_is_served(running: Running, file: Path) -> None:
    await require_healthy(running)
    await require_healthy(running)
    backup = back_up(file)
    await running.api.do("saveDraft", inputs.save_draft(draftId="draft-2"))
    backup.rename(file)

    await running.api.do("saveDraft", inputs.save_draft(draftId="draft-3"))

    assert (await running.api.ask('{ draft(draftId: "draft-2") { id } }'))["draft"] is None
    await require_healthy(running)


async def test_a_database_that_was_migrated_back_says_so_until_it_is_migrated_again(
    running: Running, file: Path
) -> None:
    database = open_database(f"sqlite:///{file}")
    await downgrade(database, "0004")

    error = await running.api.fail("{ deliveryPackages { totalCount } }")
    health = await running.http.get("/health")

    assert error["code"] == "UNAVAILABLE"
    assert health.status_code == 503
    assert health.json() == {
        "status": "unavailable",
        "reason": f"The database is at revision 0004, but {HEAD} is needed. Run: aicmo migrate",
    }
    assert f"but {HEAD} is needed. Run: aicmo migrate" in running.server.log.read_text()

    await upgrade(database)
    await database.close()
    await require_healthy(running)
    assert await running.api.ask("{ deliveryPackages { totalCount } }")
