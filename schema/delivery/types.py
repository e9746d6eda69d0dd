"""Delivery packages as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Parent

from domain import delivery
from schema.context import Info
from schema.node import StoredEntity, created_at, revision, updated_at

if TYPE_CHECKING:
    from schema.production.types import Draft


@strawberry.type(description="A file that the client gets.")
class DeliveryArtifact:
    position: int = strawberry.field(description="Its place among the package's: 0, 1, 2 …")
    name: str = strawberry.field(description="What it's called.")
    url: str = strawberry.field(description="Where it is: an absolute http, https, s3 or file URL.")
    format: str = strawberry.field(description="What it is, such as `pdf`.")


async def _artifacts(parent: Parent[delivery.DeliveryPackage], info: Info) -> Any:
    if parent.artifacts is not None:
        return parent.artifacts
    packages = info.context.loaders.delivery_packages
    return await packages.artifacts_by_package_id.load(parent.package_id)


async def _draft(parent: Parent[delivery.DeliveryPackage], info: Info) -> Any:
    return await info.context.loaders.drafts.by_key.load(parent.draft_id)


@strawberry.type(description="What is delivered of a draft: the end of the pipeline.")
class DeliveryPackage(StoredEntity):
    record_type = delivery.DeliveryPackage

    package_id: strawberry.ID = strawberry.field(description="The business key of the package.")
    draft_id: strawberry.ID = strawberry.field(description="The draft that is delivered.")
    artifacts: list[DeliveryArtifact] = strawberry.field(
        resolver=_artifacts, description="The files that the client gets, in position order."
    )
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    draft: Annotated[Draft, strawberry.lazy("schema.production.types")] | None = strawberry.field(
        resolver=_draft, description="The draft that is delivered; null when it isn't stored."
    )
