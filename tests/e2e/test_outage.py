"""A database that is away for a while is no bug of ours, and no reason for a restart."""

from pathlib import Path

import httpx
import pytest

from tests import inputs
from tests.e2e.conftest import starter
from tests.support.graphql import mutation
from tests.support.relay import relayed
from tests.support.servers import OverHttp, stored_in

pytestmark = pytest.mark.parametrize("database_system", ["postgresql"])


async def test_a_database_that_goes_and_comes_back(
    migrated_database_url: str, tmp_path: Path
) -> None:
    async with relayed(migrated_database_url, tmp_path) as relay:
        start = starter(stored_in(relay.url), tmp_path)
        async with start() as running:
            draft = await running.api.do("saveDraft", inputs.save_draft())
            assert (await running.http.get("/health")).status_code == 200

            await relay.cut()
            for _ in range(5):
                await require_unavailable(running.api, running.http)
            log = running.server.log.read_text().splitlines()
            # What goes on beside requests tells of it too, whenever it's time for that.
            lines = [line for line in log if "request " in line or "not healthy" in line]
            assert len(lines) == 2, lines  # the first request's, and that of the health
            assert "The database can't be reached." in lines[0]
            assert "not healthy" in lines[1]

            await relay.mend()
            read = await running.api.ask('{ draft(draftId: "draft-1") { id revision } }')
            assert read["draft"] == {"id": draft["id"], "revision": 1}
            assert (await running.http.get("/health")).status_code == 200
            assert (await running.api.do("saveDraft", inputs.save_draft()))["revision"] == 2


async def require_unavailable(api: OverHttp, http: httpx.AsyncClient) -> None:
    reading = await api.fail('{ draft(draftId: "draft-1") { id } }')
    writing = await api.fail(mutation("saveDraft"), input=inputs.save_draft(title="lost"))
    health = await http.get("/health")

    assert (reading["code"], writing["code"]) == ("UNAVAILABLE", "UNAVAILABLE")
    assert health.status_code == 503
    assert health.json() == {"status": "unavailable"}
