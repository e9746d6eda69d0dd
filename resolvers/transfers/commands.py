"""Starting and cancelling transfers; servers carry them out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain import transfers
from domain.callers import Caller
from domain.entity import require_revision
from domain.errors import NotAllowed, NotFound
from domain.scopes import Scope
from domain.transfers import CancelImport, Import, StartImport, TransferEntity, TransferState
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork

WRITE_SCOPES: Final[Mapping[TransferEntity, Scope]] = MappingProxyType(
    {
        TransferEntity.BRIEF: Scope.ONBOARDING_WRITE,
        TransferEntity.STRATEGY_PLAN: Scope.STRATEGY_WRITE,
        TransferEntity.CAMPAIGN: Scope.PRODUCTION_WRITE,
        TransferEntity.DRAFT: Scope.PRODUCTION_WRITE,
        TransferEntity.QC_RESULT: Scope.QC_WRITE,
        TransferEntity.DELIVERY_PACKAGE: Scope.DELIVERY_WRITE,
    }
)
"""What a caller needs to save entities of each kind."""


async def start_import(unit: UnitOfWork, command: StartImport) -> Import:
    """Raises ValidationFailed, NotFound, NotAllowed."""
    require_valid(command)
    _require_scope(unit.caller, Scope.FILES_READ, "file_id")
    _require_scope(unit.caller, WRITE_SCOPES[command.entity], "entity")
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
    if stored.state is TransferState.CANCELLED:
        return stored
    return await unit.imports.save(transfers.cancelled(stored, unit.now))


def _require_scope(caller: Caller, scope: Scope, field: str) -> None:
    if scope not in caller.scopes:
        raise NotAllowed(field, f"requires the scope `{scope}`")
