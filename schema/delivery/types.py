"""Delivery packages as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Parent

from domain import delivery
from execution import SelectedField
from repositories.projections import Address, Part
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.delivery.archives import archive_url
from schema.delivery.lineage import stale
from schema.delivery.versions import (
    DeliveryPackageDiff,
    DeliveryPackageVersionConnection,
    diff,
    versions,
)
from schema.descriptions import URL
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, client_id, created_at, revision, updated_at
from schema.rendering import ProjectionBuilder

if TYPE_CHECKING:
    from schema.files.types import File
    from schema.history.types import EventConnection
    from schema.production.types import Draft


def _url() -> Any:
    def address(artifact: delivery.DeliveryArtifact, context: Context) -> str:
        if artifact.url is not None:
            return artifact.url
        assert artifact.file_id is not None
        return context.addresses.stable(artifact.file_id)

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        return [address(parent, info.context) for parent in parents]

    def resolve(parent: Parent[Any], info: Info) -> str:
        return address(parent, info.context)

    def part_of(_selected: SelectedField, _builder: ProjectionBuilder) -> Part:
        return Address(("file_id",), given="url")

    return strawberry.field(
        resolver=resolve,
        description=(
            f"Where it is. {URL} Of a file that is kept here it's the address that stays the same, "
            "for callers with credentials; `file { url }` is for whoever has it, for a short time."
        ),
        metadata=FieldResolution(resolve_batch=resolve_all, part_of=part_of).metadata,
    )


@strawberry.type(description="A file that the client gets.")
class DeliveryArtifact:
    position: int = strawberry.field(description="Its place among the package's: 0, 1, 2 …")
    name: str = strawberry.field(description="What it's called.")
    url: str = _url()
    format: str = strawberry.field(description="What it is, such as `pdf`.")
    file_id: strawberry.ID | None = strawberry.field(
        description="The key of the file, where it's kept here; null where it's elsewhere."
    )
    draft_revision: int | None = strawberry.field(
        description=(
            "The revision of the draft that it's made from; null where the draft wasn't there, or "
            "where that isn't known."
        )
    )
    qc_result_id: strawberry.ID | None = strawberry.field(
        description=(
            "The QC result that the draft had then; null where it had none, or where that isn't "
            "known."
        )
    )
    qc_revision: int | None = strawberry.field(
        description="The revision of that QC result; null without one."
    )
    file: Annotated[File, strawberry.lazy("schema.files.types")] | None = reference(
        "The file, where it's kept here; null where it's elsewhere, or isn't yours to see.",
        key="file_id",
        entity_type=Entities.files,
    )


@strawberry.type(description="What is delivered of a draft: the end of the pipeline.")
class DeliveryPackage(StoredEntity):
    record_type = delivery.DeliveryPackage

    package_id: strawberry.ID = strawberry.field(description="The business key of the package.")
    draft_id: strawberry.ID = strawberry.field(description="The draft that is delivered.")
    artifacts: list[DeliveryArtifact] = children(
        "The files that the client gets, in position order.",
        attribute="artifacts",
        key="package_id",
        loader=lambda loaders: loaders.delivery_packages.artifacts_by_package_id,
    )
    archive_url: str | None = archive_url()
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(delivery.ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: DeliveryPackage | None = as_of()
    is_stale: bool = stale()
    versions: DeliveryPackageVersionConnection = versions()
    diff: DeliveryPackageDiff | None = diff()
    draft: Annotated[Draft, strawberry.lazy("schema.production.types")] | None = reference(
        "The draft that is delivered; null when it isn't stored.",
        key="draft_id",
        entity_type=Entities.drafts,
    )
