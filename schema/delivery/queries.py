"""Reading delivery packages."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from schema.context import Info
from schema.delivery.types import DeliveryPackage
from schema.entities import DELIVERY_PACKAGES
from schema.pagination import Connection, connection
from schema.reads import BY_KEY


async def _delivery_package(
    info: Info,
    package_id: Annotated[strawberry.ID, strawberry.argument(description="The package's key.")],
) -> Any:
    return await info.context.loaders.delivery_packages.by_key.load(package_id)


@strawberry.type
class DeliveryQuery:
    delivery_package: DeliveryPackage | None = strawberry.field(
        resolver=_delivery_package,
        metadata=BY_KEY,
        description="The delivery package with this key; null when there is none.",
    )
    delivery_packages: Connection[DeliveryPackage] = connection(
        DELIVERY_PACKAGES, "All delivery packages, page by page."
    )
