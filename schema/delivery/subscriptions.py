"""Following delivery packages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain import delivery
from domain.scopes import Scope
from repositories.registry import Entities
from schema.changes import (
    FOLLOWED_KEY,
    IN_ORDER,
    AfterEvent,
    EntityChange,
    changed_entity,
    changed_key,
    changes_of,
)
from schema.context import Info
from schema.delivery.types import DeliveryPackage
from schema.scopes import for_scope


@strawberry.type(description="A delivery package was saved or deleted.")
class DeliveryPackageChange(EntityChange):
    package_id: strawberry.ID = changed_key("The business key of the package.")
    delivery_package: DeliveryPackage | None = changed_entity(
        Entities.delivery_packages, DeliveryPackage, "package"
    )


@strawberry.type
class DeliverySubscription:
    @strawberry.subscription(
        graphql_type=DeliveryPackageChange,
        **for_scope(Scope.DELIVERY_READ, f"The changes of a delivery package. {IN_ORDER}"),
    )
    async def delivery_package_changed(
        self,
        info: Info,
        package_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the package. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, delivery.DeliveryPackage, package_id, after)
