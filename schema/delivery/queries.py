"""Reading delivery packages."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.delivery.inputs import DeliveryPackageFilter, DeliveryPackageOrder
from schema.delivery.types import DeliveryPackage
from schema.entities import DELIVERY_PACKAGES
from schema.pagination import After, Before, Connection, First, Last, connect


async def _delivery_package(
    info: Info,
    package_id: Annotated[strawberry.ID, strawberry.argument(description="The package's key.")],
) -> Any:
    return await info.context.loaders.delivery_packages.by_key.load(package_id)


async def _delivery_packages(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        DeliveryPackageFilter | None, strawberry.argument(description="Only packages that match.")
    ] = UNSET,
    order_by: Annotated[
        DeliveryPackageOrder | None,
        strawberry.argument(description="The order; newest first by default."),
    ] = UNSET,
) -> Any:
    packages = info.context.loaders.delivery_packages
    return await connect(
        DELIVERY_PACKAGES,
        load_page=packages.page.load,
        load_count=lambda wanted: packages.count.load((wanted,)),
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


@strawberry.type
class DeliveryQuery:
    delivery_package: DeliveryPackage | None = strawberry.field(
        resolver=_delivery_package,
        description="The delivery package with this key; null when there is none.",
    )
    delivery_packages: Connection[DeliveryPackage] = strawberry.field(
        resolver=_delivery_packages, description="All delivery packages, page by page."
    )
