"""Saving and deleting behave the same for all types of entities."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import NotFound, RevisionConflict, ValidationFailed
from domain.json_object import EMPTY_OBJECT
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    SAVED,
    TypeUnderTest,
)
from tests.support.commands import Commands
from tests.support.sources import START, SettableClock

Save = Callable[..., Awaitable[Any]]

every_type = pytest.mark.parametrize("entity_type", SAVED, ids=lambda entity_type: entity_type.name)


def _saving(commands: Commands, entity_type: TypeUnderTest) -> Save:
    """Saves with the changes that it's given; all else is complete and valid."""
    run, command = _SAVING[entity_type.name]
    return lambda **changes: getattr(commands, run)(command(**changes))


_SAVING: dict[str, tuple[str, Callable[..., Any]]] = {
    BRIEF.name: ("submit_intake", build.submit_intake),
    PLAN.name: ("save_strategy_plan", build.save_plan),
    CAMPAIGN.name: ("save_campaign", build.save_campaign),
    DRAFT.name: ("save_draft", build.save_draft),
    RESULT.name: ("record_qc_result", build.record_result),
    PACKAGE.name: ("save_delivery_package", build.save_package),
}


@every_type
async def test_the_same_input_twice_leaves_one_entity_at_revision_2(
    repositories: Repositories, commands: Commands, clock: SettableClock, entity_type: TypeUnderTest
) -> None:
    save = _saving(commands, entity_type)
    first = await save(**{entity_type.key_name: "key"})
    later = clock.move(hours=1)

    second = await save(**{entity_type.key_name: "key"})

    assert (first.revision, first.created_at, first.updated_at) == (1, START, START)
    assert (second.revision, second.created_at, second.updated_at) == (2, START, later)
    if entity_type.children:
        assert entity_type.children_of(second) == entity_type.children_of(first)
    assert await entity_type.load(repositories, "key") == second
    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).count(None) == 1


@every_type
async def test_a_key_is_made_for_what_comes_without_one(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    saved = await _saving(commands, entity_type)(**{entity_type.key_name: None})

    key = entity_type.key_of(saved)
    assert key.endswith("-new-1")
    assert await entity_type.load(repositories, key) == saved


@every_type
async def test_the_expected_revision_is_the_stored_one(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    save = _saving(commands, entity_type)
    await save(**{entity_type.key_name: "key"}, expected_revision=0)
    stored = await save(**{entity_type.key_name: "key"}, expected_revision=1)

    for expected in (0, 1, 3):
        with pytest.raises(RevisionConflict) as raised:
            await save(**{entity_type.key_name: "key"}, expected_revision=expected)
        assert (raised.value.expected, raised.value.actual) == (expected, 2)

    assert await entity_type.load(repositories, "key") == stored


@every_type
async def test_nothing_wrong_is_stored(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    for key in ("", " ", " key", "key\n", "k\x00", "\ud800", "k" * 201):
        with pytest.raises(ValidationFailed) as raised:
            await _saving(commands, entity_type)(**{entity_type.key_name: key})
        assert [violation.path for violation in raised.value.violations] == [
            (entity_type.key_name,)
        ]

    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).count(None) == 0


@every_type
async def test_updated_at_does_not_go_back_with_the_clock(
    commands: Commands, clock: SettableClock, entity_type: TypeUnderTest
) -> None:
    save = _saving(commands, entity_type)
    await save(**{entity_type.key_name: "key"})
    clock.move(hours=-1)

    saved = await save(**{entity_type.key_name: "key"})

    assert (saved.revision, saved.updated_at) == (2, START)


@every_type
async def test_deleting_gives_the_key(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    await _saving(commands, entity_type)(**{entity_type.key_name: "key"})

    deleted = await commands.delete(build.delete(entity_type.key_name, "key"))

    assert deleted == "key"
    assert await entity_type.load(repositories, "key") is None


@every_type
async def test_what_is_not_there_is_not_deleted(
    commands: Commands, entity_type: TypeUnderTest
) -> None:
    for expected in (None, 0, 1):
        with pytest.raises(NotFound) as raised:
            await commands.delete(
                build.delete(entity_type.key_name, "key", expected_revision=expected)
            )
        assert (raised.value.field, raised.value.key) == (entity_type.key_name, "key")


@every_type
async def test_another_revision_than_expected_is_not_deleted(
    repositories: Repositories, commands: Commands, entity_type: TypeUnderTest
) -> None:
    saved = await _saving(commands, entity_type)(**{entity_type.key_name: "key"})

    for expected in (0, 2):
        with pytest.raises(RevisionConflict) as raised:
            await commands.delete(
                build.delete(entity_type.key_name, "key", expected_revision=expected)
            )
        assert (raised.value.expected, raised.value.actual) == (expected, 1)
    assert await entity_type.load(repositories, "key") == saved

    await commands.delete(build.delete(entity_type.key_name, "key", expected_revision=1))


@every_type
async def test_a_wrong_key_is_not_looked_up(commands: Commands, entity_type: TypeUnderTest) -> None:
    for key in ("", "k\x00", "\udfff"):
        with pytest.raises(ValidationFailed) as raised:
            await commands.delete(build.delete(entity_type.key_name, key))
        assert [violation.path for violation in raised.value.violations] == [
            (entity_type.key_name,)
        ]


@every_type
async def test_saved_again_after_a_delete_it_is_new_but_for_its_revision(
    commands: Commands, clock: SettableClock, entity_type: TypeUnderTest
) -> None:
    save = _saving(commands, entity_type)
    await save(**{entity_type.key_name: "key"})
    await save(**{entity_type.key_name: "key"})
    await commands.delete(build.delete(entity_type.key_name, "key"))
    later = clock.move(hours=1)

    saved = await save(**{entity_type.key_name: "key"}, expected_revision=0)

    assert (saved.revision, saved.created_at, saved.updated_at) == (3, later, later)


async def test_a_save_is_a_replacement_and_not_a_patch(
    repositories: Repositories, commands: Commands, clock: SettableClock
) -> None:
    await commands.submit_intake(build.submit_intake(submitted_at=START - timedelta(days=9)))
    await commands.save_draft(build.save_draft())
    await commands.save_campaign(build.save_campaign())
    await commands.save_delivery_package(build.save_package())
    later = clock.move(hours=1)

    brief = await commands.submit_intake(build.submit_intake())
    draft = await commands.save_draft(build.save_draft(campaign_id=None, metadata=None))
    campaign = await commands.save_campaign(build.save_campaign(tactics=()))
    package = await commands.save_delivery_package(build.save_package(artifacts=()))

    assert brief.submitted_at == later
    assert (draft.campaign_id, draft.metadata) == (None, EMPTY_OBJECT)
    assert (campaign.tactics, package.artifacts) == ((), ())
    assert await DRAFT.load(repositories, "draft-1") == draft
    assert await CAMPAIGN.load(repositories, "campaign-1") == campaign
    assert await PACKAGE.load(repositories, "package-1") == package


async def test_references_may_change_and_need_not_lead_anywhere(
    repositories: Repositories, commands: Commands
) -> None:
    await commands.save_draft(build.save_draft())
    await commands.save_campaign(build.save_campaign())
    await commands.save_delivery_package(build.save_package())

    draft = await commands.save_draft(build.save_draft(strategy_id="x", campaign_id="y"))
    campaign = await commands.save_campaign(build.save_campaign(strategy_id="x"))
    package = await commands.save_delivery_package(build.save_package(draft_id="x"))

    assert (draft.strategy_id, draft.campaign_id) == ("x", "y")
    assert (campaign.strategy_id, package.draft_id) == ("x", "x")


async def test_what_refers_to_a_deleted_entity_stays(
    repositories: Repositories, commands: Commands
) -> None:
    await commands.submit_intake(build.submit_intake())
    kept: list[tuple[TypeUnderTest, Any]] = [
        (PLAN, await commands.save_strategy_plan(build.save_plan())),
        (CAMPAIGN, await commands.save_campaign(build.save_campaign())),
        (DRAFT, await commands.save_draft(build.save_draft())),
        (RESULT, await commands.record_qc_result(build.record_result())),
        (PACKAGE, await commands.save_delivery_package(build.save_package())),
    ]

    for deleted, key in [(BRIEF, "brief-1"), (PLAN, "plan-1"), (DRAFT, "draft-1")]:
        await commands.delete(build.delete(deleted.key_name, key))
        kept = [(entity_type, record) for entity_type, record in kept if entity_type is not deleted]
        for entity_type, record in kept:
            # It leads to no brief any more, and so belongs to no client.
            lost = replace(record, client_id=None)
            assert await entity_type.load(repositories, entity_type.key_of(record)) == lost
