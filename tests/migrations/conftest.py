"""Databases without any table, and revisions that are thrown away after the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from migrations import revisions
from repositories.drivers.engine import Database, open_database
from tests.support.postgres_server import create_database, drop_database

NewDatabase = Callable[[], Awaitable[Database]]
"""Makes a database with nothing in it."""

AddRevision = Callable[[str], str]
"""Puts a revision with this code after the newest one, and returns its identifier."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def new_database(
    request: pytest.FixtureRequest, sqlite_folder: Path
) -> AsyncIterator[NewDatabase]:
    made: list[Database] = []
    server: str | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")

    async def make() -> Database:
        number = len(made)
        file = sqlite_folder / f"{number}.db"
        url = await create_database(server) if server else empty_file(file)
        made.append(open_database(url))
        return made[-1]

    yield make
    for database in made:
        await database.close()
        if server:
            await drop_database(server, url_of(database))


@pytest.fixture
async def database(new_database: NewDatabase) -> Database:
    """A database with nothing in it."""
    return await new_database()


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddRevision:
    folder = tmp_path / "versions"
    folder.mkdir()
    monkeypatch.setattr(revisions, "VERSIONS", (*revisions.VERSIONS, folder))

    def add(code: str) -> str:
        previous = revisions.revisions()[-1]
        revision = f"{int(previous) + 1:04}"
        (folder / f"{revision}_added.py").write_text(
            "import sqlalchemy as sa\n"
            "from alembic import op\n"
            f"revision = {revision!r}\n"
            f"down_revision = {previous!r}\n"
            f"{code}\n"
        )
        return revision

    return add


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def empty_file(file: Path) -> str:
    """The URL of a database with nothing in it: the server's connections make no file."""
    file.touch()
    return f"sqlite:///{file}"
