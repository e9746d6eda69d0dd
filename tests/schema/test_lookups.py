"""Finding one entity by what clients know of it."""

import pytest

from tests import inputs
from tests.schema.types_under_test import TypeUnderTest, every_type
from tests.support.graphql import InProcess, Json

# By key


@every_type
async def test_an_entity_is_found_by_its_key(api: InProcess, entity_type: TypeUnderTest) -> None:
    stored = await entity_type.put(api, "key")
    await entity_type.put(api, "other")

    assert await entity_type.get(api, "key") == stored


@every_type
@pytest.mark.parametrize("key", ["", " key", "KEY", "key\x00", "\ud800", "k" * 100_000])
async def test_a_key_that_nothing_has_finds_nothing(
    api: InProcess, entity_type: TypeUnderTest, key: str
) -> None:
    await entity_type.put(api, "key")

    assert await entity_type.get(api, key) is None


async def test_a_whole_number_may_stand_for_a_key(api: InProcess) -> None:
    """GraphQL accepts integers for all IDs."""
    await api.do("saveDraft", inputs.save_draft(draftId="5"))

    data = await api.ask(
        "query($id: ID!) { a: draft(draftId: 5) { draftId } b: draft(draftId: $id) { draftId } }",
        id=5,
    )

    assert data == {"a": {"draftId": "5"}, "b": {"draftId": "5"}}


# A plan by its key, or by its brief and version


@pytest.fixture
async def two_plans(api: InProcess) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-1", version=1))
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-2", version=2))


def plan_by(arguments: str) -> str:
    return f"{{ strategyPlan({arguments}) {{ strategyId }} }}"


@pytest.mark.usefixtures("two_plans")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('strategyId: "plan-2"', "plan-2"),
        ('strategyId: "plan-2", briefId: null, version: null', "plan-2"),
        ('briefId: "brief-1", version: 1', "plan-1"),
        ('strategyId: null, briefId: "brief-1", version: 2', "plan-2"),
        ('briefId: "brief-1", version: 3', None),
        ('briefId: "brief-1", version: 0', None),
        ('briefId: "brief-1", version: -1', None),
        ('briefId: "brief-1", version: 2147483647', None),
        ('briefId: "brief-2", version: 1', None),
        ('briefId: "", version: 1', None),
        ('strategyId: ""', None),
    ],
)
async def test_a_plan_is_found_by_its_key_or_by_brief_and_version(
    api: InProcess, arguments: str, found: str | None
) -> None:
    data = await api.ask(plan_by(arguments))

    assert data == {"strategyPlan": found and {"strategyId": found}}


@pytest.mark.parametrize(
    "arguments",
    [
        "strategyId: null",
        "briefId: null, version: null",
        'briefId: "brief-1"',
        'briefId: "brief-1", version: null',
        "version: 1",
        "briefId: null, version: 1",
        'strategyId: "plan-1", briefId: "brief-1", version: 1',
        'strategyId: "plan-1", version: 1',
        'strategyId: "plan-1", briefId: "brief-1"',
        'strategyId: "", briefId: "brief-1", version: 1',
    ],
)
async def test_any_other_way_to_ask_for_a_plan_is_bad_user_input(
    api: InProcess, arguments: str
) -> None:
    error = await api.fail(plan_by(arguments))

    assert error["code"] == "BAD_USER_INPUT"
    assert "strategyId" in error["message"]
    assert error["path"] == ["strategyPlan"]


# A result by its key or by its draft


def result_by(arguments: str) -> str:
    return f"{{ qcResult({arguments}) {{ resultId }} }}"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('resultId: "result-1"', "result-1"),
        ('resultId: "result-1", draftId: null', "result-1"),
        ('draftId: "draft-2"', "result-2"),
        ('resultId: null, draftId: "draft-2"', "result-2"),
        ('resultId: "draft-1"', None),
        ('draftId: "result-1"', None),
        ('draftId: ""', None),
        ('resultId: ""', None),
    ],
)
async def test_a_result_is_found_by_its_key_or_by_its_draft(
    api: InProcess, arguments: str, found: str | None
) -> None:
    for number in (1, 2):
        input = inputs.record_result(resultId=f"result-{number}", draftId=f"draft-{number}")
        await api.do("recordQcResult", input)

    data = await api.ask(result_by(arguments))

    assert data == {"qcResult": found and {"resultId": found}}


@pytest.mark.parametrize(
    "arguments",
    [
        "resultId: null",
        "resultId: null, draftId: null",
        'resultId: "result-1", draftId: "draft-1"',
        'resultId: "", draftId: "draft-1"',
    ],
)
async def test_any_other_way_to_ask_for_a_result_is_bad_user_input(
    api: InProcess, arguments: str
) -> None:
    error = await api.fail(result_by(arguments))

    assert error["code"] == "BAD_USER_INPUT"
    assert "resultId" in error["message"]
    assert error["path"] == ["qcResult"]


async def test_a_wrong_lookup_leaves_the_others_their_responses(api: InProcess) -> None:
    await api.do("saveDraft", inputs.save_draft())

    response = await api.send('{ qcResult { id } draft(draftId: "draft-1") { draftId } }')

    assert response["data"] == {"qcResult": None, "draft": {"draftId": "draft-1"}}
    assert [error["path"] for error in response["errors"]] == [["qcResult"]]


# Where the edges lead


async def test_edges_lead_across_the_modules_in_both_directions(api: InProcess) -> None:
    await store_a_chain(api)

    data = await api.ask(
        """{
          down: brief(briefId: "brief-1") { strategyPlans { nodes { strategyId
            campaigns { nodes { campaignId drafts { nodes { draftId } } } }
            drafts { nodes { draftId qcResult { resultId }
              deliveryPackages { nodes { packageId } } } } } } }
          fromPackage: deliveryPackage(packageId: "package-1") { ...ToBrief }
          fromResult: qcResult(draftId: "draft-1") { draft { campaign { strategyPlan {
            brief { briefId } } } } }
        }
        fragment ToBrief on DeliveryPackage {
          draft { draftId strategyPlan { strategyId brief { briefId } } }
        }"""
    )

    assert data == {
        "down": nodes(
            "strategyPlans",
            {
                "strategyId": "plan-1",
                **nodes(
                    "campaigns",
                    {"campaignId": "campaign-1", **nodes("drafts", {"draftId": "draft-1"})},
                ),
                **nodes(
                    "drafts",
                    {
                        "draftId": "draft-1",
                        "qcResult": {"resultId": "result-1"},
                        **nodes("deliveryPackages", {"packageId": "package-1"}),
                    },
                ),
            },
        ),
        "fromPackage": {
            "draft": {
                "draftId": "draft-1",
                "strategyPlan": {"strategyId": "plan-1", "brief": {"briefId": "brief-1"}},
            }
        },
        "fromResult": {"draft": {"campaign": {"strategyPlan": {"brief": {"briefId": "brief-1"}}}}},
    }


def nodes(field: str, *items: Json) -> Json:
    return {field: {"nodes": list(items)}}


async def store_a_chain(api: InProcess) -> None:
    await api.do("submitIntake", inputs.submit_intake())
    await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("saveCampaign", inputs.save_campaign())
    await api.do("saveDraft", inputs.save_draft())
    await api.do("recordQcResult", inputs.record_result())
    await api.do("saveDeliveryPackage", inputs.save_package())


async def test_edges_to_what_is_not_stored_are_null_or_empty(api: InProcess) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("saveCampaign", inputs.save_campaign(strategyId="nowhere"))
    await api.do("saveDraft", inputs.save_draft(strategyId="nowhere", campaignId="nowhere"))
    await api.do("recordQcResult", inputs.record_result(draftId="nowhere"))
    await api.do("saveDeliveryPackage", inputs.save_package(draftId="nowhere"))

    data = await api.ask(
        """{
          strategyPlan(strategyId: "plan-1") {
            brief { id } campaigns { nodes { id } totalCount } drafts { edges { cursor } } }
          campaign(campaignId: "campaign-1") { strategyPlan { id } drafts { nodes { id } } }
          draft(draftId: "draft-1") { strategyPlan { id } campaign { id } qcResult { id }
            deliveryPackages { nodes { id } pageInfo { hasNextPage endCursor } } }
          qcResult(resultId: "result-1") { draft { id } }
          deliveryPackage(packageId: "package-1") { draft { id } }
        }"""
    )

    assert data == {
        "strategyPlan": {
            "brief": None,
            "campaigns": {"nodes": [], "totalCount": 0},
            "drafts": {"edges": []},
        },
        "campaign": {"strategyPlan": None, "drafts": {"nodes": []}},
        "draft": {
            "strategyPlan": None,
            "campaign": None,
            "qcResult": None,
            "deliveryPackages": {
                "nodes": [],
                "pageInfo": {"hasNextPage": False, "endCursor": None},
            },
        },
        "qcResult": {"draft": None},
        "deliveryPackage": {"draft": None},
    }


async def test_a_draft_without_a_campaign_leads_to_none(api: InProcess) -> None:
    await api.do("saveCampaign", inputs.save_campaign())
    await api.do("saveDraft", inputs.without(inputs.save_draft(), "campaignId"))

    data = await api.ask('{ draft(draftId: "draft-1") { campaignId campaign { id } } }')

    assert data == {"draft": {"campaignId": None, "campaign": None}}


async def test_what_refers_to_a_deleted_entity_stays_and_belongs_to_nobody(api: InProcess) -> None:
    await store_a_chain(api)
    before = await api.everything()

    await api.do("deleteDraft", {"draftId": "draft-1"})

    after = await api.everything()
    assert after.pop("drafts")["nodes"] == []
    for name in ("qcResults", "deliveryPackages"):
        assert [node["clientId"] for node in after[name]["nodes"]] == [None]
        [node] = before[name]["nodes"]
        node["clientId"] = None
    assert after == {name: found for name, found in before.items() if name != "drafts"}
