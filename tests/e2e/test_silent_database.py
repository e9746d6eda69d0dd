"""Connections to the database that nobody closes, though nothing comes over them any more."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import inputs
from tests.e2e.conftest import Running, starter
from tests.support.graphql import mutation
from tests.support.relay import Relay, relayed
from tests.support.servers import stored_in

POOL = 3
READ = '{ draft(draftId: "draft-1") { revision } }'
NESTED = '{ a: draft(draftId: "draft-1") { qcResult { passed } } b: briefs { totalCount } }'
SAVE = mutation("saveDraft")

LONG = 30
"""Seconds. Nothing here takes as long unless it waits for ever."""

pytestmark = pytest.mark.parametrize("database_system", ["postgresql"])


@dataclass(frozen=True, slots=True)
class Setting:
    relay: Relay
    running: Running

    async def fill_the_pool(self) -> None:
        """All its connections, and that of the health, are open and idle afterwards."""
        await self.running.api.do("saveDraft", inputs.save_draft())
        async with asyncio.timeout(LONG):
            while self.relay.connections < POOL + 1:
                await asyncio.gather(
                    *(self.running.api.ask(NESTED) for _ in range(4 * POOL)),
                    self.running.http.get("/health"),
                )

    async def code(self, query: str, **input: object) -> str:
        """How an operation fails, which is answered in any case."""
        async with asyncio.timeout(LONG):
            error = await self.running.api.fail(query, **input)
        return str(error["code"])


@pytest.fixture
async def setting(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[Setting]:
    async with (
        relayed(migrated_database_url, tmp_path) as relay,
        started(relay, tmp_path) as running,
    ):
        setting = Setting(relay, running)
        await setting.fill_the_pool()
        yield setting


@asynccontextmanager
async def started(relay: Relay, folder: Path) -> AsyncIterator[Running]:
    settings = {
        **stored_in(relay.url),
        "AICMO_POOL_SIZE": str(POOL),
        "AICMO_POOL_TIMEOUT": "3",
        "AICMO_EXECUTION_SECONDS": "1",
        "AICMO_COMMIT_SECONDS": "1",
    }
    async with starter(settings, folder)() as running:
        yield running


async def test_one_read_times_out_and_all_others_are_answered(setting: Setting) -> None:
    setting.relay.swallow()

    assert await setting.code(READ) == "TIMEOUT"

    for query in (READ, NESTED, READ):
        await setting.running.api.ask(query)
    saved = await setting.running.api.do("saveDraft", inputs.save_draft())
    assert saved["revision"] == 2


async def test_what_runs_at_once_times_out_at_once_and_is_well_afterwards(
    setting: Setting,
) -> None:
    setting.relay.swallow()

    async with asyncio.timeout(LONG):
        responses = await asyncio.gather(*(setting.running.api.send(NESTED) for _ in range(POOL)))

    codes = {error["extensions"]["code"] for response in responses for error in response["errors"]}
    assert codes == {"TIMEOUT"}
    await asyncio.gather(*(setting.running.api.ask(NESTED) for _ in range(2 * POOL)))


async def test_a_save_whose_outcome_nobody_tells_is_answered_so(setting: Setting) -> None:
    setting.relay.swallow(new_too=True)

    code = await setting.code(SAVE, input=inputs.save_draft(title="lost"))

    assert code == "UNAVAILABLE"


async def test_health_is_told_in_seconds_and_well_again_by_itself(setting: Setting) -> None:
    setting.relay.swallow(new_too=True)
    before = time.monotonic()
    silent = await setting.running.http.get("/health")
    seconds = time.monotonic() - before
    setting.relay.swallow()

    assert silent.status_code == 503
    assert seconds < 2 + 5  # on a machine that is busy with other things
    async with asyncio.timeout(LONG):
        while (await setting.running.http.get("/health")).status_code != 200:
            pass


async def test_a_server_ends_that_waits_for_a_silent_database(setting: Setting) -> None:
    setting.relay.swallow(new_too=True)
    asked = [asyncio.ensure_future(setting.code(READ)) for _ in range(2 * POOL)]
    await asyncio.sleep(0)

    assert await asyncio.to_thread(setting.running.server.terminate) == 0

    await asyncio.gather(*asked, return_exceptions=True)
