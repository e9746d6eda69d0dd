"""The system's limit of open files: raised as far as it may be, and never run into."""

import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.servers import IN_MEMORY, Server, running_server
from tests.support.wire import Wire, request, wired

FILES = 300
SETTINGS = {**IN_MEMORY, "AICMO_CLIENT_CONNECTIONS": "1000"}

ASKED = request(query="{ __typename }")


@asynccontextmanager
async def wires(server: Server, count: int) -> AsyncIterator[list[Wire]]:
    address = urlsplit(server.url).netloc
    async with AsyncExitStack() as held:
        yield [await held.enter_async_context(wired(address)) for _ in range(count)]


async def statuses(wires: list[Wire]) -> list[int]:
    for wire in wires:
        await wire.send(ASKED)
    return [(await wire.response()).status for wire in wires]


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4 * FILES, reason="the hard limit is low"
)
async def test_a_low_soft_limit_is_raised(tmp_path: Path) -> None:
    with running_server(SETTINGS, tmp_path / "log", ulimit=f"-Sn {FILES}") as server:
        async with wires(server, FILES) as opened:
            assert set(await statuses(opened)) == {200}
        assert "files open" not in server.log.read_text()


async def test_who_comes_beyond_a_hard_limit_is_told_so_and_others_are_served(
    tmp_path: Path,
) -> None:
    with running_server(SETTINGS, tmp_path / "log", ulimit=f"-n {FILES}") as server:
        async with wires(server, FILES) as opened:
            first, last = opened[:100], opened[-100:]
            assert set(await statuses(first)) == {200}
            for wire in last:
                response = await wire.response()
                assert (response.status, response.code) == (503, "LIMIT_EXCEEDED")
            assert set(await statuses(first)) == {200}
        log = server.log.read_text()
    assert log.count("AICMO_STREAMS__CONNECTIONS") == 1
    assert "Too many open files" not in log
