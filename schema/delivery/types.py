"""Delivery packages as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import delivery
from repositories.registry import Entities
from schema.descriptions import URL
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, client_id, created_at, revision, updated_at

if TYPE_CHECKING:
    from schema.history.types import EventConnection
    from schema.production.types import Draft


@strawberry.type(description="A file that the client gets.")
class DeliveryArtifact:
    position: int = strawberry.field(description="Its place among the package's: 0, 1, 2 …")
    name: str = strawberry.field(description="What it's called.")
    url: str = strawberry.field(description=f"Where it is. {URL}")
    format: str = strawberry.field(description="What it is, such as `pdf`.")


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
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: DeliveryPackage | None = as_of()
    draft: Annotated[Draft, strawberry.lazy("schema.production.types")] | None = reference(
        "The draft that is delivered; null when it isn't stored.",
        key="draft_id",
        entity_type=Entities.drafts,
    )
