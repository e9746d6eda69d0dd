"""A caller who is bound to clients sees and changes nothing of others."""

import asyncio
import json
from typing import Final

import pytest

from domain.errors import ValidationFailed
from domain.history import EventFilter
from domain.strategy import ApprovalState
from domain.transfers import TransferStatus
from domain.validation import INT_MAX
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import Storage, UnitOfWork
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.persistence.types_under_test import DRAFT
from tests.support.graphql import InProcess, Json
from tests.support.patience import SECONDS
from tests.support.sources import START

OPERATOR: Final = build.caller()
A: Final = build.caller(id="portal", clients=frozenset({"a"}))
B: Final = build.caller(id="portal", clients=frozenset({"b"}))
A_AND_B: Final = build.caller(id="portal", clients=frozenset({"a", "b"}))
NOBODY: Final = build.caller(id="portal", clients=frozenset())


async def store_chain(unit: UnitOfWork, client_id: str) -> None:
    """An entity of each type, of this client."""
    await unit.briefs.save(build.brief(f"{client_id}-brief", client_id=client_id))
    plan = build.plan(
        f"{client_id}-plan",
        brief_id=f"{client_id}-brief",
        version=1,
        approval=ApprovalState.PENDING,
        decided_by=None,
        decided_at=None,
    )
    await unit.strategy_plans.save(plan)
    campaign = build.campaign(f"{client_id}-campaign", strategy_id=f"{client_id}-plan")
    await unit.campaigns.save(campaign)
    draft = build.draft(
        f"{client_id}-draft", strategy_id=f"{client_id}-plan", campaign_id=f"{client_id}-campaign"
    )
    await unit.drafts.save(draft)
    result = build.result(f"{client_id}-result", draft_id=f"{client_id}-draft")
    await unit.qc_results.save(result)
    package = build.package(f"{client_id}-package", draft_id=f"{client_id}-draft")
    await unit.delivery_packages.save(package)
    await unit.files.save(build.file(f"{client_id}-file", client_id=client_id))
    await unit.uploads.save(build.upload(f"{client_id}-upload", client_id=client_id))
    going_on = {"client_id": client_id, "status": TransferStatus.RUNNING}
    await unit.imports.save(build.import_(f"{client_id}-import", **going_on))
    await unit.exports.save(build.export(f"{client_id}-export", **going_on))
    await unit.runs.save(build.run(f"{client_id}-run", brief_id=f"{client_id}-brief"))
    await unit.exchanges.add(f"{client_id}-run", build.exchange())


async def store(unit: UnitOfWork) -> None:
    """A chain of each of two clients, and a plan that leads nowhere."""
    for client_id in ("a", "b"):
        await store_chain(unit, client_id)
    await unit.strategy_plans.save(build.plan("lost-plan", brief_id="lost-brief"))


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    await storage.as_(OPERATOR).write(store)
    return storage


@pytest.fixture
def a(schema: CompiledSchema, stored: Storage) -> InProcess:
    return InProcess(schema, stored, caller=A)


@pytest.fixture
def operator(schema: CompiledSchema, stored: Storage) -> InProcess:
    return InProcess(schema, stored)


# Saving


OWN_KEYS: Final = {
    "submitIntake": ("briefId", "brief", inputs.submit_intake(clientId="a")),
    "saveStrategyPlan": ("strategyId", "plan", inputs.save_plan(briefId="a-brief", version=7)),
    "saveCampaign": ("campaignId", "campaign", inputs.save_campaign(strategyId="a-plan")),
    "saveDraft": (
        "draftId",
        "draft",
        inputs.save_draft(strategyId="a-plan", campaignId="a-campaign"),
    ),
    "recordQcResult": ("resultId", "result", inputs.record_result(draftId="a-draft")),
    "saveDeliveryPackage": ("packageId", "package", inputs.save_package(draftId="a-draft")),
}
"""Of each mutation that saves under a key: its field, a word of the key, and an input of client a.
"""

UNUSABLE: Final = "can't be used: nothing of yours has it. Leave it out to save something new."

REFERENCES: Final = {
    "saveStrategyPlan": {"briefId": "brief"},
    "saveCampaign": {"strategyId": "plan"},
    "saveDraft": {"strategyId": "plan", "campaignId": "campaign"},
    "recordQcResult": {"draftId": "draft"},
    "saveDeliveryPackage": {"draftId": "draft"},
}


@pytest.mark.parametrize("name", OWN_KEYS)
async def test_the_key_of_a_stranger_is_refused_as_one_that_nothing_has(
    a: InProcess, operator: InProcess, name: str
) -> None:
    field, word, input = OWN_KEYS[name]
    before = await operator.everything()

    refused = [
        await a.refuse(name, input | {field: key}) for key in (f"b-{word}", "a-key-of-nothing")
    ]
    for expected in (0, 1):
        strangers, absent = [
            await a.refuse(name, input | {field: key, "expectedRevision": expected})
            for key in (f"b-{word}", "a-key-of-nothing")
        ]
        assert strangers == absent

    refusal = {
        "__typename": "ValidationError",
        "code": "VALIDATION",
        "message": f"{field}: {UNUSABLE}",
        "path": [field],
    }
    assert refused == [[refusal], [refusal]]
    assert await operator.everything() == before


@pytest.mark.parametrize("name", OWN_KEYS)
async def test_what_is_its_own_is_replaced_and_what_is_new_gets_a_key(
    a: InProcess, name: str
) -> None:
    field, word, input = OWN_KEYS[name]
    version = {"version": None} if name == "saveStrategyPlan" else {}

    replaced = await a.do(name, input | version | {field: f"a-{word}"})
    if name == "recordQcResult":
        await a.do("deleteQcResult", {"resultId": "a-result"})
    new = await a.do(name, inputs.without(input | version, field))

    assert (replaced[field], replaced["revision"], replaced["clientId"]) == (f"a-{word}", 2, "a")
    assert new["clientId"] == "a"


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, fields in REFERENCES.items() for field in fields]
)
async def test_a_reference_to_a_stranger_s_is_refused_as_one_that_leads_nowhere(
    a: InProcess, operator: InProcess, name: str, field: str
) -> None:
    own_key, _, input = OWN_KEYS[name]
    word = REFERENCES[name][field]
    before = await operator.everything()

    strangers, absent, lost = [
        await a.refuse(name, inputs.without(input, own_key, "version") | {field: key})
        for key in (f"b-{word}", "nowhere", f"lost-{word}")
    ]

    assert (
        strangers
        == absent
        == lost
        == [
            {
                "__typename": "ValidationError",
                "code": "VALIDATION",
                "message": f"{field}: has to lead to something of yours.",
                "path": [field],
            }
        ]
    )
    assert await operator.everything() == before


async def test_a_stranger_s_brief_does_not_tell_that_it_has_no_version_left(
    a: InProcess, stored: Storage
) -> None:
    async def use_up(unit: UnitOfWork) -> None:
        await unit.strategy_plans.save(build.plan("x", brief_id="b-brief", version=INT_MAX))

    await stored.as_(OPERATOR).write(use_up)

    strangers, absent = [
        await a.refuse(
            "saveStrategyPlan", inputs.save_plan(strategyId=None, version=None, briefId=key)
        )
        for key in ("b-brief", "nothing")
    ]
    assert strangers == absent


@pytest.mark.parametrize(
    ("name", "field", "word"),
    [
        ("saveCampaign", "strategyId", "plan"),
        ("saveDraft", "strategyId", "plan"),
        ("saveDeliveryPackage", "draftId", "draft"),
    ],
)
async def test_what_is_its_own_can_not_be_moved_to_a_stranger(
    a: InProcess, operator: InProcess, name: str, field: str, word: str
) -> None:
    own_key, own_word, input = OWN_KEYS[name]
    before = await operator.everything()

    [error] = await a.refuse(name, input | {own_key: f"a-{own_word}", field: f"b-{word}"})

    assert error["path"] == [field]
    assert await operator.everything() == before


@pytest.mark.parametrize("brief", [{}, {"briefId": "a-brief"}], ids=["a new one", "its own"])
async def test_a_brief_has_to_be_of_a_client_of_its_own(
    a: InProcess, operator: InProcess, brief: Json
) -> None:
    before = await operator.everything()

    [error] = await a.refuse("submitIntake", {"clientId": "b", "responses": {}} | brief)

    assert (error["path"], error["message"]) == (
        ["clientId"],
        "clientId: has to be a client of yours.",
    )
    assert await operator.everything() == before


@pytest.mark.parametrize(
    ("name", "input"),
    [
        ("normalizeBrief", inputs.normalize_brief(briefId="KEY-brief")),
        ("approveStrategyPlan", inputs.decide_plan(strategyId="KEY-plan")),
        ("rejectStrategyPlan", inputs.decide_plan(strategyId="KEY-plan")),
        ("deleteBrief", {"briefId": "KEY-brief"}),
        ("deleteStrategyPlan", {"strategyId": "KEY-plan"}),
        ("deleteCampaign", {"campaignId": "KEY-campaign"}),
        ("deleteDraft", {"draftId": "KEY-draft"}),
        ("deleteQcResult", {"resultId": "KEY-result"}),
        ("deleteDeliveryPackage", {"packageId": "KEY-package"}),
    ],
)
async def test_what_is_a_stranger_s_is_not_found_by_what_changes_it(
    a: InProcess, operator: InProcess, name: str, input: Json
) -> None:
    before = await operator.everything()

    strangers, absent = [
        await a.refuse(name, json.loads(json.dumps(input).replace("KEY", key)))
        for key in ("b", "c")
    ]

    assert strangers == absent
    assert [error["code"] for error in strangers] == ["NOT_FOUND"]
    assert await operator.everything() == before


async def test_what_lost_its_way_can_not_be_referred_to_any_more(stored: Storage) -> None:
    async def work(unit: UnitOfWork) -> None:
        await unit.strategy_plans.delete("a-plan")
        await unit.delivery_packages.save(build.package("a-package", draft_id="a-draft"))

    with pytest.raises(ValidationFailed, match="has to lead to something of yours"):
        await stored.as_(A).write(work)

    async with stored.as_(A).read() as snapshot:
        assert await snapshot.strategy_plans.get("a-plan") is not None


# Seeing


async def test_each_sees_its_own_and_no_statement_of_one_serves_another(
    schema: CompiledSchema, stored: Storage
) -> None:
    for _ in range(2):
        for caller, seen in (
            (A, {"a"}),
            (B, {"b"}),
            (A_AND_B, {"a", "b"}),
            (NOBODY, set()),
            (OPERATOR, {"a", "b", None}),
            (A, {"a"}),
        ):
            everything = await InProcess(schema, stored, caller=caller).everything()
            for name, found in everything.items():
                clients = {node["clientId"] for node in found["nodes"]}
                assert clients == seen - ({None} if name != "strategyPlans" else set()), name
                assert found["totalCount"] == len(found["nodes"])


async def test_webhooks_are_there_for_nobody_who_is_bound_to_clients(
    a: InProcess, stored: Storage
) -> None:
    async def work(unit: UnitOfWork) -> None:
        await unit.webhooks.insert(build.webhook_endpoint(), build.WEBHOOK_SECRET)
        await unit.webhooks.add("endpoint-1", [build.new_delivery()], START)

    await stored.as_(OPERATOR).write(work)
    query = """{ webhookEndpoints { totalCount nodes { endpointId } }
        webhookDeliveries { totalCount nodes { deliveryId } } }"""

    found = await a.ask(query)
    saved = await a.ask(
        "mutation($input: SaveWebhookEndpointInput!) { saveWebhookEndpoint(input: $input) "
        "{ webhookEndpoint { endpointId } errors { code path } } }",
        input={"url": "https://receiver.example/a", "clientIds": ["a"]},
    )

    assert found["webhookEndpoints"] == {"totalCount": 0, "nodes": []}
    assert found["webhookDeliveries"] == {"totalCount": 0, "nodes": []}
    assert saved["saveWebhookEndpoint"] == {
        "webhookEndpoint": None,
        "errors": [{"code": "VALIDATION", "path": ["clientIds"]}],
    }


# Following


async def test_only_events_of_its_own_are_told_to_who_follows_the_log(stored: Storage) -> None:
    await stored.sequence_events()
    subscription = await stored.feed.subscribe(A, EventFilter(), after=0)
    try:
        caught_up = [await anext(subscription) for _ in ENTITY_TYPES]
        await DRAFT.save(stored.as_(OPERATOR), build.draft("b-draft", strategy_id="b-plan"))
        await DRAFT.save(stored.as_(OPERATOR), build.draft("a-draft", strategy_id="a-plan"))
        await stored.sequence_events()
        stored.feed.notify()
        async with asyncio.timeout(SECONDS):
            followed = await anext(subscription)
    finally:
        subscription.close()
        await stored.feed.close()

    assert {event.client_id for event in caught_up} == {"a"}
    assert (followed.entity_key, followed.revision_after) == ("a-draft", 2)
