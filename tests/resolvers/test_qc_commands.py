"""A draft has one result, whichever id that has."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import RevisionConflict, ValidationFailed
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import RESULT
from tests.support.commands import Commands
from tests.support.sources import START, SettableClock


async def _refused(commands: Commands, **changes: Any) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await commands.record_qc_result(build.record_result(**changes))
    assert [violation.path for violation in raised.value.violations] == [("result_id",)]


async def test_a_result_is_stored_as_it_is_given(
    repositories: Repositories, commands: Commands
) -> None:
    command = build.record_result(evaluated_at=START - timedelta(days=1))

    result = await commands.record_qc_result(command)

    assert (result.result_id, result.draft_id) == ("result-1", "draft-1")
    assert (result.passed, result.score) == (command.passed, command.score)
    assert result.evaluated_at == command.evaluated_at
    assert result.issues == tuple(
        replace(item, position=position) for position, item in enumerate(command.issues)
    )
    assert (result.revision, result.created_at, result.updated_at) == (1, START, START)
    assert await RESULT.load(repositories, "result-1") == result


async def test_a_result_is_evaluated_now_unless_it_says_when(
    commands: Commands, clock: SettableClock
) -> None:
    now = clock.move(hours=1)

    assert (await commands.record_qc_result(build.record_result())).evaluated_at == now


async def test_the_first_result_of_a_draft_gets_an_id(commands: Commands) -> None:
    result = await commands.record_qc_result(build.record_result(result_id=None))

    assert (result.result_id, result.revision) == ("qc-new-1", 1)


@pytest.mark.parametrize("result_id", [None, "result-1"])
async def test_the_result_of_a_draft_keeps_its_id(
    repositories: Repositories, commands: Commands, clock: SettableClock, result_id: str | None
) -> None:
    await commands.record_qc_result(build.record_result())
    later = clock.move(hours=1)

    result = await commands.record_qc_result(
        build.record_result(result_id=result_id, passed=True, score=1, issues=())
    )

    assert (result.result_id, result.revision) == ("result-1", 2)
    assert (result.passed, result.score, result.issues) == (True, 1.0, ())
    assert (result.created_at, result.updated_at) == (START, later)
    assert await RESULT.load(repositories, "result-1") == result


async def test_another_id_replaces_the_result_of_the_draft_issues_and_all(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    await commands.record_qc_result(build.record_result())
    await commands.record_qc_result(build.record_result())
    later = clock.move(hours=1)

    result = await commands.record_qc_result(
        build.record_result(result_id="result-2", issues=(build.issue("other"),))
    )

    assert (result.result_id, result.revision, result.created_at) == ("result-2", 3, later)
    assert await RESULT.load(repositories, "result-2") == result
    async with repositories.read() as snapshot:
        assert await snapshot.qc_results.get("result-1") is None
        assert await snapshot.qc_results.issues_by_result_id(["result-1"]) == {}
        assert await snapshot.qc_results.count(None) == 1


async def test_an_id_that_was_replaced_may_be_used_again_as_a_new_result(
    commands: Commands,
) -> None:
    for result_id in ("result-1", "result-1", "result-2"):
        await commands.record_qc_result(build.record_result(result_id=result_id))

    result = await commands.record_qc_result(build.record_result(result_id="result-1"))

    assert (result.result_id, result.revision) == ("result-1", 4)


@pytest.mark.parametrize("has_own", [True, False])
async def test_an_id_that_belongs_to_another_draft_is_refused(
    repositories: Repositories, commands: Commands, has_own: bool
) -> None:
    taken = await commands.record_qc_result(build.record_result())
    own = None
    if has_own:
        own = await commands.record_qc_result(
            build.record_result(result_id="result-2", draft_id="draft-2")
        )

    await _refused(commands, result_id="result-1", draft_id="draft-2")

    assert await RESULT.load(repositories, "result-1") == taken
    assert await RESULT.load(repositories, "result-2") == own


@pytest.mark.parametrize("result_id", [None, "result-1", "result-2"])
async def test_the_expected_revision_is_that_of_the_drafts_present_result(
    commands: Commands, result_id: str | None
) -> None:
    for _ in range(2):
        await commands.record_qc_result(build.record_result())

    for expected in (0, 1, 3):
        with pytest.raises(RevisionConflict) as raised:
            await commands.record_qc_result(
                build.record_result(result_id=result_id, expected_revision=expected)
            )
        assert (raised.value.expected, raised.value.actual) == (expected, 2)
    await commands.record_qc_result(build.record_result(result_id=result_id, expected_revision=2))


async def test_the_present_result_of_a_draft_without_one_has_revision_0(
    commands: Commands,
) -> None:
    with pytest.raises(RevisionConflict) as raised:
        await commands.record_qc_result(build.record_result(expected_revision=1))

    assert (raised.value.expected, raised.value.actual) == (1, 0)
    await commands.record_qc_result(build.record_result(expected_revision=0))


async def test_a_draft_whose_result_was_deleted_gets_a_new_one(commands: Commands) -> None:
    await commands.record_qc_result(build.record_result())
    await commands.delete(build.delete("result_id", "result-1"))

    result = await commands.record_qc_result(build.record_result(result_id=None))

    assert (result.result_id, result.revision) == ("qc-new-1", 2)


async def test_the_id_of_a_deleted_result_may_be_used_for_another_draft(
    commands: Commands,
) -> None:
    await commands.record_qc_result(build.record_result())
    await commands.delete(build.delete("result_id", "result-1"))

    result = await commands.record_qc_result(build.record_result(draft_id="draft-2"))

    assert (result.draft_id, result.revision) == ("draft-2", 2)


async def test_a_negative_zero_is_a_zero(repositories: Repositories, commands: Commands) -> None:
    result = await commands.record_qc_result(build.record_result(score=-0.0))

    assert str(result.score) == str((await RESULT.load(repositories, "result-1")).score) == "0.0"
