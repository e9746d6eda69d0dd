"""Stored state forbids mutations: of absent entities, other revisions, final decisions."""

import pytest

from tests import inputs
from tests.schema.types_under_test import BRIEF, PLAN, TYPES_UNDER_TEST, TypeUnderTest, every_type
from tests.support.graphql import InProcess, Json

# What isn't there

ON_NOTHING: list[tuple[str, Json, list[str]]] = [
    ("normalizeBrief", inputs.normalize_brief(), ["briefId"]),
    ("approveStrategyPlan", inputs.decide_plan(), ["strategyId"]),
    ("rejectStrategyPlan", inputs.decide_plan(), ["strategyId"]),
    *(
        (entity_type.delete, entity_type.key_for_deleting(), [entity_type.key])
        for entity_type in TYPES_UNDER_TEST
    ),
]


@pytest.mark.parametrize(
    ("mutation", "input", "path"), ON_NOTHING, ids=[mutation for mutation, _, _ in ON_NOTHING]
)
async def test_an_unknown_key_is_named(
    api: InProcess, mutation: str, input: Json, path: list[str]
) -> None:
    [error] = await api.refuse(mutation, input)

    assert error["__typename"] == "NotFoundError"
    assert error["code"] == "NOT_FOUND"
    assert error["path"] == path


@every_type
async def test_what_was_deleted_is_not_there_to_be_deleted_again(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    await entity_type.put(api)
    await api.do(entity_type.delete, entity_type.key_for_deleting())

    [error] = await api.refuse(entity_type.delete, entity_type.key_for_deleting())

    assert error["code"] == "NOT_FOUND"


# Revisions


def conflict(expected: int, actual: int) -> Json:
    return {
        "__typename": "RevisionConflictError",
        "code": "REVISION_CONFLICT",
        "message": f"Expected revision {expected}, but the stored revision is {actual}.",
        "path": ["expectedRevision"],
        "expectedRevision": expected,
        "actualRevision": actual,
    }


@every_type
@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_save_at_another_revision_is_refused_with_both_numbers(
    api: InProcess, entity_type: TypeUnderTest, expected: int
) -> None:
    await entity_type.put(api)
    stored = await entity_type.put(api)

    errors = await api.refuse(
        entity_type.save, entity_type.input_for("key", expectedRevision=expected)
    )

    assert errors == [conflict(expected, 2)]
    assert await entity_type.get(api) == stored


@every_type
async def test_what_is_not_stored_is_at_revision_0(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    errors = await api.refuse(entity_type.save, entity_type.input_for("key", expectedRevision=1))

    assert errors == [conflict(1, 0)]
    assert await entity_type.get(api) is None


@every_type
async def test_a_deletion_at_another_revision_is_refused(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    stored = await entity_type.put(api)

    errors = await api.refuse(
        entity_type.delete, entity_type.key_for_deleting() | {"expectedRevision": 2}
    )

    assert errors == [conflict(2, 1)]
    assert await entity_type.get(api) == stored


@pytest.mark.parametrize(
    ("mutation", "input", "entity_type", "key"),
    [
        ("normalizeBrief", inputs.normalize_brief(), BRIEF, "brief-1"),
        ("approveStrategyPlan", inputs.decide_plan(), PLAN, "plan-1"),
        ("rejectStrategyPlan", inputs.decide_plan(), PLAN, "plan-1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_step_at_another_revision_is_refused(
    api: InProcess, mutation: str, input: Json, entity_type: TypeUnderTest, key: str
) -> None:
    stored = await entity_type.put(api, key)

    errors = await api.refuse(mutation, input | {"expectedRevision": 0})

    assert errors == [conflict(0, 1)]
    assert await entity_type.get(api, key) == stored


async def test_the_revision_expected_of_a_result_is_that_of_the_drafts_present_one(
    api: InProcess,
) -> None:
    await api.do("recordQcResult", inputs.record_result())
    await api.do("recordQcResult", inputs.record_result())
    by_another_id = inputs.record_result(resultId="result-2")

    stale = await api.refuse("recordQcResult", by_another_id | {"expectedRevision": 1})
    as_new = await api.refuse("recordQcResult", by_another_id | {"expectedRevision": 0})
    replaced = await api.do("recordQcResult", by_another_id | {"expectedRevision": 2})

    assert stale == [conflict(1, 2)]
    assert as_new == [conflict(0, 2)]
    assert replaced["revision"] == 3


# Keys that are taken


async def test_a_version_that_another_plan_has_is_refused(api: InProcess) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan(version=1))
    stored = await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-2", version=2))

    [new] = await api.refuse("saveStrategyPlan", inputs.save_plan(strategyId="new", version=1))
    [moved] = await api.refuse("saveStrategyPlan", inputs.save_plan(strategyId="plan-2"))

    assert (new["code"], new["path"]) == ("VALIDATION", ["version"])
    assert (moved["code"], moved["path"]) == ("VALIDATION", ["version"])
    assert await PLAN.get(api, "new") is None
    assert await PLAN.get(api, "plan-2") == stored


async def test_a_plan_does_not_move_to_another_brief(api: InProcess) -> None:
    stored = await api.do("saveStrategyPlan", inputs.save_plan())

    [error] = await api.refuse("saveStrategyPlan", inputs.save_plan(briefId="brief-2"))

    assert (error["code"], error["path"]) == ("VALIDATION", ["briefId"])
    assert await PLAN.get(api, "plan-1") == stored


async def test_a_result_does_not_move_to_another_draft(api: InProcess) -> None:
    await api.do("recordQcResult", inputs.record_result())
    before = await api.everything()

    [error] = await api.refuse("recordQcResult", inputs.record_result(draftId="draft-2"))

    assert (error["code"], error["path"]) == ("VALIDATION", ["resultId"])
    assert await api.everything() == before


# Decisions

DECISIONS = {"APPROVED": "approveStrategyPlan", "REJECTED": "rejectStrategyPlan"}


@pytest.mark.parametrize(
    ("state", "mutation", "target"),
    [
        ("APPROVED", "approveStrategyPlan", "APPROVED"),
        ("APPROVED", "rejectStrategyPlan", "REJECTED"),
        ("APPROVED", "saveStrategyPlan", "PENDING"),
        ("REJECTED", "approveStrategyPlan", "APPROVED"),
        ("REJECTED", "rejectStrategyPlan", "REJECTED"),
    ],
)
async def test_a_decided_plan_is_not_decided_again_and_an_approved_one_not_changed(
    api: InProcess, state: str, mutation: str, target: str
) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan())
    decided = await api.do(DECISIONS[state], inputs.decide_plan())
    input = (
        inputs.save_plan(executiveSummary="changed")
        if mutation == "saveStrategyPlan"
        else inputs.decide_plan(decidedBy="Grace")
    )

    [error] = await api.refuse(mutation, input)

    assert error == {
        "__typename": "InvalidTransitionError",
        "code": "INVALID_TRANSITION",
        "message": f"A strategy plan that is {state} can't become {target}.",
        "path": [],
        "from": state,
        "to": target,
    }
    assert await PLAN.get(api, "plan-1") == decided


# Which of several reasons is told


async def test_validation_comes_before_existence(api: InProcess) -> None:
    for mutation, input, _ in ON_NOTHING:
        errors = await api.refuse(mutation, input | {"expectedRevision": -1})

        assert [error["code"] for error in errors] == ["VALIDATION"], mutation


async def test_existence_comes_before_the_revision(api: InProcess) -> None:
    for mutation, input, _ in ON_NOTHING:
        errors = await api.refuse(mutation, input | {"expectedRevision": 7})

        assert [error["code"] for error in errors] == ["NOT_FOUND"], mutation


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        ("approveStrategyPlan", inputs.decide_plan()),
        ("rejectStrategyPlan", inputs.decide_plan()),
        ("saveStrategyPlan", inputs.save_plan()),
    ],
    ids=["approve", "reject", "save"],
)
async def test_the_revision_comes_before_the_transition(
    api: InProcess, mutation: str, input: Json
) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("approveStrategyPlan", inputs.decide_plan())

    stale = await api.refuse(mutation, input | {"expectedRevision": 1})
    fresh = await api.refuse(mutation, input | {"expectedRevision": 2})

    assert stale == [conflict(1, 2)]
    assert [error["code"] for error in fresh] == ["INVALID_TRANSITION"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"version": 2}, ["version"]), ({"briefId": "brief-2"}, ["briefId"])],
    ids=["version", "brief"],
)
async def test_keys_that_are_taken_come_before_revision_and_transition(
    api: InProcess, changes: Json, path: list[str]
) -> None:
    await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-2", version=2))
    await api.do("approveStrategyPlan", inputs.decide_plan())

    errors = await api.refuse("saveStrategyPlan", inputs.save_plan(**changes, expectedRevision=1))

    assert [(error["code"], error["path"]) for error in errors] == [("VALIDATION", path)]


async def test_a_result_of_another_draft_comes_before_the_revision(api: InProcess) -> None:
    await api.do("recordQcResult", inputs.record_result())

    [error] = await api.refuse(
        "recordQcResult", inputs.record_result(draftId="draft-2", expectedRevision=7)
    )

    assert (error["code"], error["path"]) == ("VALIDATION", ["resultId"])
