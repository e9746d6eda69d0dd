"""Changing delivery packages."""

from collections.abc import Sequence
from functools import partial

from domain import delivery
from domain.deletion import Delete
from domain.delivery import DeliveryPackage, SaveDeliveryPackage, SaveDeliveryPackages
from domain.errors import DomainError
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import save_rows
from resolvers.deletion import delete_stored


async def save_delivery_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    package = _new_package(unit, command)
    return await unit.delivery_packages.save(package, command.expected_revision)


async def save_delivery_packages(
    unit: UnitOfWork, bulk: SaveDeliveryPackages
) -> Sequence[DeliveryPackage | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    return await save_rows(bulk, unit.delivery_packages, partial(_new_package, unit))


def _new_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    package_id = command.package_id or unit.new_key("package")
    return delivery.new_package(command, package_id, unit.now)


async def delete_delivery_package(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.delivery_packages, command, "delivery package")
