"""Changing delivery packages."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.deletion import Delete
from domain.delivery import SaveDeliveryPackage
from resolvers.delivery import commands
from schema.commands import sent_as
from schema.context import Info
from schema.delivery.inputs import DeleteDeliveryPackageInput, SaveDeliveryPackageInput
from schema.delivery.types import DeliveryPackage
from schema.entities import DELIVERY_PACKAGES
from schema.mutations import DeletePayload, Payload, entity, run, run_delete


@strawberry.type(description="The outcome of `saveDeliveryPackage`.")
class SaveDeliveryPackagePayload(Payload):
    delivery_package: DeliveryPackage | None = entity()


@strawberry.type(description="The outcome of `deleteDeliveryPackage`.")
class DeleteDeliveryPackagePayload(DeletePayload):
    pass


@strawberry.type
class DeliveryMutation:
    @strawberry.mutation(description="Save a delivery package, new or in place of the stored one.")
    async def save_delivery_package(
        self, info: Info, input: Annotated[SaveDeliveryPackage, sent_as(SaveDeliveryPackageInput)]
    ) -> SaveDeliveryPackagePayload | None:
        return await run(
            info,
            SaveDeliveryPackagePayload,
            "delivery_package",
            commands.save_delivery_package,
            input,
            in_one_call=True,
        )

    @strawberry.mutation(
        description="Delete a delivery package with its artifacts. Its draft stays."
    )
    async def delete_delivery_package(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteDeliveryPackageInput)]
    ) -> DeleteDeliveryPackagePayload | None:
        return await run_delete(
            info,
            DeleteDeliveryPackagePayload,
            DELIVERY_PACKAGES,
            commands.delete_delivery_package,
            input,
        )
