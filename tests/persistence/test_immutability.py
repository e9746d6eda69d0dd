"""Nothing done to what was saved or read changes what is stored."""

from contextlib import suppress
from dataclasses import FrozenInstanceError, fields
from typing import Any, cast

import pytest

from domain.delivery import DeliveryPackage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, DRAFT, PACKAGE, TypeUnderTest
from tests.support.commands import Commands


async def test_no_field_of_a_record_can_be_set(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))
    record = await entity_type.load(repositories, "key")

    for field in fields(record):
        with pytest.raises(FrozenInstanceError):
            setattr(record, field.name, None)


async def test_nothing_inside_a_record_can_be_changed(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    """Lists, dicts and sets have no hash."""
    saved = await entity_type.save(repositories, entity_type.record("key"))

    assert hash(saved) == hash(await entity_type.load(repositories, "key"))


async def test_changing_the_python_value_of_json_changes_nothing(
    repositories: Repositories,
) -> None:
    await BRIEF.save(repositories, build.brief("key"))
    await DRAFT.save(repositories, build.draft("key"))

    (await BRIEF.load(repositories, "key")).responses.to_python().clear()
    (await DRAFT.load(repositories, "key")).metadata.to_python()["tags"].append("more")

    assert await BRIEF.load(repositories, "key") == build.brief("key")
    assert await DRAFT.load(repositories, "key") == build.draft("key")


async def test_changing_what_a_command_was_made_of_changes_nothing(
    repositories: Repositories, commands: Commands
) -> None:
    responses: dict[str, Any] = {"goals": ["more bread sold"]}
    artifacts = [build.artifact("article")]
    await commands.submit_intake(build.submit_intake(brief_id="key", responses=responses))
    await commands.save_delivery_package(build.save_package(package_id="key", artifacts=artifacts))

    responses["goals"].append("less")
    artifacts.clear()

    brief = await BRIEF.load(repositories, "key")
    package = await PACKAGE.load(repositories, "key")
    assert brief.responses.to_python() == {"goals": ["more bread sold"]}
    assert package.artifacts == (build.artifact("article"),)


async def test_changing_the_results_of_a_read_changes_nothing(
    repositories: Repositories,
) -> None:
    await PACKAGE.save(repositories, build.package("key"))

    async with repositories.read() as snapshot:
        packages = snapshot.delivery_packages
        cast(dict[str, DeliveryPackage], await packages.get_many(["key"])).clear()
        cast(dict[str, Any], await packages.artifacts_by_package_id(["key"])).clear()
        cast(dict[str, Any], await packages.counts_by_draft_id(["draft-1"], None)).clear()

        assert await packages.get("key") is not None
        assert await PACKAGE.load_many(snapshot, "key") == {"key": build.package("key")}
        assert await packages.counts_by_draft_id(["draft-1"], None) == {"draft-1": 1}


async def test_a_snapshot_stores_nothing(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    """Its type offers no writing; who does it all the same gains nothing."""
    async with repositories.read() as snapshot:
        with suppress(RuntimeError):
            await entity_type.of(cast(UnitOfWork, snapshot)).save(entity_type.record("key"))

    assert await entity_type.load(repositories, "key") is None
