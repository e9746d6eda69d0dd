"""Changing delivery packages."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.delivery import commands
from schema.bulk import BulkPayload, bulk_mutation, results
from schema.delivery.inputs import (
    DeleteDeliveryPackageInput,
    SaveDeliveryPackageInput,
    SaveDeliveryPackagesInput,
)
from schema.delivery.types import DeliveryPackage
from schema.mutations import DeletePayload, Payload, deletion, entity, mutation


@strawberry.type(description="The outcome of `saveDeliveryPackage`.")
class SaveDeliveryPackagePayload(Payload):
    delivery_package: DeliveryPackage | None = entity()


@strawberry.type(description="The outcome of `deleteDeliveryPackage`.")
class DeleteDeliveryPackagePayload(DeletePayload):
    pass


@strawberry.type(description="The outcome of `saveDeliveryPackages`.")
class SaveDeliveryPackagesPayload(BulkPayload):
    results: list[SaveDeliveryPackagePayload] = results()


@strawberry.type
class DeliveryMutation:
    save_delivery_package: SaveDeliveryPackagePayload | None = mutation(
        "Save a delivery package, new or in place of the stored one. The server refuses no package "
        "because of QC: the draft may have failed, or not be checked.",
        SaveDeliveryPackagePayload,
        SaveDeliveryPackageInput,
        commands.save_delivery_package,
        scope=Scope.DELIVERY_WRITE,
        outcome="delivery_package",
        single_statement=lambda command: not command.file_ids,
    )
    save_delivery_packages: SaveDeliveryPackagesPayload | None = bulk_mutation(
        "Save many delivery packages in one step, each as `saveDeliveryPackage` does.",
        SaveDeliveryPackagesPayload,
        SaveDeliveryPackagePayload,
        SaveDeliveryPackagesInput,
        commands.save_delivery_packages,
        scope=Scope.DELIVERY_WRITE,
        outcome="delivery_package",
        single_statement=lambda bulk: not any(row.file_ids for row in bulk.rows),
    )
    delete_delivery_package: DeleteDeliveryPackagePayload | None = deletion(
        "Delete a delivery package with its artifacts. Its draft stays.",
        DeleteDeliveryPackagePayload,
        DeleteDeliveryPackageInput,
        commands.delete_delivery_package,
        scope=Scope.DELIVERY_WRITE,
        entity_type=Entities.delivery_packages,
    )
