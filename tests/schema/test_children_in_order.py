"""Children come back in the order they were given in, wherever they are met."""

import pytest

from tests import inputs
from tests.schema.types_under_test import DRAFT, PACKAGE, TypeUnderTest, every_parent
from tests.support.graphql import InProcess

GIVEN = ["C", "A", "B"]
IN_ORDER = [
    {"position": 0, "name": "C"},
    {"position": 1, "name": "A"},
    {"position": 2, "name": "B"},
]


def package_id(number: int) -> str:
    """Keys whose order isn't that of saving."""
    return f"package-{number * 37 % 50:02}"


@pytest.fixture
async def fifty_packages(api: InProcess) -> None:
    await DRAFT.put(api, "draft-1")
    for number in range(50):
        await PACKAGE.put(api, package_id(number), artifacts=inputs.artifacts(*GIVEN))


async def test_artifacts_of_a_package_alone(api: InProcess) -> None:
    saved = await PACKAGE.put(api, "package-1", artifacts=inputs.artifacts(*GIVEN))

    data = await api.ask(
        '{ deliveryPackage(packageId: "package-1") { artifacts { position name } } }'
    )

    assert [artifact["name"] for artifact in saved["artifacts"]] == GIVEN
    assert data["deliveryPackage"]["artifacts"] == IN_ORDER


@pytest.mark.usefixtures("fifty_packages")
async def test_artifacts_of_fifty_packages_at_once(api: InProcess) -> None:
    data = await api.ask(
        "{ deliveryPackages(first: 50) { nodes { artifacts { position name } } } }"
    )

    assert data["deliveryPackages"]["nodes"] == [{"artifacts": IN_ORDER}] * 50


@pytest.mark.usefixtures("fifty_packages")
async def test_artifacts_of_fifty_packages_nested_under_their_draft(api: InProcess) -> None:
    data = await api.ask(
        """{ draft(draftId: "draft-1") { deliveryPackages(first: 50) { nodes {
          artifacts { position name } } } } }"""
    )

    assert data["draft"]["deliveryPackages"]["nodes"] == [{"artifacts": IN_ORDER}] * 50


async def test_artifacts_saved_again_in_another_order(api: InProcess) -> None:
    await PACKAGE.put(api, "package-1", artifacts=inputs.artifacts("A", "B", "C", "D"))

    await PACKAGE.put(api, "package-1", artifacts=inputs.artifacts(*GIVEN))

    stored = await PACKAGE.get(api, "package-1")
    assert stored
    assert [(item["position"], item["name"]) for item in stored["artifacts"]] == [
        (0, "C"),
        (1, "A"),
        (2, "B"),
    ]


@every_parent
async def test_children_of_every_type_and_as_many_as_there_may_be(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    assert entity_type.children
    changes = {"budgetPercent": 0} if entity_type.children == "recommendations" else {}
    given = [entity_type.child(f"{number * 7 % 500}", **changes) for number in range(500)]

    await entity_type.put(api, "key", **{entity_type.children: given})

    stored = await entity_type.get(api, "key")
    assert stored
    assert stored[entity_type.children] == entity_type.stored(given)


async def test_the_same_child_twice_is_there_twice(api: InProcess) -> None:
    package = await PACKAGE.put(api, "package-1", artifacts=inputs.artifacts("A", "A"))

    assert package["artifacts"] == PACKAGE.stored(inputs.artifacts("A", "A"))
