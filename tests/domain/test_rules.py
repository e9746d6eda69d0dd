"""Commands change records by rules, without any storage."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from domain import delivery, onboarding, production, qc, strategy
from domain.entity import require_revision
from domain.errors import InvalidTransition, NotFound, RevisionConflict, ValidationFailed
from domain.json_object import EMPTY_OBJECT, JsonObject
from domain.onboarding import BriefStage
from domain.strategy import ApprovalState
from tests import builders as build
from tests.support.sources import START

PENDING, APPROVED, REJECTED = ApprovalState
LATER = START + timedelta(hours=1)


# Transitions


@pytest.mark.parametrize("source", ApprovalState)
@pytest.mark.parametrize("target", ApprovalState)
def test_a_plan_changes_state_only_in_these_ways(
    source: ApprovalState, target: ApprovalState
) -> None:
    allowed = {
        (PENDING, PENDING),
        (PENDING, APPROVED),
        (PENDING, REJECTED),
        (REJECTED, PENDING),
    }

    if (source, target) in allowed:
        strategy.require_transition(source, target)
    else:
        with pytest.raises(InvalidTransition) as raised:
            strategy.require_transition(source, target)
        assert (raised.value.source, raised.value.target) == (source, target)


def test_deciding_changes_nothing_but_the_decision() -> None:
    plan = build.plan(approval=PENDING, decided_by=None, decided_at=None)

    decided = strategy.decided(plan, REJECTED, "Grace", LATER)

    assert decided == replace(
        plan, approval=REJECTED, decided_by="Grace", decided_at=LATER, updated_at=LATER
    )


@pytest.mark.parametrize("state", [APPROVED, REJECTED])
def test_a_decided_plan_is_not_decided_again(state: ApprovalState) -> None:
    with pytest.raises(InvalidTransition):
        strategy.decided(build.plan(approval=state), APPROVED, "Grace", LATER)


# Records of commands


def test_a_brief_comes_in_without_anything_that_normalising_sets() -> None:
    brief = onboarding.submitted(build.submit_intake(), "key", START)

    assert brief.stage is BriefStage.INTAKE
    assert (brief.scope, brief.objectives, brief.target_audience) == (None, (), None)
    assert (brief.brand_guidelines, brief.normalized_at) == (EMPTY_OBJECT, None)
    assert brief.submitted_at == START


def test_normalising_keeps_what_the_client_said() -> None:
    brief = onboarding.submitted(build.submit_intake(), "key", START)
    command = build.normalize_brief(brand_guidelines=None)

    normalized = onboarding.normalized(brief, command, LATER)

    assert normalized == replace(
        brief,
        stage=BriefStage.NORMALIZED,
        scope=command.scope,
        objectives=command.objectives,
        target_audience=command.target_audience,
        brand_guidelines=EMPTY_OBJECT,
        normalized_at=LATER,
        updated_at=LATER,
    )


def test_what_a_draft_does_not_say_is_absent_or_empty() -> None:
    draft = production.new_draft(build.save_draft(campaign_id=None, metadata=None), "key", START)

    assert (draft.campaign_id, draft.metadata) == (None, EMPTY_OBJECT)


def test_times_are_kept_in_utc() -> None:
    ahead = START.astimezone(timezone(timedelta(hours=3)))

    brief = onboarding.submitted(build.submit_intake(submitted_at=ahead), "key", LATER)
    result = qc.new_result(build.record_result(evaluated_at=ahead), "key", LATER)

    assert (brief.submitted_at, brief.submitted_at.tzinfo) == (START, UTC)
    assert (result.evaluated_at, result.evaluated_at.tzinfo) == (START, UTC)


def test_numbers_are_floats_and_zero_has_no_sign() -> None:
    score = qc.new_result(build.record_result(score=1), "key", START).score
    zero = qc.new_result(build.record_result(score=-0.0), "key", START).score
    (item,) = (
        strategy.new_plan(
            build.save_plan(recommendations=(build.recommendation(budget_percent=-0.0),)),
            "key",
            1,
            START,
        ).recommendations
        or ()
    )

    assert [repr(number) for number in (score, zero, item.budget_percent)] == ["1.0", "0.0", "0.0"]


CHILDREN: list[tuple[str, Callable[[], Any]]] = [
    (
        "recommendations",
        lambda: strategy.new_plan(
            build.save_plan(recommendations=[build.recommendation(c, position=9) for c in "CAB"]),
            "key",
            1,
            START,
        ),
    ),
    (
        "tactics",
        lambda: production.new_campaign(
            build.save_campaign(tactics=[build.tactic(c, position=9) for c in "CAB"]), "key", START
        ),
    ),
    (
        "issues",
        lambda: qc.new_result(
            build.record_result(issues=[build.issue(c, position=9) for c in "CAB"]), "key", START
        ),
    ),
    (
        "artifacts",
        lambda: delivery.new_package(
            build.save_package(artifacts=[build.artifact(c, position=9) for c in "CAB"]),
            "key",
            START,
        ),
    ),
]


@pytest.mark.parametrize(("name", "make"), CHILDREN, ids=[name for name, _ in CHILDREN])
def test_children_are_numbered_in_the_order_they_were_given(
    name: str, make: Callable[[], Any]
) -> None:
    children = getattr(make(), name)

    assert isinstance(children, tuple)
    assert [child.position for child in children] == [0, 1, 2]


# Revisions


def test_what_is_expected_is_the_present_revision() -> None:
    brief = build.brief(revision=3)

    require_revision(brief, 3)
    require_revision(brief, None)
    require_revision(None, 0)
    require_revision(None, None)


@pytest.mark.parametrize(("stored", "expected"), [(3, 0), (3, 2), (3, 4), (None, 1)], ids=str)
def test_another_is_a_conflict(stored: int | None, expected: int) -> None:
    current = build.brief(revision=stored) if stored else None

    with pytest.raises(RevisionConflict) as raised:
        require_revision(current, expected)

    assert (raised.value.expected, raised.value.actual) == (expected, stored or 0)


# Records


@pytest.mark.parametrize(
    "record",
    [
        build.brief(),
        build.plan(),
        build.campaign(),
        build.draft(),
        build.result(),
        build.package(),
        JsonObject("{}"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_cannot_be_changed_nor_get_new_attributes(record: Any) -> None:
    for field in fields(record):
        with pytest.raises(AttributeError):
            setattr(record, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        setattr(record, "something_new", 1)  # noqa: B010 - unknown to the type
    hash(record)


# Errors


def test_errors_say_what_went_wrong() -> None:
    assert str(RevisionConflict(1, 2)) == "Expected revision 1, but the stored revision is 2."
    assert str(NotFound("brief", "brief_id", "x")) == "There is no brief with this key."
    assert "APPROVED" in str(InvalidTransition("strategy plan", "APPROVED", "PENDING"))
    assert str(ValidationFailed.at("version", "is taken")) == "is taken"
