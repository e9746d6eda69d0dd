"""Plans have versions, one of each for a brief; they are decided once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import InvalidTransition, NotFound, RevisionConflict, ValidationFailed
from domain.strategy import ApprovalState, StrategyPlan, StrategyTimeline
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import PLAN
from tests.support.commands import Commands
from tests.support.sources import START, SettableClock

PENDING, APPROVED, REJECTED = ApprovalState


async def _refused_at(commands: Commands, field: str, **changes: Any) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await commands.save_strategy_plan(build.save_plan(**changes))
    assert [violation.path for violation in raised.value.violations] == [(field,)]


async def _decided(commands: Commands, state: ApprovalState) -> StrategyPlan:
    """The stored plan-1, in that state."""
    plan = await commands.save_strategy_plan(build.save_plan())
    if state is APPROVED:
        return await commands.approve_strategy_plan(build.decide_plan())
    if state is REJECTED:
        return await commands.reject_strategy_plan(build.decide_plan())
    return plan


# Saving


async def test_a_plan_is_stored_as_it_is_given_and_pending(
    repositories: Repositories, commands: Commands
) -> None:
    command = build.save_plan()

    plan = await commands.save_strategy_plan(command)

    assert (plan.strategy_id, plan.brief_id) == ("plan-1", "brief-1")
    assert plan.executive_summary == command.executive_summary
    assert (plan.kpis, plan.timeline) == (command.kpis, command.timeline)
    assert plan.recommendations == tuple(
        replace(item, position=position) for position, item in enumerate(command.recommendations)
    )
    assert (plan.approval, plan.decided_by, plan.decided_at) == (PENDING, None, None)
    assert (plan.revision, plan.created_at, plan.updated_at) == (1, START, START)
    assert await PLAN.load(repositories, "plan-1") == plan


async def test_a_plan_without_a_key_gets_one(commands: Commands) -> None:
    plan = await commands.save_strategy_plan(build.save_plan(strategy_id=None))

    assert plan.strategy_id == "plan-new-1"


async def test_saving_a_plan_again_replaces_it(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    await commands.save_strategy_plan(build.save_plan())
    later = clock.move(hours=1)

    plan = await commands.save_strategy_plan(
        build.save_plan(
            executive_summary="", kpis=(), timeline=StrategyTimeline(1), recommendations=()
        )
    )

    assert (plan.executive_summary, plan.kpis, plan.recommendations) == ("", (), ())
    assert plan.timeline == StrategyTimeline(1)
    assert (plan.revision, plan.created_at, plan.updated_at) == (2, START, later)
    assert await PLAN.load(repositories, "plan-1") == plan


# Versions


async def test_new_plans_of_a_brief_get_the_next_versions(commands: Commands) -> None:
    versions = [
        (
            await commands.save_strategy_plan(build.save_plan(strategy_id=key, brief_id=brief))
        ).version
        for key, brief in [("a", "one"), ("b", "one"), ("c", "another"), ("d", "one")]
    ]

    assert versions == [1, 2, 1, 3]


async def test_the_next_version_follows_the_highest_whatever_is_missing_below(
    commands: Commands,
) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a", version=7))

    plan = await commands.save_strategy_plan(build.save_plan(strategy_id="b"))

    assert plan.version == 8


async def test_there_is_no_version_after_the_highest_number(commands: Commands) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a", version=2**31 - 1))

    await _refused_at(commands, "version", strategy_id="b")


async def test_a_stored_plan_keeps_its_version(commands: Commands) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a", version=4))
    await commands.save_strategy_plan(build.save_plan(strategy_id="b", version=9))

    plan = await commands.save_strategy_plan(build.save_plan(strategy_id="a"))

    assert (plan.version, plan.revision) == (4, 2)


async def test_a_stored_plan_may_move_to_a_version_that_is_free(
    repositories: Repositories, commands: Commands
) -> None:
    await commands.save_strategy_plan(build.save_plan(version=1))

    plan = await commands.save_strategy_plan(build.save_plan(version=5))

    assert (plan.version, plan.revision) == (5, 2)
    assert await PLAN.load(repositories, "plan-1") == plan


async def test_a_version_addresses_the_plan_that_holds_it(
    repositories: Repositories, commands: Commands
) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a", version=1))
    await commands.save_strategy_plan(build.save_plan(strategy_id="b", version=2))

    plan = await commands.save_strategy_plan(
        build.save_plan(strategy_id=None, version=1, executive_summary="new")
    )

    assert (plan.strategy_id, plan.version, plan.revision) == ("a", 1, 2)
    assert await PLAN.load(repositories, "a") == plan


async def test_a_version_that_nobody_holds_makes_a_new_plan(commands: Commands) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a", version=1))
    await commands.save_strategy_plan(build.save_plan(strategy_id="b", brief_id="other", version=5))

    plan = await commands.save_strategy_plan(build.save_plan(strategy_id=None, version=5))

    assert (plan.strategy_id, plan.version, plan.revision) == ("plan-new-1", 5, 1)


async def test_a_version_addresses_the_plan_also_for_what_is_expected_of_it(
    commands: Commands,
) -> None:
    await commands.save_strategy_plan(build.save_plan(version=1))

    with pytest.raises(RevisionConflict) as raised:
        await commands.save_strategy_plan(
            build.save_plan(strategy_id=None, version=1, expected_revision=0)
        )

    assert (raised.value.expected, raised.value.actual) == (0, 1)


@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_version_that_another_plan_holds_is_refused(
    repositories: Repositories, commands: Commands, is_stored: bool
) -> None:
    holder = await commands.save_strategy_plan(build.save_plan(strategy_id="holder", version=1))
    other = None
    if is_stored:
        other = await commands.save_strategy_plan(build.save_plan(strategy_id="other", version=2))

    await _refused_at(commands, "version", strategy_id="other", version=1)

    assert await PLAN.load(repositories, "holder") == holder
    assert await PLAN.load(repositories, "other") == other


async def test_a_plan_cannot_move_to_another_brief(
    repositories: Repositories, commands: Commands
) -> None:
    plan = await commands.save_strategy_plan(build.save_plan())

    await _refused_at(commands, "brief_id", brief_id="brief-2")

    assert await PLAN.load(repositories, "plan-1") == plan


async def test_a_plan_that_was_deleted_may_be_saved_for_another_brief(commands: Commands) -> None:
    await commands.save_strategy_plan(build.save_plan())
    await commands.delete(build.delete("strategy_id", "plan-1"))

    plan = await commands.save_strategy_plan(build.save_plan(brief_id="brief-2"))

    assert (plan.brief_id, plan.version, plan.revision) == ("brief-2", 1, 2)


async def test_the_version_of_a_deleted_plan_is_free_again(commands: Commands) -> None:
    await commands.save_strategy_plan(build.save_plan(strategy_id="a"))
    await commands.delete(build.delete("strategy_id", "a"))

    plan = await commands.save_strategy_plan(build.save_plan(strategy_id="b"))

    assert plan.version == 1


# Decisions


@pytest.mark.parametrize("state", [APPROVED, REJECTED])
async def test_a_pending_plan_is_decided(
    repositories: Repositories, commands: Commands, clock: SettableClock, state: ApprovalState
) -> None:
    before = await commands.save_strategy_plan(build.save_plan())
    later = clock.move(hours=1)
    decide = commands.approve_strategy_plan if state is APPROVED else commands.reject_strategy_plan

    plan = await decide(build.decide_plan(decided_by="Grace"))

    assert plan == replace(
        before,
        approval=state,
        decided_by="Grace",
        decided_at=later,
        updated_at=later,
        revision=2,
    )
    assert await PLAN.load(repositories, "plan-1") == plan


@pytest.mark.parametrize("target", [APPROVED, REJECTED])
@pytest.mark.parametrize("source", [APPROVED, REJECTED])
async def test_a_decided_plan_is_not_decided_again(
    repositories: Repositories, commands: Commands, source: ApprovalState, target: ApprovalState
) -> None:
    before = await _decided(commands, source)
    decide = commands.approve_strategy_plan if target is APPROVED else commands.reject_strategy_plan

    with pytest.raises(InvalidTransition) as raised:
        await decide(build.decide_plan(decided_by="Grace"))

    assert (raised.value.source, raised.value.target) == (source, target)
    assert await PLAN.load(repositories, "plan-1") == before


@pytest.mark.parametrize("state", [PENDING, REJECTED])
async def test_saving_a_plan_makes_it_pending_and_clears_the_decision(
    commands: Commands, state: ApprovalState
) -> None:
    before = await _decided(commands, state)

    plan = await commands.save_strategy_plan(build.save_plan())

    assert (plan.approval, plan.decided_by, plan.decided_at) == (PENDING, None, None)
    assert plan.revision == before.revision + 1


async def test_an_approved_plan_is_final(repositories: Repositories, commands: Commands) -> None:
    before = await _decided(commands, APPROVED)

    for changes in ({}, {"strategy_id": None, "version": before.version}):
        with pytest.raises(InvalidTransition) as raised:
            await commands.save_strategy_plan(build.save_plan(**changes))
        assert (raised.value.source, raised.value.target) == (APPROVED, PENDING)

    assert await PLAN.load(repositories, "plan-1") == before


async def test_an_approved_plan_may_be_deleted(
    repositories: Repositories, commands: Commands
) -> None:
    await _decided(commands, APPROVED)

    await commands.delete(build.delete("strategy_id", "plan-1"))

    assert await PLAN.load(repositories, "plan-1") is None


async def test_a_plan_that_is_not_there_is_not_decided(commands: Commands) -> None:
    for decide in (commands.approve_strategy_plan, commands.reject_strategy_plan):
        with pytest.raises(NotFound) as raised:
            await decide(build.decide_plan(expected_revision=3))
        assert (raised.value.field, raised.value.key) == ("strategy_id", "plan-1")


async def test_the_revision_is_checked_before_the_transition(commands: Commands) -> None:
    await _decided(commands, APPROVED)

    with pytest.raises(RevisionConflict) as raised:
        await commands.reject_strategy_plan(build.decide_plan(expected_revision=1))
    assert (raised.value.expected, raised.value.actual) == (1, 2)
    with pytest.raises(RevisionConflict):
        await commands.save_strategy_plan(build.save_plan(expected_revision=1))


async def test_what_is_stored_is_checked_after_the_whole_input(commands: Commands) -> None:
    await _decided(commands, APPROVED)

    await _refused_at(commands, "executive_summary", executive_summary="\x00", brief_id="brief-2")
    with pytest.raises(ValidationFailed):
        await commands.approve_strategy_plan(build.decide_plan(decided_by=" "))


async def test_updated_at_does_not_go_back_with_the_clock(
    commands: Commands, clock: SettableClock
) -> None:
    await commands.save_strategy_plan(build.save_plan())
    earlier = clock.move(hours=-1)

    plan = await commands.approve_strategy_plan(build.decide_plan())

    assert (plan.updated_at, plan.decided_at) == (earlier + timedelta(hours=1), earlier)
