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
    clients = {}
    if command.file_ids:
        files = await unit.files.hold(command.file_ids)
        clients = {file_id: file.client_id for file_id, file in files.items()}
        delivery.require_files(command, clients)
    package_id = command.package_id or unit.new_key("package")
    package = delivery.new_package(command, package_id, unit.now)
    saved = await unit.delivery_packages.save(package, command.expected_revision)
    delivery.require_no_strangers(command, clients, saved.client_id)
    return saved


async def delete_delivery_package(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.delivery_packages, command, "delivery package")
