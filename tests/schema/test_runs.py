"""Runs as clients see them."""

from typing import Any

import pytest

from domain.callers import CallerKind
from domain.scopes import ALL_SCOPES, Scope
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import builders as build
from tests.support.graphql import ERRORS, InProcess, Json
from tests.support.runs import RunSystem, TimedRunSystem

START = (
    """mutation ($input: StartRunInput!) { startRun(input: $input) {
      run { runId status progress startedBy requireApproval maxRedrafts channels clientId
        steps { position name status } } """
    + ERRORS
    + "} }"
)
CANCEL = (
    "mutation ($input: CancelRunInput!) { cancelRun(input: $input) { run { status } "
    + ERRORS
    + "} }"
)
RETRY = (
    "mutation ($input: RetryRunInput!) { retryRun(input: $input) { run { status } " + ERRORS + "} }"
)
LOOK = """query ($id: ID!) { run(runId: $id) {
  id status progress workflow workflowVersion finishedAt
  brief { briefId } strategyPlan { approval } campaign { tactics { title } }
  drafts { title qcResult { passed } }
  deliveryPackages { artifacts { name draftRevision } draft { title } }
  steps {
    name tactic attempts producedType producedRevision
    produced { ... on Brief { stage } ... on Draft { title } ... on QcResult { passed } }
  }
} }"""


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage, tactics=1)


async def started(api: InProcess, **input: Any) -> Json:
    found = (await api.ask(START, input={"briefId": "brief-1", **input}))["startRun"]
    assert found["errors"] == []
    run: Json = found["run"]
    return run


async def test_a_run_is_started_followed_and_leads_to_all_that_it_has_made(
    api: InProcess, system: RunSystem
) -> None:
    await system.add_brief()

    run = await started(api, channels=["search"], requireApproval=False)
    assert run == {
        "runId": run["runId"],
        "status": "PENDING",
        "progress": 0,
        "startedBy": "local",
        "requireApproval": False,
        "maxRedrafts": 1,
        "channels": ["search"],
        "clientId": "client-1",
        "steps": [
            {"position": position, "name": name, "status": "PENDING"}
            for position, name in enumerate(("normalize", "plan", "approval", "campaign"))
        ],
    }
    await system.server.settle()

    done = (await api.ask(LOOK, id=run["runId"]))["run"]
    assert (done["status"], done["progress"]) == ("SUCCEEDED", 1)
    assert done["drafts"] == [{"title": "Post 0", "qcResult": {"passed": True}}]
    assert done["deliveryPackages"] == [
        {
            "artifacts": [{"name": "Post 0.md", "draftRevision": 1}],
            "draft": {"title": "Post 0"},
        }
    ]
    assert done["campaign"] == {"tactics": [{"title": "Post 0"}]}
    assert done["strategyPlan"] == {"approval": "PENDING"}
    assert [(step["name"], step["tactic"], step["produced"]) for step in done["steps"]] == [
        ("normalize", None, {"stage": "NORMALIZED"}),
        ("plan", None, {}),
        ("approval", None, None),
        ("campaign", None, {}),
        ("draft", 0, {"title": "Post 0"}),
        ("check", 0, {"passed": True}),
        ("package", 0, {}),
    ]
    node = await api.ask(
        "query ($id: ID!) { node(id: $id) { ... on Run { asOf(revision: 1) { status steps { name } "
        "drafts { title } } history { nodes { type } } } } }",
        id=done["id"],
    )
    assert node["node"]["asOf"]["status"] == "PENDING"
    assert node["node"]["asOf"]["drafts"] == []
    types = [event["type"] for event in node["node"]["history"]["nodes"]]
    assert (types[0], types[-1]) == ("RUN_SUCCEEDED", "RUN_STARTED")


async def test_approving_the_plan_lets_the_run_go_on(api: InProcess, system: RunSystem) -> None:
    await system.add_brief()
    run = await started(api, requireApproval=True)
    await system.server.settle()
    [waiting] = (
        await api.ask(
            "{ runs(filter: {status: {eq: WAITING_APPROVAL}}) { nodes { runId strategyId } } }"
        )
    )["runs"]["nodes"]

    decision = {"strategyId": waiting["strategyId"], "decidedBy": "Ada"}
    await api.do("approveStrategyPlan", decision)
    await system.server.settle()

    assert (await api.ask(LOOK, id=run["runId"]))["run"]["status"] == "SUCCEEDED"


async def test_a_run_is_cancelled_and_what_ended_is_not(api: InProcess, system: RunSystem) -> None:
    await system.add_brief()
    run = await started(api, requireApproval=True)
    await system.server.settle()

    cancelled = (await api.ask(CANCEL, input={"runId": run["runId"]}))["cancelRun"]
    assert cancelled == {"run": {"status": "COMPENSATING"}, "errors": []}
    await system.server.settle()

    assert (await api.ask(LOOK, id=run["runId"]))["run"]["status"] == "COMPENSATED"
    [error] = (await api.ask(RETRY, input={"runId": run["runId"]}))["retryRun"]["errors"]
    assert (error["code"], error["from"]) == ("INVALID_TRANSITION", "COMPENSATED")


async def test_a_run_of_no_brief_is_refused(api: InProcess) -> None:
    refused = (await api.ask(START, input={"briefId": "brief-9", "maxRedrafts": 99}))["startRun"]
    assert [error["path"] for error in refused["errors"]] == [["maxRedrafts"]]

    refused = (await api.ask(START, input={"briefId": "brief-9"}))["startRun"]
    assert [(it["code"], it["path"]) for it in refused["errors"]] == [("NOT_FOUND", ["briefId"])]


async def test_a_start_is_repeated_with_a_key_of_ones_own_and_asking_says_what_comes_of_it(
    api: InProcess, system: RunSystem
) -> None:
    await system.add_brief()
    asked = {"briefId": "brief-1", "runId": "mine", "channels": ["search"]}
    only_asked = {**asked, "validateOnly": True}
    accepted: Json = {"run": None, "errors": []}
    assert (await api.ask(START, input=only_asked))["startRun"] == accepted
    first = await started(api, **asked)

    assert first["runId"] == "mine"
    assert await started(api, **asked) == first
    assert (await api.ask(START, input=only_asked))["startRun"] == accepted
    for repeated in (asked, only_asked):
        other = {**repeated, "channels": [], "maxRedrafts": 0}
        refused = (await api.ask(START, input=other))["startRun"]
        assert refused["run"] is None
        assert [(it["code"], it["path"]) for it in refused["errors"]] == [
            ("VALIDATION", ["channels"]),
            ("VALIDATION", ["maxRedrafts"]),
        ]


async def test_what_a_step_has_made_is_for_those_who_may_read_it(
    schema: CompiledSchema, storage: Storage, system: RunSystem
) -> None:
    await system.add_brief()
    done = await system.settled(await system.start())
    caller = build.caller()._replace(
        kind=CallerKind.USER, id="ada", scopes=ALL_SCOPES - {Scope.QC_READ}
    )

    response = await InProcess(schema, storage, caller=caller).send(LOOK, {"id": done.run_id})

    forbidden = [error["path"] for error in response["errors"]]
    assert ["run", "steps", 5, "produced"] in forbidden
    assert response["data"]["run"]["steps"][4]["produced"] == {"title": "Post 0"}
    assert response["data"]["run"]["steps"][5]["produced"] is None
