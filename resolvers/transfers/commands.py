"""Starting and cancelling transfers; servers carry them out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from domain import transfers
from domain.actions import Situation
from domain.callers import Caller
from domain.entity import require_revision
from domain.errors import NotAllowed, NotFound
from domain.scopes import Scope, read_scope, write_scope
from domain.transfers import (
    CancelExport,
    CancelImport,
    Export,
    Import,
    StartExport,
    StartImport,
    TransferEntity,
    TransferStatus,
)
from domain.validation import require_valid
from repositories.registry import Entities, EntityType
from repositories.unit_of_work import UnitOfWork

ENTITIES: Final[Mapping[TransferEntity, EntityType[Any, Any]]] = MappingProxyType(
    {
        TransferEntity.BRIEF: Entities.briefs,
        TransferEntity.STRATEGY_PLAN: Entities.strategy_plans,
        TransferEntity.CAMPAIGN: Entities.campaigns,
        TransferEntity.DRAFT: Entities.drafts,
        TransferEntity.QC_RESULT: Entities.qc_results,
        TransferEntity.DELIVERY_PACKAGE: Entities.delivery_packages,
    }
)


async def start_import(unit: UnitOfWork, command: StartImport) -> Import:
    """Raises ValidationFailed, NotFound, NotAllowed."""
    require_valid(command)
    _require_scope(unit.caller, Scope.FILES_READ, "file_id")
    _require_scope(unit.caller, write_scope(ENTITIES[command.entity].module), "entity")
    # Whoever collects files waits for nobody who holds one, and sees the import afterwards.
    file = (await unit.files.hold([command.file_id])).get(command.file_id)
    if file is None:
        raise NotFound("file", "file_id", command.file_id)
    new = transfers.new_import(command, file, unit.new_key("import"), unit.caller.id, unit.now)
    started = await unit.imports.save(new)
    await unit.jobs.add(started.import_id, unit.caller, await unit.jobs.time(unit.now))
    return started


async def cancel_import(unit: UnitOfWork, command: CancelImport) -> Import:
    """It may be repeated.

    Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition.
    """
    require_valid(command)
    stored = await unit.imports.get_for_update(command.import_id)
    if stored is None:
        raise NotFound("import", "import_id", command.import_id)
    require_revision(stored, command.expected_revision)
    transfers.CANCEL_IMPORT.require(stored, Situation(unit.caller))
    if stored.status is TransferStatus.CANCELLED:
        return stored
    return await unit.imports.save(transfers.cancelled(stored, unit.now))


async def start_export(unit: UnitOfWork, command: StartExport) -> Export:
    """The filter was looked at before. Raises ValidationFailed, NotAllowed."""
    require_valid(command)
    _require_scope(unit.caller, read_scope(ENTITIES[command.entity].module), "entity")
    new = transfers.new_export(command, unit.new_key("export"), unit.caller.id, unit.now)
    started = await unit.exports.save(new)
    await unit.jobs.add(started.export_id, unit.caller, await unit.jobs.time(unit.now))
    return started


async def cancel_export(unit: UnitOfWork, command: CancelExport) -> Export:
    """It may be repeated.

    Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition.
    """
    require_valid(command)
    stored = await unit.exports.get_for_update(command.export_id)
    if stored is None:
        raise NotFound("export", "export_id", command.export_id)
    require_revision(stored, command.expected_revision)
    transfers.CANCEL_EXPORT.require(stored, Situation(unit.caller))
    if stored.status is TransferStatus.CANCELLED:
        return stored
    return await unit.exports.save(transfers.cancelled(stored, unit.now))


def _require_scope(caller: Caller, scope: Scope, field: str) -> None:
    if scope not in caller.scopes:
        raise NotAllowed(field, f"requires the scope `{scope}`")
