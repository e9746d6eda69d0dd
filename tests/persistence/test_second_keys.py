"""A brief has one plan of each version, a draft has one QC result."""

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Unavailable
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import PLAN, RESULT, TypeUnderTest

PLAN_OF_BRIEF = build.plan("plan-1", brief_id="brief-1", version=1)
RESULT_OF_DRAFT = build.result("result-1", draft_id="draft-1")

VIOLATIONS = {
    "two plans of a version": (PLAN, PLAN_OF_BRIEF, replace(PLAN_OF_BRIEF, strategy_id="plan-2")),
    "a plan for another brief": (PLAN, PLAN_OF_BRIEF, replace(PLAN_OF_BRIEF, brief_id="brief-2")),
    "two results of a draft": (
        RESULT,
        RESULT_OF_DRAFT,
        replace(RESULT_OF_DRAFT, result_id="result-2"),
    ),
    "a result of another draft": (
        RESULT,
        RESULT_OF_DRAFT,
        replace(RESULT_OF_DRAFT, draft_id="draft-2"),
    ),
}

violations = pytest.mark.parametrize(
    ("entity_type", "stored", "violating"), VIOLATIONS.values(), ids=VIOLATIONS
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repositories.factory.random.uniform", lambda low, high: 0)


@violations
async def test_a_save_that_breaks_a_second_key_ends_as_unavailable(
    repositories: Repositories, entity_type: TypeUnderTest, stored: Any, violating: Any
) -> None:
    await entity_type.save(repositories, stored)

    with pytest.raises(Unavailable):
        await entity_type.save(repositories, violating)

    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).count(None) == 1
        assert await entity_type.load_many(snapshot, entity_type.key_of(stored)) == {
            entity_type.key_of(stored): stored
        }


@violations
async def test_nothing_is_stored_with_it_even_if_the_work_goes_on_as_if_nothing_were(
    repositories: Repositories, entity_type: TypeUnderTest, stored: Any, violating: Any
) -> None:
    await entity_type.save(repositories, stored)

    async def work(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("before"))
        with pytest.raises(Unavailable):
            await entity_type.of(unit).save(violating)

    with pytest.raises(Unavailable):
        await repositories.write(work)

    async with repositories.read() as snapshot:
        assert await snapshot.briefs.count(None) == 0


async def test_a_version_is_free_again_when_its_plan_changes_version(
    repositories: Repositories,
) -> None:
    moved, successor = replace(PLAN_OF_BRIEF, version=2), replace(PLAN_OF_BRIEF, strategy_id="new")
    await PLAN.save(repositories, PLAN_OF_BRIEF)

    await PLAN.save(repositories, moved, successor)

    assert await PLAN.load(repositories, "plan-1") == replace(moved, revision=2)
    assert await PLAN.load(repositories, "new") == successor


async def test_a_second_key_is_free_again_after_a_delete(repositories: Repositories) -> None:
    stored: Any
    for entity_type, stored in ((PLAN, PLAN_OF_BRIEF), (RESULT, RESULT_OF_DRAFT)):
        successor: Any = replace(stored, **{entity_type.key_name: "new"})
        await entity_type.save(repositories, stored)
        await entity_type.delete(repositories, entity_type.key_of(stored))

        await entity_type.save(repositories, successor)

        found = await entity_type.load(repositories, "new")
        assert replace(found, revision=1) == successor


async def test_plans_are_found_by_brief_and_version(repositories: Repositories) -> None:
    plans = {
        (brief_id, version): replace(
            PLAN_OF_BRIEF,
            strategy_id=f"{brief_id} {version}",
            brief_id=brief_id,
            version=version,
            recommendations=None,
        )
        for brief_id, version in [("a", 1), ("a", 2), ("b", 1), ("b", 3)]
    }
    await PLAN.save(repositories, *plans.values())

    async with repositories.read() as snapshot:
        found = await snapshot.strategy_plans.get_many_by_version(
            [("a", 2), ("b", 1), ("a", 3), ("b", 2), ("absent", 1), ("\x00", 1), ("\ud800", 1)]
        )
        nothing = await snapshot.strategy_plans.get_many_by_version([])

    assert found == {key: plans[key] for key in [("a", 2), ("b", 1)]}
    assert nothing == {}


async def test_results_are_found_by_draft(repositories: Repositories) -> None:
    results = {
        draft_id: build.result(f"result of {draft_id}", draft_id=draft_id, issues=None)
        for draft_id in "abc"
    }
    await RESULT.save(repositories, *results.values())

    async with repositories.read() as snapshot:
        found = await snapshot.qc_results.get_many_by_draft_id(
            ["c", "a", "absent", "\x00", "\udfff"]
        )
        nothing = await snapshot.qc_results.get_many_by_draft_id([])

    assert found == {draft_id: results[draft_id] for draft_id in "ac"}
    assert nothing == {}


async def test_the_last_version_is_the_highest_of_the_brief(repositories: Repositories) -> None:
    async def last_version(unit: UnitOfWork) -> list[int]:
        return [await unit.strategy_plans.last_version(brief) for brief in ("brief-1", "brief-2")]

    await PLAN.save(
        repositories,
        *(replace(PLAN_OF_BRIEF, strategy_id=f"v{n}", version=n) for n in (2, 11, 3)),
    )

    assert await repositories.write(last_version) == [11, 0]
