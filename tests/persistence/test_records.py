"""Records that are made of rows are like those that their class makes."""

from dataclasses import FrozenInstanceError

import pytest

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.records import constructor
from tests.support.sources import START

ATTRIBUTES = {"package_id": "p", "draft_id": "d", "created_at": START, "updated_at": START}


def test_they_are_equal_and_of_the_class() -> None:
    made = constructor(DeliveryPackage)(**ATTRIBUTES, revision=3)  # type: ignore[arg-type]

    assert type(made) is DeliveryPackage
    assert made == DeliveryPackage(**ATTRIBUTES, revision=3)  # type: ignore[arg-type]


def test_what_is_left_out_has_its_default() -> None:
    made = constructor(DeliveryArtifact)(name="n", url="https://files.example", format="pdf")

    assert made.position == 0


def test_what_has_no_default_can_not_be_left_out() -> None:
    with pytest.raises(TypeError, match="format"):
        constructor(DeliveryArtifact)(name="n", url="https://files.example")  # type: ignore[call-arg]


def test_they_can_not_be_changed() -> None:
    made = constructor(DeliveryArtifact)(name="n", url="https://files.example", format="pdf")

    with pytest.raises(FrozenInstanceError):
        made.name = "other"  # type: ignore[misc]
