"""Delivery: packages of artifacts that go to the client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain import validation as check
from domain.bulk import Bulk
from domain.entity import Owned, Reference
from domain.errors import ValidationFailed, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryArtifact(check.RuledPart):
    """A file that the client gets: one that is kept here, or one that is elsewhere."""

    rules = (
        check.TextRule("name", check.NAME_LENGTH),
        check.EitherRule(
            "url",
            "file_id",
            absent="must be given where there is no `fileId`",
            both="must be left out where `fileId` is given",
        ),
        check.OptionalUrlRule("url"),
        check.TextRule("format", check.FORMAT_LENGTH),
        check.OptionalKeyRule("file_id"),
    )

    name: str
    url: str | None = None
    """Where it is; None for a file that is kept here, whose address depends on who asks."""
    format: str
    position: int = 0
    file_id: str | None = None
    """The file that is kept here; None where it's elsewhere."""

    def at(self, position: int) -> "DeliveryArtifact":
        if self.position == position:
            return self
        return DeliveryArtifact(
            name=self.name,
            url=self.url,
            format=self.format,
            position=position,
            file_id=self.file_id,
        )


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

    @property
    def file_ids(self) -> tuple[str, ...]:
        """The files that are kept here, each once."""
        found = (artifact.file_id for artifact in self.artifacts)
        return tuple(dict.fromkeys(file_id for file_id in found if file_id is not None))

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


def require_files(command: SaveDeliveryPackage, clients: Mapping[str, str | None]) -> None:
    """Raise ValidationFailed unless all files are among these, which have the clients' keys."""
    _require_each(command, "has to be the key of a file", lambda file_id: file_id in clients)


def require_no_strangers(
    command: SaveDeliveryPackage, clients: Mapping[str, str | None], client_id: str | None
) -> None:
    """Raise ValidationFailed where a package of a client has a file of another client."""
    if client_id is not None:
        _require_each(
            command,
            "is another client's",
            lambda file_id: clients[file_id] in (None, client_id),
        )


def _require_each(
    command: SaveDeliveryPackage, message: str, is_right: Callable[[str], bool]
) -> None:
    wrong = [
        Violation(("artifacts", index, "file_id"), message)
        for index, artifact in enumerate(command.artifacts)
        if artifact.file_id is not None and not is_right(artifact.file_id)
    ]
    if wrong:
        raise ValidationFailed(wrong)
