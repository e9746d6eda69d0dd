"""`aicmo serve --demo`: what someone meets who has read nothing."""

from pathlib import Path

import httpx

from tests.e2e.conftest import starter
from tests.support.graphql import GraphQLClient, Json
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, stored_in


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


async def test_in_memory_the_agency_is_there_at_once(tmp_path: Path) -> None:
    async with starter(IN_MEMORY, tmp_path, "--demo")() as running:
        await require_a_believable_agency(running.api)
        await require_files_that_open(running.api)


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
