"""Following delivery packages."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.delivery.types import DeliveryPackage


@strawberry.type(description="A delivery package was saved or deleted.")
class DeliveryPackageChange(EntityChange):
    package_id: strawberry.ID = changed_key("The business key of the package.")
    delivery_package: DeliveryPackage | None = changed_entity(
        Entities.delivery_packages, DeliveryPackage, "package"
    )


@strawberry.type
class DeliverySubscription:
    delivery_package_changed: DeliveryPackageChange = changes(
        Entities.delivery_packages, DeliveryPackageChange, "a delivery package", "package"
    )
