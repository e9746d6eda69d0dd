"""Reading delivery packages."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.delivery.types import DeliveryPackage
from schema.lookups import Found, lookup


def _delivery_package(
    loaders: Loaders,
    package_id: Annotated[strawberry.ID, strawberry.argument(description="The package's key.")],
) -> Found:
    return loaders.delivery_packages.by_key, package_id


@strawberry.type
class DeliveryQuery:
    delivery_package: DeliveryPackage | None = lookup(
        _delivery_package,
        "The delivery package with this key; null when there is none.",
        Scope.DELIVERY_READ,
    )
    delivery_packages: Connection[DeliveryPackage] = connection(
        Entities.delivery_packages, "All delivery packages, page by page."
    )
