"""Delivery: packages of artifacts that go to the client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, NamedTuple

from domain import validation as check
from domain.actions import Action
from domain.bulk import Bulk
from domain.entity import Owned, Reference, in_places
from domain.errors import ValidationFailed, Violation


class Lineage(NamedTuple):
    """What something is made from: a revision of a draft, and the QC result that the draft had."""

    draft_revision: int | None = None
    """None where there was no draft, or where it isn't known."""
    qc_result_id: str | None = None
    """None where there was no result, or where it isn't known."""
    qc_revision: int | None = None
    """That of the result; None without one."""


UNKNOWN: Final = Lineage()
LINEAGE: Final = Lineage._fields
"""The attributes of an artifact that are its lineage."""


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
        check.OptionalPositiveRule("draft_revision"),
        check.OptionalKeyRule("qc_result_id"),
        check.OptionalPositiveRule("qc_revision"),
        check.TogetherRule("qc_revision", "qc_result_id", "must be given with `qcResultId`"),
        check.TogetherRule("qc_result_id", "qc_revision", "must be given with `qcRevision`"),
    )

    name: str
    url: str | None = None
    """Where it is; None for a file that is kept here, whose address depends on who asks."""
    format: str
    position: int = 0
    file_id: str | None = None
    """The file that is kept here; None where it's elsewhere."""
    draft_revision: int | None = None
    """The revision of the draft that it's made from; None where it isn't known. What a save isn't
    told of these three it works out, see `domain/lineage.py`."""
    qc_result_id: str | None = None
    """The result that the draft had then; None where it had none, or where that isn't known."""
    qc_revision: int | None = None
    """The revision of that result."""

    def at(self, position: int) -> "DeliveryArtifact":
        return DeliveryArtifact(
            name=self.name,
            url=self.url,
            format=self.format,
            position=position,
            file_id=self.file_id,
            draft_revision=self.draft_revision,
            qc_result_id=self.qc_result_id,
            qc_revision=self.qc_revision,
        )

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.draft_revision, self.qc_result_id, self.qc_revision)


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
        found = [it.file_id for it in self.artifacts if it.file_id is not None]
        return tuple(dict.fromkeys(found))

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
        artifacts=in_places(command.artifacts),
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


ACTIONS: Final = (Action("saveDeliveryPackage"), Action("deleteDeliveryPackage"))
