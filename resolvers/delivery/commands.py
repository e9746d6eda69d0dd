"""Changing delivery packages."""

from domain import delivery
from domain.deletion import Delete
from domain.delivery import DeliveryPackage, SaveDeliveryPackage
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.deletion import delete_stored


async def save_delivery_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    package_id = command.package_id or unit.new_key("package")
    package = delivery.new_package(command, package_id, unit.now)
    return await unit.delivery_packages.save(package, command.expected_revision)


async def delete_delivery_package(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.delivery_packages, command, "delivery package")
