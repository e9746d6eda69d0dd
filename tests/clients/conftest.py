"""Servers for clients that come from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import IN_MEMORY, running_server, stored_in


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="session")
def in_memory(folder: Path) -> Iterator[str]:
    """The URL of a server with the demo agency in memory."""
    with running_server(IN_MEMORY, folder / "in-memory.log", "--demo") as server:
        yield server.graphql_url


@pytest.fixture(scope="session")
def on_sqlite(folder: Path, folder_for_sqlite: Path) -> Iterator[str]:
    """The URL of a server with the demo agency on SQLite."""
    settings = stored_in(f"sqlite:///{folder_for_sqlite / 'clients.db'}")
    with running_server(settings, folder / "on-sqlite.log", "--demo") as server:
        yield server.graphql_url


@pytest.fixture(params=["in_memory", "on_sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of each server in turn."""
    url: str = request.getfixturevalue(request.param)
    return url
