"""The payloads of successful mutations, and the entities that are stored after them."""

from datetime import datetime
from typing import Any

import pytest

from tests import inputs
from tests.schema.types_under_test import (
    BRIEF,
    PACKAGE,
    RESULT,
    TYPES_UNDER_TEST,
    TypeUnderTest,
    every_type,
)
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock

NOW = "2026-03-02T09:30:15.123456Z"
LATER = "2026-03-02T10:30:15.123456Z"
STORED_NOW = {"revision": 1, "createdAt": NOW, "updatedAt": NOW}
OF_NOBODY = STORED_NOW | {"clientId": None}
"""It leads to no brief."""


def an_hour_passes(clock: SettableClock) -> datetime:
    return clock.move(hours=1)


def numbered(items: list[Json]) -> list[Json]:
    return [{"position": position, **item} for position, item in enumerate(items)]


def without_id(entity: Any) -> Json:
    """Global ids have tests of their own."""
    assert entity["id"]
    return {name: value for name, value in entity.items() if name != "id"}


# Complete inputs


async def test_submit_intake_takes_in_a_brief(api: InProcess) -> None:
    brief = await api.do("submitIntake", inputs.submit_intake())

    assert without_id(brief) == STORED_NOW | {
        "briefId": "brief-1",
        "clientId": "client-1",
        "stage": "INTAKE",
        "responses": {"goal": "more bread sold", "shops": 3},
        "submittedAt": "2026-03-01T09:30:00Z",
        "scope": None,
        "objectives": [],
        "targetAudience": None,
        "brandGuidelines": {},
        "normalizedAt": None,
    }
    assert await BRIEF.get(api, "brief-1") == brief


async def test_normalize_brief_sets_what_the_agency_made_of_it(
    api: InProcess, clock: SettableClock
) -> None:
    submitted = await api.do("submitIntake", inputs.submit_intake())
    an_hour_passes(clock)

    brief = await api.do("normalizeBrief", inputs.normalize_brief())

    assert brief == submitted | {
        "stage": "NORMALIZED",
        "scope": {
            "deliverables": ["landing page", "newsletter"],
            "exclusions": ["print"],
            "timelineWeeks": 6,
        },
        "objectives": ["be known in town", "sell online"],
        "targetAudience": "people who bake",
        "brandGuidelines": {"tone": "warm"},
        "normalizedAt": LATER,
        "revision": 2,
        "updatedAt": LATER,
    }
    assert await BRIEF.get(api, "brief-1") == brief


async def test_save_strategy_plan_saves_a_plan_to_be_decided(api: InProcess) -> None:
    plan = await api.do("saveStrategyPlan", inputs.save_plan())

    assert without_id(plan) == OF_NOBODY | {
        "strategyId": "plan-1",
        "briefId": "brief-1",
        "version": 1,
        "executiveSummary": "Bread, but online.",
        "kpis": [inputs.kpi()],
        "timeline": inputs.timeline(),
        "recommendations": numbered(
            [inputs.recommendation("search"), inputs.recommendation("radio")]
        ),
        "approval": "PENDING",
        "decidedBy": None,
        "decidedAt": None,
    }


@pytest.mark.parametrize(
    ("mutation", "approval"),
    [("approveStrategyPlan", "APPROVED"), ("rejectStrategyPlan", "REJECTED")],
)
async def test_a_decision_is_kept_with_who_made_it_and_when(
    api: InProcess, clock: SettableClock, mutation: str, approval: str
) -> None:
    saved = await api.do("saveStrategyPlan", inputs.save_plan())
    an_hour_passes(clock)

    plan = await api.do(mutation, inputs.decide_plan())

    assert plan == saved | {
        "approval": approval,
        "decidedBy": "Ada",
        "decidedAt": LATER,
        "revision": 2,
        "updatedAt": LATER,
    }


async def test_save_campaign_saves_a_campaign_with_its_tactics(api: InProcess) -> None:
    campaign = await api.do("saveCampaign", inputs.save_campaign())

    assert without_id(campaign) == OF_NOBODY | {
        "campaignId": "campaign-1",
        "strategyId": "plan-1",
        "name": "Spring bread",
        "tactics": numbered([inputs.tactic("first week"), inputs.tactic("second week")]),
    }


async def test_save_draft_saves_a_draft(api: InProcess) -> None:
    draft = await api.do("saveDraft", inputs.save_draft())

    assert without_id(draft) == OF_NOBODY | inputs.save_draft()


async def test_record_qc_result_keeps_the_verdict_with_its_issues(api: InProcess) -> None:
    bare = inputs.issue("title")
    whole = inputs.issue("body", severity="CRITICAL", hint="Cut it.", benchmarkId="length")

    result = await api.do("recordQcResult", inputs.record_result(issues=[bare, whole]))

    assert without_id(result) == OF_NOBODY | {
        "resultId": "result-1",
        "draftId": "draft-1",
        "passed": False,
        "score": 0.4,
        "evaluatedAt": "2026-03-01T12:00:00Z",
        "issues": numbered([bare | {"hint": None, "benchmarkId": None}, whole]),
    }


async def test_save_delivery_package_saves_a_package_with_its_artifacts(api: InProcess) -> None:
    package = await api.do("saveDeliveryPackage", inputs.save_package())

    assert without_id(package) == OF_NOBODY | {
        "packageId": "package-1",
        "draftId": "draft-1",
        "artifacts": PACKAGE.stored(inputs.artifacts("article", "cover")),
    }


@every_type
async def test_deleting_answers_the_global_id_of_what_is_gone(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    gone = await entity_type.put(api, "gone")
    kept = await entity_type.put(api, "kept")

    deleted_id = await api.do(entity_type.delete, {entity_type.key: "gone"})

    assert deleted_id == gone["id"]
    assert await entity_type.get(api, "gone") is None
    assert await entity_type.get(api, "kept") == kept


# What is left out

MINIMAL: list[tuple[str, Json, Json]] = [
    (
        "submitIntake",
        {"clientId": "client-1", "responses": {}},
        {
            "briefId": "brief-new-1",
            "clientId": "client-1",
            "stage": "INTAKE",
            "responses": {},
            "submittedAt": NOW,
            "scope": None,
            "objectives": [],
            "targetAudience": None,
            "brandGuidelines": {},
            "normalizedAt": None,
        },
    ),
    (
        "saveStrategyPlan",
        {"briefId": "brief-1", "executiveSummary": "", "timeline": {"durationWeeks": 1}},
        {
            "strategyId": "plan-new-1",
            "briefId": "brief-1",
            "version": 1,
            "executiveSummary": "",
            "kpis": [],
            "timeline": {"durationWeeks": 1, "milestones": []},
            "recommendations": [],
            "approval": "PENDING",
            "decidedBy": None,
            "decidedAt": None,
        },
    ),
    (
        "saveCampaign",
        {"strategyId": "plan-1", "name": "Spring bread"},
        {
            "campaignId": "campaign-new-1",
            "strategyId": "plan-1",
            "name": "Spring bread",
            "tactics": [],
        },
    ),
    (
        "saveDraft",
        {"strategyId": "plan-1", "contentType": "article", "title": "Why", "body": "Because."},
        {
            "draftId": "draft-new-1",
            "strategyId": "plan-1",
            "campaignId": None,
            "contentType": "article",
            "title": "Why",
            "body": "Because.",
            "metadata": {},
        },
    ),
    (
        "recordQcResult",
        {"draftId": "draft-1", "passed": True, "score": 1},
        {
            "resultId": "qc-new-1",
            "draftId": "draft-1",
            "passed": True,
            "score": 1.0,
            "evaluatedAt": NOW,
            "issues": [],
        },
    ),
    (
        "saveDeliveryPackage",
        {"draftId": "draft-1"},
        {"packageId": "package-new-1", "draftId": "draft-1", "artifacts": []},
    ),
]

every_minimal_input = pytest.mark.parametrize(
    ("mutation", "input", "outcome"), MINIMAL, ids=[mutation for mutation, _, _ in MINIMAL]
)


@every_minimal_input
async def test_what_is_left_out_becomes_its_default(
    api: InProcess, mutation: str, input: Json, outcome: Json
) -> None:
    entity = await api.do(mutation, input)

    assert without_id(entity) == OF_NOBODY | outcome | STORED_NOW


OPTIONAL = {
    "submitIntake": ["briefId", "submittedAt", "expectedRevision"],
    "saveStrategyPlan": [
        "strategyId",
        "version",
        "kpis",
        "recommendations",
        "expectedRevision",
    ],
    "saveCampaign": ["campaignId", "tactics", "expectedRevision"],
    "saveDraft": ["draftId", "campaignId", "metadata", "expectedRevision"],
    "recordQcResult": ["resultId", "evaluatedAt", "issues", "expectedRevision"],
    "saveDeliveryPackage": ["packageId", "artifacts", "expectedRevision"],
}


@every_minimal_input
async def test_null_is_the_same_as_left_out(
    api: InProcess, mutation: str, input: Json, outcome: Json
) -> None:
    entity = await api.do(mutation, input | dict.fromkeys(OPTIONAL[mutation]))

    assert without_id(entity) == OF_NOBODY | outcome | STORED_NOW


async def test_parts_that_are_left_out_become_their_defaults(api: InProcess) -> None:
    await api.do("submitIntake", inputs.submit_intake())

    brief = await api.do(
        "normalizeBrief",
        inputs.without(
            inputs.normalize_brief(scope={}, objectives=[], targetAudience=""), "brandGuidelines"
        ),
    )
    plan = await api.do(
        "saveStrategyPlan",
        inputs.save_plan(
            timeline={"durationWeeks": 2},
            recommendations=[inputs.without(inputs.recommendation(), "tactics")],
        ),
    )

    assert brief["scope"] == {"deliverables": [], "exclusions": [], "timelineWeeks": None}
    assert (brief["objectives"], brief["targetAudience"]) == ([], "")
    assert brief["brandGuidelines"] == {}
    assert plan["timeline"] == {"durationWeeks": 2, "milestones": []}
    assert plan["recommendations"][0]["tactics"] == []


async def test_every_entity_without_a_key_gets_one_of_its_own(api: InProcess) -> None:
    first = await api.do("saveDeliveryPackage", {"draftId": "draft-1"})
    second = await api.do("saveDeliveryPackage", {"draftId": "draft-1"})

    assert first["packageId"] != second["packageId"]
    assert (first["revision"], second["revision"]) == (1, 1)


# Saving again


@every_type
async def test_saving_again_keeps_when_it_was_created_and_counts_the_revision(
    api: InProcess, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    first = await entity_type.put(api)
    an_hour_passes(clock)

    second = await entity_type.put(api)

    assert second == first | {"revision": 2, "updatedAt": LATER}
    assert await entity_type.get(api) == second


@every_type
async def test_saving_again_after_a_delete_begins_anew_but_for_the_revision(
    api: InProcess, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    first = await entity_type.put(api)
    await entity_type.put(api)
    await api.do(entity_type.delete, {entity_type.key: "key"})
    an_hour_passes(clock)

    again = await entity_type.put(api)

    assert again == first | {"revision": 3, "createdAt": LATER, "updatedAt": LATER}


REPLACED: list[tuple[str, Json, Json]] = [
    (
        "submitIntake",
        inputs.without(inputs.submit_intake(), "submittedAt"),
        {"submittedAt": NOW},
    ),
    (
        "saveStrategyPlan",
        inputs.without(inputs.save_plan(), "kpis", "recommendations"),
        {"kpis": [], "recommendations": []},
    ),
    (
        "saveCampaign",
        inputs.without(inputs.save_campaign(), "tactics"),
        {"tactics": []},
    ),
    (
        "saveDraft",
        inputs.without(inputs.save_draft(), "campaignId", "metadata"),
        {"campaignId": None, "metadata": {}},
    ),
    (
        "recordQcResult",
        inputs.without(inputs.record_result(), "evaluatedAt", "issues"),
        {"evaluatedAt": NOW, "issues": []},
    ),
    (
        "saveDeliveryPackage",
        inputs.without(inputs.save_package(), "artifacts"),
        {"artifacts": []},
    ),
]
COMPLETE = {
    "submitIntake": inputs.submit_intake(),
    "saveStrategyPlan": inputs.save_plan(),
    "saveCampaign": inputs.save_campaign(),
    "saveDraft": inputs.save_draft(),
    "recordQcResult": inputs.record_result(),
    "saveDeliveryPackage": inputs.save_package(),
}


@pytest.mark.parametrize(
    ("mutation", "input", "changed"), REPLACED, ids=[mutation for mutation, _, _ in REPLACED]
)
async def test_a_save_replaces_and_is_no_patch(
    api: InProcess, mutation: str, input: Json, changed: Json
) -> None:
    complete = await api.do(mutation, COMPLETE[mutation])

    replaced = await api.do(mutation, input)

    assert replaced == complete | changed | {"revision": 2}


async def test_submitting_a_normalized_brief_again_returns_it_to_intake(api: InProcess) -> None:
    submitted = await api.do("submitIntake", inputs.submit_intake())
    await api.do("normalizeBrief", inputs.normalize_brief())

    again = await api.do("submitIntake", inputs.submit_intake())

    assert again == submitted | {"revision": 3}


async def test_normalizing_may_be_repeated(api: InProcess) -> None:
    await api.do("submitIntake", inputs.submit_intake())
    first = await api.do("normalizeBrief", inputs.normalize_brief())

    second = await api.do("normalizeBrief", inputs.normalize_brief(targetAudience="all"))

    assert second == first | {"targetAudience": "all", "revision": 3}


async def test_children_are_replaced_whole(api: InProcess) -> None:
    await api.do("saveDeliveryPackage", inputs.save_package())

    package = await api.do(
        "saveDeliveryPackage", inputs.save_package(artifacts=inputs.artifacts("poster"))
    )

    assert package["artifacts"] == PACKAGE.stored(inputs.artifacts("poster"))


# Versions of plans


async def test_plans_of_a_brief_are_numbered_from_one(api: InProcess) -> None:
    plan = inputs.without(inputs.save_plan(), "strategyId", "version")

    versions = [(await api.do("saveStrategyPlan", plan))["version"] for _ in range(3)]

    assert versions == [1, 2, 3]


async def test_a_plan_saved_without_its_version_keeps_it(api: InProcess) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan(version=7))

    plan = await api.do("saveStrategyPlan", inputs.without(inputs.save_plan(), "version"))

    assert (plan["version"], plan["revision"]) == (7, 2)


async def test_a_version_addresses_the_plan_that_has_it(api: InProcess) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan(version=7))

    plan = await api.do(
        "saveStrategyPlan", inputs.without(inputs.save_plan(version=7), "strategyId")
    )

    assert (plan["strategyId"], plan["revision"]) == ("plan-1", 2)


async def test_a_rejected_plan_that_is_saved_again_is_to_be_decided_again(api: InProcess) -> None:
    saved = await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("rejectStrategyPlan", inputs.decide_plan())

    again = await api.do("saveStrategyPlan", inputs.save_plan())

    assert again == saved | {"revision": 3}


# One result for a draft


async def test_a_result_without_an_id_takes_the_place_of_the_drafts_result(api: InProcess) -> None:
    first = await api.do("recordQcResult", inputs.record_result())

    second = await api.do(
        "recordQcResult", inputs.without(inputs.record_result(score=0.9), "resultId")
    )

    assert second == first | {"score": 0.9, "revision": 2}


async def test_another_result_id_makes_a_new_result_in_place_of_the_old(
    api: InProcess, clock: SettableClock
) -> None:
    first = await api.do("recordQcResult", inputs.record_result())
    an_hour_passes(clock)

    second = await api.do("recordQcResult", inputs.record_result(resultId="result-2", issues=[]))

    assert without_id(second) == without_id(first) | {
        "resultId": "result-2",
        "issues": [],
        "revision": 2,
        "createdAt": LATER,
        "updatedAt": LATER,
    }
    assert await RESULT.get(api, "result-1") is None


# Expected revisions


@every_type
async def test_a_save_with_the_stored_revision_is_carried_out(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    await entity_type.put(api, expectedRevision=0)

    assert (await entity_type.put(api, expectedRevision=1))["revision"] == 2
    assert (await entity_type.put(api, expectedRevision=2))["revision"] == 3


async def test_every_mutation_is_carried_out_at_the_stored_revision(api: InProcess) -> None:
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.put(api)
    await BRIEF.put(api, "brief-1")
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="other", briefId="other"))

    for mutation, input in [
        ("normalizeBrief", inputs.normalize_brief(briefId="key")),
        ("rejectStrategyPlan", inputs.decide_plan(strategyId="key")),
        ("approveStrategyPlan", inputs.decide_plan(strategyId="other")),
    ]:
        await api.do(mutation, input | {"expectedRevision": 1})
    for entity_type in TYPES_UNDER_TEST:
        stored = await entity_type.get(api)
        assert stored is not None
        await api.do(
            entity_type.delete, {entity_type.key: "key", "expectedRevision": stored["revision"]}
        )
        assert await entity_type.get(api) is None
