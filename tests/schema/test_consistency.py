"""An operation sees the writes before it and its own, and not those beside it."""

import pytest

from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import inputs
from tests.schema.types_under_test import DRAFT, PACKAGE, PLAN, RESULT, TypeUnderTest, every_parent
from tests.support.graphql import InProcess, Json
from tests.support.interference import Announcing, Event, Interfered
from tests.support.tasks import elsewhere


@pytest.fixture
def pool_size() -> int:
    """One for the operation, one for whoever comes in between."""
    return 2


# Mutations of one operation


async def test_mutations_run_one_after_another(api: InProcess) -> None:
    data = await api.ask(
        """mutation($v1: SaveDraftInput!, $v2: SaveDraftInput!) {
          first: saveDraft(input: $v1) { draft { revision title } }
          second: saveDraft(input: $v2) { draft { revision title } }
          deleted: deleteDraft(input: { draftId: "draft-1" }) { errors { code } }
          again: deleteDraft(input: { draftId: "draft-1" }) { errors { code } }
          anew: saveDraft(input: $v1) { draft { revision title } }
        }""",
        v1=inputs.save_draft(title="one"),
        v2=inputs.save_draft(title="two"),
    )

    assert data == {
        "first": {"draft": {"revision": 1, "title": "one"}},
        "second": {"draft": {"revision": 2, "title": "two"}},
        "deleted": {"errors": []},
        "again": {"errors": [{"code": "NOT_FOUND"}]},
        "anew": {"draft": {"revision": 3, "title": "one"}},
    }


async def test_each_payload_shows_the_state_after_its_own_mutation(api: InProcess) -> None:
    data = await api.ask(
        """mutation($one: SaveDraftInput!, $two: SaveDraftInput!, $p: SaveDeliveryPackageInput!) {
          before: saveDeliveryPackage(input: $p) { ...Seen }
          a: saveDraft(input: $one) { draft { title qcResult { id } } }
          after: saveDeliveryPackage(input: $p) { ...Seen }
          b: saveDraft(input: $two) { draft { title deliveryPackages { totalCount } } }
          last: saveDeliveryPackage(input: $p) { ...Seen }
        }
        fragment Seen on SaveDeliveryPackagePayload {
          deliveryPackage { revision draft { title deliveryPackages { totalCount } } }
        }""",
        one=inputs.save_draft(title="one"),
        two=inputs.save_draft(title="two"),
        p=inputs.save_package(),
    )

    seen = [data[name]["deliveryPackage"] for name in ("before", "after", "last")]
    assert [package["revision"] for package in seen] == [1, 2, 3]
    assert [package["draft"] and package["draft"]["title"] for package in seen] == [
        None,
        "one",
        "two",
    ]
    assert seen[1]["draft"]["deliveryPackages"]["totalCount"] == 1


async def test_a_refused_mutation_leaves_the_next_one_what_was_there(api: InProcess) -> None:
    data = await api.ask(
        """mutation($good: SaveDraftInput!, $bad: SaveDraftInput!) {
          first: saveDraft(input: $good) { draft { revision } errors { code } }
          refused: saveDraft(input: $bad) { draft { revision } errors { code } }
          second: saveDraft(input: $good) { draft { revision } errors { code } }
        }""",
        good=inputs.save_draft(),
        bad=inputs.save_draft(title=""),
    )

    assert data == {
        "first": {"draft": {"revision": 1}, "errors": []},
        "refused": {"draft": None, "errors": [{"code": "VALIDATION"}]},
        "second": {"draft": {"revision": 2}, "errors": []},
    }


# Another writer in between


def interrupted(api: InProcess, after_write: Event) -> InProcess:
    """The API, where something happens after each of its commits, before it goes on."""
    return InProcess(api.schema, Interfered(api.storage, after_write=after_write))


@every_parent
async def test_a_payloads_children_are_those_of_its_revision(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    assert entity_type.children
    ours = [entity_type.child("ours"), entity_type.child("also-ours")]

    async def somebody_else_saves() -> None:
        theirs = {entity_type.children or "": [entity_type.child("theirs")]}
        await elsewhere(entity_type.put(api, "key", **theirs))

    payload = await entity_type.put(
        interrupted(api, somebody_else_saves), "key", **{entity_type.children: ours}
    )

    assert payload["revision"] == 1
    assert texts_of(payload[entity_type.children]) == ["ours", "also-ours"]
    stored = await entity_type.get(api, "key")
    assert stored
    assert stored["revision"] == 2
    assert texts_of(stored[entity_type.children]) == ["theirs"]


def texts_of(children: list[Json]) -> list[str]:
    """The arguments with which a builder of children was called."""
    names = ("channel", "title", "section", "name")
    return [
        next(child[name] for name in names if child.get(name, "search") != "search")
        for child in children
    ]


@pytest.mark.parametrize("mutation", ["approveStrategyPlan", "rejectStrategyPlan"])
async def test_a_decided_plan_is_answered_with_what_was_decided_on(
    api: InProcess, mutation: str
) -> None:
    await PLAN.put(api, "plan-1", recommendations=[inputs.recommendation("ours")])

    async def somebody_replaces_it() -> None:
        await elsewhere(api.do("deleteStrategyPlan", {"strategyId": "plan-1"}))
        theirs = [inputs.recommendation("theirs")]
        await elsewhere(PLAN.put(api, "plan-1", recommendations=theirs))

    plan = await interrupted(api, somebody_replaces_it).do(mutation, inputs.decide_plan())

    assert plan["revision"] == 2
    assert texts_of(plan["recommendations"]) == ["ours"]


async def test_a_replaced_result_is_answered_with_its_own_issues(api: InProcess) -> None:
    await RESULT.put(api, "old", draftId="draft-1")

    async def somebody_records_another() -> None:
        input = inputs.record_result(resultId="new", issues=[inputs.issue("theirs")])
        await elsewhere(api.do("recordQcResult", input))

    result = await interrupted(api, somebody_records_another).do(
        "recordQcResult", inputs.record_result(resultId="new", issues=[inputs.issue("ours")])
    )

    assert (result["revision"], texts_of(result["issues"])) == (2, ["ours"])


async def test_a_query_sees_one_state_though_others_write_meanwhile(
    schema: CompiledSchema, storage: Storage
) -> None:
    api = InProcess(schema, storage)
    await DRAFT.put(api, "draft-1", title="old")
    await PACKAGE.put(api, "package-1", artifacts=inputs.artifacts("old"))

    async def somebody_changes_everything() -> None:
        await elsewhere(DRAFT.put(api, "draft-1", title="new"))
        await elsewhere(PACKAGE.put(api, "package-1", artifacts=inputs.artifacts("new")))
        await elsewhere(PACKAGE.put(api, "package-2"))

    reading = Interfered(
        storage, "drafts", lambda drafts: Announcing(drafts, somebody_changes_everything)
    )
    data = await InProcess(schema, reading).ask(
        """{ nodes(ids: ["RGVsaXZlcnlQYWNrYWdlOnBhY2thZ2UtMQ"]) { ... on DeliveryPackage { revision
          draft { title deliveryPackages { totalCount nodes {
            revision artifacts { name } draft { title }
          } } } } } }"""
    )

    assert data["nodes"][0] == {
        "revision": 1,
        "draft": {
            "title": "old",
            "deliveryPackages": {
                "totalCount": 1,
                "nodes": [
                    {"revision": 1, "artifacts": [{"name": "old"}], "draft": {"title": "old"}}
                ],
            },
        },
    }
    stored = await PACKAGE.get(api, "package-1")
    assert stored
    assert stored["revision"] > 1
