"""Many writers at once: no errors but those of the rules, no end state that no order explains."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import InvalidTransition, NotFound, RevisionConflict, ValidationFailed
from domain.qc import QcResult
from domain.strategy import ApprovalState, StrategyPlan
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    PACKAGE,
    PARENTS,
    PLAN,
    RESULT,
    RUN,
    TypeUnderTest,
)
from tests.support.commands import Commands
from tests.support.tasks import elsewhere, together

WRITERS = 32

SAVED_BY_COMMANDS = [it for it in PARENTS if it is not RUN]
"""Runs go on by steps of their own."""

every_parent = pytest.mark.parametrize(
    "entity_type", SAVED_BY_COMMANDS, ids=lambda entity_type: entity_type.name
)


def _mark(entity_type: TypeUnderTest, writer: int) -> dict[str, Any]:
    """The mark that tells a writer's entity and its children, 0 to 10, from all others."""
    children = tuple(entity_type.child(f"{writer} {n}", position=n) for n in range(writer % 11))
    field, value = {
        PLAN.name: ("executive_summary", str(writer)),
        CAMPAIGN.name: ("name", str(writer)),
        RESULT.name: ("score", writer / 100),
        PACKAGE.name: ("draft_id", str(writer)),
    }[entity_type.name]
    return {field: value, entity_type.children or "": children}


def _save(commands: Commands, entity_type: TypeUnderTest, writer: int, **changes: Any) -> Any:
    changes = _mark(entity_type, writer) | changes
    if entity_type is PLAN:
        return commands.save_strategy_plan(build.save_plan(**_affordable(changes)))
    if entity_type is CAMPAIGN:
        return commands.save_campaign(build.save_campaign(**changes))
    if entity_type is RESULT:
        return commands.record_qc_result(build.record_result(**changes))
    return commands.save_delivery_package(build.save_package(**changes))


def _affordable(changes: dict[str, Any]) -> dict[str, Any]:
    children = changes["recommendations"]
    return changes | {"recommendations": [replace(child, budget_percent=1) for child in children]}


def _is_whole(entity_type: TypeUnderTest, record: Any) -> bool:
    """Whether the entity and its children are of one and the same writer."""
    return any(
        all(getattr(record, field) == value for field, value in mark.items())
        for mark in (_affordable_mark(entity_type, writer) for writer in range(WRITERS))
    )


def _affordable_mark(entity_type: TypeUnderTest, writer: int) -> dict[str, Any]:
    mark = _mark(entity_type, writer)
    if entity_type is PLAN:
        mark["recommendations"] = tuple(
            replace(child, budget_percent=1.0) for child in mark["recommendations"]
        )
    return mark


def _types(outcomes: Sequence[object]) -> Counter[type]:
    return Counter(type(outcome) for outcome in outcomes)


# The same key


@every_parent
async def test_the_end_state_of_many_saves_is_exactly_one_writers(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    outcomes = await together(*(_save(commands, entity_type, writer) for writer in range(WRITERS)))

    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert errors == []
    stored = await entity_type.load(repositories, entity_type.key_of(outcomes[0]))
    assert stored.revision == WRITERS
    assert _is_whole(entity_type, stored)
    assert sorted(outcome.revision for outcome in outcomes) == [*range(1, WRITERS + 1)]
    assert stored == next(it for it in outcomes if it.revision == WRITERS)


@every_parent
@pytest.mark.parametrize("stored", [0, 1])
async def test_of_those_who_expect_the_same_revision_exactly_one_wins(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest, stored: int
) -> None:
    for _ in range(stored):
        await _save(commands, entity_type, 99)

    outcomes = await together(
        *(
            _save(commands, entity_type, writer, expected_revision=stored)
            for writer in range(WRITERS)
        )
    )

    winners = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, RevisionConflict)]
    assert (len(winners), len(conflicts)) == (1, WRITERS - 1)
    assert {(it.expected, it.actual) for it in conflicts} == {(stored, stored + 1)}
    assert await entity_type.load(repositories, entity_type.key_of(winners[0])) == winners[0]


async def test_what_is_read_for_update_is_not_changed_by_others(
    repositories: Repositories,
) -> None:
    await PACKAGE.save(repositories, build.package("key", draft_id="0"))

    async def count(unit: UnitOfWork) -> None:
        package = await unit.delivery_packages.get_for_update("key")
        assert package is not None
        await unit.delivery_packages.save(replace(package, draft_id=str(int(package.draft_id) + 1)))

    outcomes = await together(*(repositories.write(count) for _ in range(WRITERS)))

    assert outcomes == [None] * WRITERS
    assert (await PACKAGE.load(repositories, "key")).draft_id == str(WRITERS)


@every_parent
async def test_saves_raced_by_deletes_leave_a_whole_entity_or_none(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    key = entity_type.key_of(await _save(commands, entity_type, 0))
    command = build.delete(entity_type.key_name, key)

    outcomes = await together(
        *(
            _save(commands, entity_type, writer) if writer % 2 else commands.delete(command)
            for writer in range(WRITERS)
        )
    )

    unexpected = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound)
    ]
    assert unexpected == []
    stored = await entity_type.load(repositories, key)
    assert stored is None or _is_whole(entity_type, stored)
    async with repositories.read() as snapshot:
        assert set(await entity_type.load_children(snapshot, key)) <= ({key} if stored else set())


# QC results


async def _results(repositories: Repositories) -> list[QcResult]:
    """All of them, with their issues."""
    async with repositories.read() as snapshot:
        draft_ids = [f"draft {n}" for n in range(WRITERS)]
        by_draft = await snapshot.qc_results.get_many_by_draft_id(draft_ids)
        assert await snapshot.qc_results.count(None) == len(by_draft)
        keys = [result.result_id for result in by_draft.values()]
        return list((await RESULT.load_many(snapshot, *keys)).values())


async def test_a_draft_has_one_result_however_many_ids_it_is_recorded_with(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(
            _save(commands, RESULT, n, draft_id="draft 0", result_id=f"result {n}")
            for n in range(WRITERS)
        )
    )

    assert _types(outcomes) == {QcResult: WRITERS}
    (stored,) = await _results(repositories)
    assert stored in outcomes
    assert _is_whole(RESULT, stored)


async def test_a_draft_has_one_result_that_keeps_the_id_it_got_first(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(_save(commands, RESULT, n, draft_id="draft 0", result_id=None) for n in range(WRITERS))
    )

    assert _types(outcomes) == {QcResult: WRITERS}
    (stored,) = await _results(repositories)
    assert stored.revision == WRITERS
    assert {it.result_id for it in outcomes} == {stored.result_id}
    assert _is_whole(RESULT, stored)


async def test_an_id_goes_to_exactly_one_draft(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(
            _save(commands, RESULT, n, draft_id=f"draft {n}", result_id="the one")
            for n in range(WRITERS)
        )
    )

    assert _types(outcomes) == {QcResult: 1, ValidationFailed: WRITERS - 1}
    (stored,) = await _results(repositories)
    assert stored in outcomes
    assert _is_whole(RESULT, stored)


async def test_two_drafts_cannot_swap_their_ids(
    repositories: Repositories, commands: Commands
) -> None:
    for n in range(WRITERS):
        await _save(commands, RESULT, n, draft_id=f"draft {n}", result_id=f"result {n}")
    before = await _results(repositories)

    outcomes = await together(
        *(
            _save(commands, RESULT, 0, draft_id=f"draft {n}", result_id=f"result {n ^ 1}")
            for n in range(WRITERS)
        )
    )

    assert _types(outcomes) == {ValidationFailed: WRITERS}
    assert await _results(repositories) == before


async def test_an_id_that_is_given_up_is_taken_after_that_or_refused(
    repositories: Repositories, commands: Commands
) -> None:
    drafts = range(WRITERS // 2)
    for n in drafts:
        await _save(commands, RESULT, n, draft_id=f"draft {n}", result_id=f"old {n}")

    given_up = [
        _save(commands, RESULT, n, draft_id=f"draft {n}", result_id=f"new {n}") for n in drafts
    ]
    taken = [
        _save(commands, RESULT, n, draft_id=f"draft {n + WRITERS // 2}", result_id=f"old {n}")
        for n in drafts
    ]
    outcomes = await together(*given_up, *taken)

    assert _types(outcomes[: len(given_up)]) == {QcResult: len(given_up)}
    assert _types(outcomes[len(given_up) :]).keys() <= {QcResult, ValidationFailed}
    successes = [outcome for outcome in outcomes if isinstance(outcome, QcResult)]
    stored = await _results(repositories)
    assert sorted(it.result_id for it in stored) == sorted(it.result_id for it in successes)
    assert all(it in successes and _is_whole(RESULT, it) for it in stored)


# Strategy plans


async def test_plans_of_one_brief_get_each_version_once(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(
            commands.save_strategy_plan(build.save_plan(strategy_id=f"plan {n}"))
            for n in range(WRITERS)
        )
    )

    assert _types(outcomes) == {StrategyPlan: WRITERS}
    assert sorted(plan.version for plan in outcomes) == [*range(1, WRITERS + 1)]
    async with repositories.read() as snapshot:
        stored = await snapshot.strategy_plans.get_many_by_version(
            [("brief-1", version) for version in range(1, WRITERS + 1)]
        )
        assert await snapshot.strategy_plans.count(None) == WRITERS
    assert {version: plan.strategy_id for (_, version), plan in stored.items()} == {
        plan.version: plan.strategy_id for plan in outcomes
    }


async def test_a_version_goes_to_exactly_one_plan(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(_save(commands, PLAN, n, strategy_id=f"plan {n}", version=7) for n in range(WRITERS))
    )

    assert _types(outcomes) == {StrategyPlan: 1, ValidationFailed: WRITERS - 1}
    (winner,) = (outcome for outcome in outcomes if isinstance(outcome, StrategyPlan))
    assert await PLAN.load(repositories, winner.strategy_id) == winner


async def test_saves_of_a_version_all_go_to_the_plan_that_holds_it(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(_save(commands, PLAN, n, strategy_id=None, version=7) for n in range(WRITERS))
    )

    assert _types(outcomes) == {StrategyPlan: WRITERS}
    async with repositories.read() as snapshot:
        assert await snapshot.strategy_plans.count(None) == 1
    (key,) = {it.strategy_id for it in outcomes if isinstance(it, StrategyPlan)}
    stored = await PLAN.load(repositories, key)
    assert stored.revision == WRITERS
    assert _is_whole(PLAN, stored)


async def test_a_plan_is_approved_before_a_save_or_after_it(
    repositories: Repositories, commands: Commands
) -> None:
    keys = [f"plan {n}" for n in range(WRITERS // 2)]
    for key in keys:
        await commands.save_strategy_plan(build.save_plan(strategy_id=key, brief_id=key))

    outcomes = await together(
        *(commands.approve_strategy_plan(build.decide_plan(strategy_id=key)) for key in keys),
        *(
            commands.save_strategy_plan(
                build.save_plan(strategy_id=key, brief_id=key, executive_summary="saved later")
            )
            for key in keys
        ),
    )

    assert _types(outcomes[: len(keys)]) == {StrategyPlan: len(keys)}
    for key, saved in zip(keys, outcomes[len(keys) :], strict=True):
        stored = await PLAN.load(repositories, key)
        observable = (type(saved), stored.approval, stored.revision, stored.executive_summary)
        assert observable in [
            (StrategyPlan, ApprovalState.APPROVED, 3, "saved later"),
            (InvalidTransition, ApprovalState.APPROVED, 2, "Bread, but online."),
        ]


async def test_a_plan_is_decided_exactly_once(
    repositories: Repositories, commands: Commands
) -> None:
    keys = [f"plan {n}" for n in range(WRITERS // 4)]
    for key in keys:
        await commands.save_strategy_plan(build.save_plan(strategy_id=key, brief_id=key))

    outcomes = await together(
        *(
            decide(build.decide_plan(strategy_id=key, decided_by=by))
            for decide, by in [
                (commands.approve_strategy_plan, "Ada"),
                (commands.reject_strategy_plan, "Grace"),
                (commands.reject_strategy_plan, "Edsger"),
                (commands.approve_strategy_plan, "Barbara"),
            ]
            for key in keys
        )
    )

    assert _types(outcomes) == {StrategyPlan: len(keys), InvalidTransition: 3 * len(keys)}
    for winner in outcomes:
        if isinstance(winner, StrategyPlan):
            assert winner.revision == 2
            assert await PLAN.load(repositories, winner.strategy_id) == winner


# Different keys


async def test_different_keys_of_all_types_do_not_get_into_each_others_way(
    repositories: Repositories, commands: Commands
) -> None:
    outcomes = await together(
        *(
            save
            for n in range(WRITERS)
            for save in (
                _save(commands, RESULT, n, draft_id=f"draft {n}", result_id=f"result {n}"),
                _save(commands, PLAN, n, brief_id=f"brief {n % 4}", strategy_id=f"plan {n}"),
                _save(commands, PACKAGE, n, package_id=f"package {n}"),
            )
        )
    )

    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert errors == []
    async with repositories.read() as snapshot:
        for entity_type in (RESULT, PLAN, PACKAGE):
            assert await entity_type.reads_of(snapshot).count(None) == WRITERS


async def test_writers_that_lock_each_other_out_both_succeed(postgresql_url: str) -> None:
    database = open_database(postgresql_url, pool_size=2)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    has_first_lock = {"a": asyncio.Event(), "b": asyncio.Event()}

    async def lock_both(first: str, second: str) -> None:
        async def work(unit: UnitOfWork) -> None:
            await unit.briefs.save(build.brief(first))
            has_first_lock[first].set()
            await has_first_lock[second].wait()
            await unit.briefs.save(build.brief(second))

        await repositories.write(work)

    await asyncio.gather(elsewhere(lock_both("a", "b")), elsewhere(lock_both("b", "a")))

    assert (await BRIEF.load(repositories, "a")).revision == 2
    assert (await BRIEF.load(repositories, "b")).revision == 2
    await database.close()
