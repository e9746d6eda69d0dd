"""A brief comes in, is normalised, and comes in again."""

from datetime import timedelta

import pytest

from domain.errors import NotFound, RevisionConflict, ValidationFailed
from domain.json_object import EMPTY_OBJECT, JsonObject
from domain.onboarding import BriefScope, BriefStage
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import BRIEF
from tests.support.commands import Commands
from tests.support.sources import START, SettableClock


async def test_an_intake_is_stored_as_it_came(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    brief = await commands.submit_intake(
        build.submit_intake(brief_id="brief-1", client_id="c", responses={"goal": "more"})
    )

    assert (brief.brief_id, brief.client_id, brief.stage) == ("brief-1", "c", BriefStage.INTAKE)
    assert brief.responses == JsonObject.of({"goal": "more"})
    assert (brief.submitted_at, brief.created_at, brief.updated_at) == (START, START, START)
    assert brief.revision == 1
    assert await BRIEF.load(repositories, "brief-1") == brief


async def test_an_intake_without_a_key_gets_one(
    repositories: Repositories, commands: Commands
) -> None:
    first = await commands.submit_intake(build.submit_intake(brief_id=None))
    second = await commands.submit_intake(build.submit_intake(brief_id=None))

    assert (first.brief_id, second.brief_id) == ("brief-new-1", "brief-new-2")
    assert await BRIEF.load(repositories, "brief-new-2") == second


async def test_an_intake_keeps_the_time_it_was_submitted_at(
    commands: Commands, clock: SettableClock
) -> None:
    earlier = START - timedelta(days=3)

    brief = await commands.submit_intake(build.submit_intake(submitted_at=earlier))

    assert (brief.submitted_at, brief.created_at) == (earlier, START)


async def test_normalising_sets_what_the_agency_understood(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    intake = await commands.submit_intake(build.submit_intake())
    later = clock.move(hours=1)

    brief = await commands.normalize_brief(
        build.normalize_brief(
            scope=BriefScope(("page",), ("print",), 4),
            objectives=("b", "a"),
            target_audience="bakers",
            brand_guidelines={"tone": "warm"},
        )
    )

    assert brief.stage is BriefStage.NORMALIZED
    assert brief.scope == BriefScope(("page",), ("print",), 4)
    assert (brief.objectives, brief.target_audience) == (("b", "a"), "bakers")
    assert brief.brand_guidelines == JsonObject.of({"tone": "warm"})
    assert (brief.normalized_at, brief.updated_at) == (later, later)
    assert (brief.responses, brief.submitted_at) == (intake.responses, intake.submitted_at)
    assert (brief.revision, brief.created_at) == (2, START)
    assert await BRIEF.load(repositories, "brief-1") == brief


async def test_normalising_may_be_repeated_and_replaces_what_it_had_set(
    commands: Commands, clock: SettableClock
) -> None:
    await commands.submit_intake(build.submit_intake())
    await commands.normalize_brief(build.normalize_brief())
    later = clock.move(hours=1)

    brief = await commands.normalize_brief(
        build.normalize_brief(
            scope=BriefScope(), objectives=(), target_audience="", brand_guidelines=None
        )
    )

    assert (brief.scope, brief.objectives, brief.target_audience) == (BriefScope(), (), "")
    assert (brief.brand_guidelines, brief.normalized_at) == (EMPTY_OBJECT, later)
    assert (brief.stage, brief.revision) == (BriefStage.NORMALIZED, 3)


async def test_another_intake_takes_a_brief_back_and_clears_what_normalising_set(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    await commands.submit_intake(build.submit_intake())
    await commands.normalize_brief(build.normalize_brief())
    later = clock.move(hours=1)

    brief = await commands.submit_intake(build.submit_intake(responses={"goal": "less"}))

    assert brief.stage is BriefStage.INTAKE
    assert (brief.scope, brief.objectives, brief.target_audience) == (None, (), None)
    assert (brief.brand_guidelines, brief.normalized_at) == (EMPTY_OBJECT, None)
    assert (brief.responses, brief.submitted_at) == (JsonObject.of({"goal": "less"}), later)
    assert (brief.revision, brief.created_at) == (3, START)
    assert await BRIEF.load(repositories, "brief-1") == brief


async def test_a_brief_that_is_not_there_cannot_be_normalised(
    repositories: Repositories, commands: Commands
) -> None:
    with pytest.raises(NotFound) as raised:
        await commands.normalize_brief(build.normalize_brief(expected_revision=1))

    assert (raised.value.field, raised.value.key) == ("brief_id", "brief-1")
    assert await BRIEF.load(repositories, "brief-1") is None


async def test_normalising_another_revision_than_expected_is_refused(
    repositories: Repositories, commands: Commands
) -> None:
    brief = await commands.submit_intake(build.submit_intake())

    with pytest.raises(RevisionConflict):
        await commands.normalize_brief(build.normalize_brief(expected_revision=2))

    assert await BRIEF.load(repositories, "brief-1") == brief


async def test_every_wrong_field_is_named_before_anything_is_looked_up(commands: Commands) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await commands.normalize_brief(
            build.normalize_brief(
                brief_id=" ", scope=BriefScope(("\x00",), (), 0), expected_revision=-1
            )
        )

    assert [violation.path for violation in raised.value.violations] == [
        ("brief_id",),
        ("scope", "deliverables", 0),
        ("scope", "timeline_weeks"),
        ("expected_revision",),
    ]
