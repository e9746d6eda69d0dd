"""The server in the test's event loop; its log is to stay free of errors."""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from repositories.unit_of_work import Storage
from tests.support.servers import IN_MEMORY, environment, running_server
from tests.support.serving import Served, serving


class Serve(Protocol):
    async def __call__(self, storage: Storage | None = None, **settings: Any) -> Served: ...


@pytest.fixture(autouse=True)
def _only_settings_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_errors_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that provokes some clears them."""
    yield
    errors = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.ERROR or record.exc_info
    ]
    assert errors == []


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves, with whichever settings, to the end of the test."""
    async with AsyncExitStack() as servers:

        async def start(storage: Storage | None = None, **settings: Any) -> Served:
            return await servers.enter_async_context(serving(storage, **settings))

        yield start


@pytest.fixture
async def server(serve: Serve) -> Served:
    """A server in memory, with the settings that are the default."""
    return await serve()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server of its own listens, with the settings that are the default but for one:
    credentials are left to a proxy, so HTTP/1.0 needs none."""
    settings = {**IN_MEMORY, "AICMO_REQUIRE_AUTHENTICATION": "false"}
    with running_server(settings, tmp_path_factory.mktemp("framing") / "log") as server:
        yield urlsplit(server.url).netloc
