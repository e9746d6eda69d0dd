"""Following delivery packages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from domain.changes import Change
from domain.delivery import DeliveryPackage as Package
from schema.changes import ChangeKind
from schema.context import Info
from schema.delivery.types import DeliveryPackage


def _package_id(parent: Parent[Change]) -> strawberry.ID:
    return strawberry.ID(parent.key)


async def _delivery_package(parent: Parent[Change], info: Info) -> Any:
    if parent.kind is ChangeKind.DELETED:
        return None
    return await info.context.loaders.delivery_packages.by_key.load(parent.key)


@strawberry.type(description="A delivery package was saved or deleted.")
class DeliveryPackageChange:
    kind: ChangeKind = strawberry.field(description="What happened.")
    package_id: strawberry.ID = strawberry.field(
        resolver=_package_id, description="The package's business key."
    )
    delivery_package: DeliveryPackage | None = strawberry.field(
        resolver=_delivery_package,
        description=(
            "The package as it's stored when this is sent, which may be later than the change; "
            "null when it's deleted."
        ),
    )


@strawberry.type
class DeliverySubscription:
    @strawberry.subscription(
        graphql_type=DeliveryPackageChange,
        description=(
            "Each change of a delivery package from now on, sent after its commit. Of many changes "
            "at once a slow client may miss some, never the last."
        ),
    )
    async def delivery_package_changed(
        self,
        info: Info,
        package_id: Annotated[
            strawberry.ID,
            strawberry.argument(description="The package's key; it may not exist yet."),
        ],
    ) -> AsyncIterator[Any]:
        # No generator of its own: that would begin to watch when it's first asked for a change.
        return info.context.watch(Package, package_id)
