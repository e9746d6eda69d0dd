"""The tabs that GraphiQL opens with are part of what we promise: each is valid for our schema."""

import json
import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    OperationType,
    build_schema,
    get_variable_values,
    parse,
    validate,
)

from files.memory import MemoryStore
from orchestration.uploads import Uploads
from repositories.factory import PersistenceMode, create_storage
from schema.root import create_schema
from server.graphiql import FOLDER, Tab
from server.seed.agency import seed_agency
from tests import builders as build
from tests.support.files import files_in
from tests.support.graphql import InProcess, Json
from tests.support.serving import serving
from tests.support.sockets import streamed
from tests.support.tabs import TABS, names_of_tabs, operation_of, operation_of_text

SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"

EXPECTED = {"FollowPackage": ("revision", 1), "FollowLog": ("type", "DELIVERY_PACKAGE_SAVED")}
"""What the first event that a subscription tells has."""

every_tab = pytest.mark.parametrize("tab", TABS, ids=[tab.file for tab in TABS])


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text("utf-8"))


@every_tab
def test_a_tab_is_valid_for_our_schema(tab: Tab, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(tab.query)) == []


@every_tab
def test_a_tabs_variables_fit_its_operation(tab: Tab, schema: GraphQLSchema) -> None:
    variables = json.loads(tab.variables or "{}")

    values = get_variable_values(schema, operation_of(tab).variable_definitions or (), variables)

    assert not isinstance(values, list), values
    assert variables.keys() == values.coerced.keys()


@every_tab
def test_a_tab_has_a_name_and_says_what_it_is_for(tab: Tab) -> None:
    assert operation_of(tab).name is not None
    assert tab.query.startswith("# ")


@every_tab
def test_a_tabs_comments_fit_beside_the_response(tab: Tab) -> None:
    """On a screen 1,280 pixels wide the editor shows 51 characters."""
    assert [line for line in tab.query.splitlines() if re.match("#.{51}", line)] == []


def test_the_tabs_go_the_whole_way() -> None:
    assert names_of_tabs() == [
        "Pipeline",
        "SubmitBrief",
        "NormalizeBrief",
        "SavePlan",
        "ApprovePlan",
        "SaveCampaign",
        "SaveDraft",
        "RecordQc",
        "Deliver",
        "WholeChain",
        "RejectPlan",
        "FindResults",
        "FollowPackage",
        "History",
        "FindChanges",
        "FollowLog",
        "AddWebhook",
        "WebhookDeliveries",
        "ReplayWebhooks",
        "RetryWebhooks",
        "Files",
        "Versions",
        "Imports",
        "CheckDraft",
        "StartRun",
        "FollowRun",
    ]


def test_no_variables_lie_about_without_their_operation() -> None:
    assert {path.with_suffix(".graphql").name for path in (FOLDER / "tabs").glob("*.json")} <= {
        tab.file for tab in TABS
    }


# What the comments invite one to do


def invited(tab: Tab) -> list[str]:
    """Operations that are commented out, as they are without the marks."""
    comments = "\n".join(
        line.removeprefix("#").removeprefix(" ")
        for line in tab.query.splitlines()
        if line.startswith("#")
    )
    return re.findall(
        r"^(?:query|mutation|subscription)\b.*?^}|^{.*?^}", comments, re.MULTILINE | re.DOTALL
    )


@every_tab
def test_a_tab_stays_valid_with_what_it_offers(tab: Tab, schema: GraphQLSchema) -> None:
    for operation in invited(tab):
        assert validate(schema, parse(f"{operation}\n{tab.query}")) == []


async def test_the_tabs_do_what_they_say() -> None:
    """One after another, in a server with the demo agency, twice."""
    storage, store = create_storage(PersistenceMode.INMEMORY), MemoryStore()
    await seed_agency(storage.as_(build.caller()), store)
    server = InProcess(create_schema(), storage, uploads=Uploads(storage, files_in(store)))

    for _ in range(2):
        for tab in TABS:
            if operation_of(tab).operation is OperationType.SUBSCRIPTION:
                continue
            response = await run(server, tab)
            assert failures(response) == []
            for operation in invited(tab):
                assert failures(await run(server, tab), "InvalidTransitionError")
                name = operation_of_text(operation).name
                assert name is not None
                document = f"{tab.query}\n{operation}"
                variables = json.loads(tab.variables or "{}")
                assert failures(await server.send(document, variables, name.value)) == []
                for again in TABS[TABS.index(tab) - 1 : TABS.index(tab) + 1]:
                    assert failures(await run(server, again)) == []
        assert (await server.do("deleteStrategyPlan", {"strategyId": "plan-aurora-spring-1"})) != ""

    by_name = {operation_of(tab).name.value: tab for tab in TABS}  # type: ignore[union-attr]
    found = (await run(server, by_name["FindResults"]))["data"]["qcResults"]
    assert found["totalCount"] > len(found["nodes"]) > 0
    history = (await run(server, by_name["History"]))["data"]
    assert len(history["events"]["nodes"]) == 5
    assert history["deliveryPackage"]["asOf"]["revision"] == 1
    rejected = (await run(server, by_name["RejectPlan"]))["data"]["rejectStrategyPlan"]
    assert rejected["strategyPlan"]["approval"] == "REJECTED"


@pytest.mark.parametrize("name", ["FollowPackage", "FollowLog"])
async def test_the_subscriptions_follow_what_another_tab_saves(name: str) -> None:
    by_name = {operation_of(tab).name.value: tab for tab in TABS}  # type: ignore[union-attr]
    follow, deliver = by_name[name], by_name["Deliver"]
    variables = json.loads(follow.variables or "{}")

    async with (
        serving() as served,
        streamed(served.http, served.url, follow.query, **variables) as stream,
    ):
        await served.api.send(deliver.query, json.loads(deliver.variables or "{}"))
        event, response = await stream.next()

    assert event == "next"
    [told] = response["data"].values()
    field, value = EXPECTED[name]
    assert told.get("deliveryPackage", told)[field] == value


async def run(server: InProcess, tab: Tab) -> Json:
    return await server.send(tab.query, json.loads(tab.variables or "{}"))


def failures(response: Json, kind: str = "") -> list[Json]:
    """The errors of the response and of its payloads; those of a kind alone, if it's given."""
    payloads = [payload for payload in (response.get("data") or {}).values() if payload]
    errors = [*response.get("errors", ()), *(e for p in payloads for e in p.get("errors", ()))]
    return [error for error in errors if not kind or error.get("__typename") == kind]
