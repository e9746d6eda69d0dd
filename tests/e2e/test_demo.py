"""`aicmo serve --demo`: what someone meets who has read nothing."""

import asyncio
import json
from pathlib import Path
from typing import Final

import httpx

from tests.e2e.conftest import starter
from tests.support.graphql import GraphQLClient, Json
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, running_server, stored_in


async def packages_in(api: GraphQLClient) -> list[Json]:
    found: list[Json] = (await api.everything())["deliveryPackages"]["nodes"]
    return found


async def require_a_believable_agency(api: GraphQLClient) -> None:
    """Several clients, decisions of all kinds, and drafts that passed, failed and wait."""
    data = await api.ask(
        """{
          briefs(first: 100) { nodes { clientId stage } }
          strategyPlans(first: 100) { nodes { approval kpis { name } brief { id } } }
          campaigns(first: 100) { nodes { tactics { title } strategyPlan { id } } }
          drafts(first: 100) { nodes { campaign { id } qcResult { passed issues { severity } } } }
          deliveryPackages(first: 100) { nodes { artifacts { url } draft { qcResult { passed } } } }
        }"""
    )
    briefs, plans, campaigns, drafts, packages = (found["nodes"] for found in data.values())

    assert len({brief["clientId"] for brief in briefs}) >= 3
    assert {brief["stage"] for brief in briefs} == {"INTAKE", "NORMALIZED"}
    assert {plan["approval"] for plan in plans} == {"PENDING", "APPROVED", "REJECTED"}
    assert all(plan["kpis"] and plan["brief"] for plan in plans)
    assert campaigns
    assert all(campaign["tactics"] and campaign["strategyPlan"] for campaign in campaigns)
    assert all(draft["campaign"] for draft in drafts)
    assert {draft["qcResult"] and draft["qcResult"]["passed"] for draft in drafts} == {
        True,
        False,
        None,
    }
    assert {
        issue["severity"]
        for draft in drafts
        if draft["qcResult"]
        for issue in draft["qcResult"]["issues"]
    } == {"CRITICAL", "MAJOR", "MINOR"}
    assert packages
    assert all(package["draft"]["qcResult"]["passed"] for package in packages)
    assert all(package["artifacts"] for package in packages)


async def require_files_that_open(api: GraphQLClient) -> None:
    """Each by a click on its address, in a browser that has no credentials."""
    data = await api.ask(
        "{ deliveryPackages { nodes { artifacts { format url file { mediaType size url } } } } }"
    )
    artifacts = [it for node in data["deliveryPackages"]["nodes"] for it in node["artifacts"]]
    files = {it["format"]: it["file"] for it in artifacts if it["file"] is not None}

    assert files.keys() == {"html", "pdf", "png", "txt"}
    async with httpx.AsyncClient(timeout=SECONDS) as browser:
        for format, file in files.items():
            response = await browser.get(file["url"])
            assert response.status_code == 200, format
            assert len(response.content) == file["size"]
            assert f".{format}" in response.headers["content-disposition"]


async def require_a_run_to_packages(api: GraphQLClient) -> None:
    """The run that GraphiQL's tab starts: by the built-in producers, without a complaint."""
    started = await api.ask(_TAB.with_suffix(".graphql").read_text(), **_VARIABLES)
    run_id = started["startRun"]["run"]["runId"]

    run = started["startRun"]["run"]
    async with asyncio.timeout(SECONDS):
        while run["status"] in {"PENDING", "RUNNING"}:
            run = (await api.ask(_RUN, runId=run_id))["run"]

    assert (run["status"], run["error"]) == ("SUCCEEDED", None)
    summary = run["strategyPlan"]["executiveSummary"]
    assert "planned apart" not in summary
    assert "None of the channels" not in summary
    assert all(it["qcResult"]["passed"] for it in run["drafts"])
    assert len(run["deliveryPackages"]) == len(run["drafts"]) > 2
    for package in run["deliveryPackages"]:
        assert [it["format"] for it in package["artifacts"]] == ["pdf", "md", "html", "docx"]


_TAB: Final = Path(__file__).parents[2] / "server/static/graphiql/tabs/25-start-run"
_VARIABLES: Final = json.loads(_TAB.with_suffix(".json").read_text())
_RUN: Final = """query Run($runId: ID!) {
  run(runId: $runId) {
    status error
    strategyPlan { executiveSummary }
    drafts { qcResult { passed } }
    deliveryPackages { artifacts { format } }
  }
}"""


async def test_in_memory_the_agency_is_there_at_once(tmp_path: Path) -> None:
    async with starter(IN_MEMORY, tmp_path, "--demo")() as running:
        await require_a_believable_agency(running.api)
        await require_files_that_open(running.api)


async def test_the_run_of_the_tab_takes_the_demo_brief_to_packages(tmp_path: Path) -> None:
    # By a shell: the server isn't a fork of a test's then, which may have no processes of its own.
    stored = stored_in(f"sqlite:///{tmp_path / 'aicmo.db'}")
    running = running_server(stored, tmp_path / "server.log", "--demo", ulimit="-c 0")
    server = await asyncio.to_thread(running.__enter__)
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            await require_a_run_to_packages(OverHttp(http, server.graphql_url))
        assert " WARNING " not in server.log.read_text()
    finally:
        running.__exit__(None, None, None)


async def test_a_new_database_is_migrated_and_filled_once(
    empty_database_url: str, tmp_path: Path
) -> None:
    addressed = {"AICMO_PUBLIC_URL": "https://agency.example"}
    start = starter({**stored_in(empty_database_url), **addressed}, tmp_path, "--demo")
    async with start() as running:
        await require_a_believable_agency(running.api)
        gone, *kept = await packages_in(running.api)
        await running.api.do("deleteDeliveryPackage", {"packageId": gone["packageId"]})

    async with start() as running:
        assert await packages_in(running.api) == kept


async def test_a_database_in_use_stays_as_it_is(migrated_database_url: str, tmp_path: Path) -> None:
    async with starter(stored_in(migrated_database_url), tmp_path, "--demo")() as running:
        assert await packages_in(running.api) == []
