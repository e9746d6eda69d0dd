"""Delivery: packages of artifacts that go to the client."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain import validation as check
from domain.bulk import Bulk
from domain.entity import Owned, Reference


@dataclass(frozen=True, slots=True)
class DeliveryArtifact(check.RuledPart):
    rules = (
        check.TextRule("name", check.NAME_LENGTH),
        check.UrlRule("url"),
        check.TextRule("format", check.FORMAT_LENGTH),
    )

    name: str
    url: str
    format: str
    position: int = 0

    def at(self, position: int) -> "DeliveryArtifact":
        return DeliveryArtifact(self.name, self.url, self.format, position)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPackage(Owned):
    """A package of artifacts of a draft that goes to the client.

    It has `artifacts` in position order, or None where it was read without them.
    """

    entity_type: ClassVar[str] = "delivery_package"
    key_name: ClassVar[str] = "package_id"
    owner: ClassVar[Reference] = Reference("draft_id", "Draft")

    package_id: str
    draft_id: str
    artifacts: tuple[DeliveryArtifact, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDeliveryPackage:
    package_id: str | None = None
    draft_id: str
    artifacts: tuple[DeliveryArtifact, ...] = ()
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("package_id", self.package_id)
        yield from check.key("draft_id", self.draft_id)
        yield from check.items("artifacts", self.artifacts)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDeliveryPackages(Bulk[SaveDeliveryPackage]):
    unique: ClassVar[tuple[str, ...]] = ("package_id",)

    rows: tuple[SaveDeliveryPackage, ...]


def new_package(command: SaveDeliveryPackage, package_id: str, now: datetime) -> DeliveryPackage:
    """The package as the command describes it."""
    return DeliveryPackage(
        package_id=package_id,
        draft_id=command.draft_id,
        artifacts=tuple(item.at(position) for position, item in enumerate(command.artifacts)),
        created_at=now,
        updated_at=now,
    )
