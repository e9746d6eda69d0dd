"""Changing delivery packages."""

from collections.abc import Callable, Sequence
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
    require_files = await _files_required(unit, [command])
    require_files(command)
    return await unit.delivery_packages.save(_new_package(unit, command), command.expected_revision)


async def save_delivery_packages(
    unit: UnitOfWork, bulk: SaveDeliveryPackages
) -> Sequence[DeliveryPackage | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    return await save_rows(
        bulk, unit.delivery_packages, partial(_new_package, unit), partial(_files_required, unit)
    )


async def _files_required(
    unit: UnitOfWork, commands: Sequence[SaveDeliveryPackage]
) -> Callable[[SaveDeliveryPackage], None]:
    """What raises ValidationFailed for those of the commands whose files aren't there, or are
    another client's. The files stay as they are until the unit of work ends."""
    file_ids = dict.fromkeys(file_id for command in commands for file_id in command.file_ids)
    if not file_ids:
        return lambda _: None
    files = await unit.files.hold([*file_ids])
    clients = {file_id: file.client_id for file_id, file in files.items()}
    # The client whom a package will have: what is saved in a bulk can't be undone alone.
    having = [command.draft_id for command in commands if command.file_ids]
    drafts = await unit.drafts.get_many([*dict.fromkeys(having)])

    def require(command: SaveDeliveryPackage) -> None:
        delivery.require_files(command, clients)
        draft = drafts.get(command.draft_id)
        owner = None if draft is None else draft.client_id
        delivery.require_no_strangers(command, clients, owner)

    return require


def _new_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    package_id = command.package_id or unit.new_key("package")
    return delivery.new_package(command, package_id, unit.now)


async def delete_delivery_package(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.delivery_packages, command, "delivery package")
