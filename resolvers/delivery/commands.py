"""Changing delivery packages."""

from collections.abc import Mapping, Sequence

from domain import delivery
from domain.deletion import Delete
from domain.delivery import DeliveryPackage, SaveDeliveryPackage, SaveDeliveryPackages
from domain.errors import DomainError
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import Rows
from resolvers.deletion import delete_stored


async def save_delivery_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    clients: Mapping[str, str | None] = {}
    if command.file_ids:
        clients = await _clients_of(unit, command.file_ids)
        delivery.require_files(command, clients)
    saved = await unit.delivery_packages.save(
        _new_package(unit, command), command.expected_revision
    )
    delivery.require_no_strangers(command, clients, saved.client_id)
    return saved


async def save_delivery_packages(
    unit: UnitOfWork, bulk: SaveDeliveryPackages
) -> Sequence[DeliveryPackage | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    rows = Rows[SaveDeliveryPackage, DeliveryPackage](bulk)
    if file_ids := dict.fromkeys(file_id for row in rows.left for file_id in row.file_ids):
        clients = await _clients_of(unit, [*file_ids])
        rows.judge(lambda row: delivery.require_files(row, clients))
        # A row that is saved can't be undone alone, so its client is looked up before.
        drafts = await unit.drafts.get_many([row.draft_id for row in rows.left])
        owners = {draft_id: draft.client_id for draft_id, draft in drafts.items()}
        rows.judge(
            lambda row: delivery.require_no_strangers(row, clients, owners.get(row.draft_id))
        )
    left = rows.left
    await rows.save(
        unit.delivery_packages,
        [_new_package(unit, row) for row in left],
        [row.expected_revision for row in left],
    )
    return rows.outcomes


async def _clients_of(unit: UnitOfWork, file_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The clients of files that are stored, by the keys of the files, which stay as they are."""
    files = await unit.files.hold(file_ids)
    return {file_id: file.client_id for file_id, file in files.items()}


def _new_package(unit: UnitOfWork, command: SaveDeliveryPackage) -> DeliveryPackage:
    package_id = command.package_id or unit.new_key("package")
    return delivery.new_package(command, package_id, unit.now)


async def delete_delivery_package(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.delivery_packages, command, "delivery package")
