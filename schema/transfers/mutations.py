"""Starting and cancelling transfers."""

from __future__ import annotations

import strawberry

from domain import transfers
from domain.scopes import Scope
from domain.transfers import StartExport, StartImport
from domain.validation import require_valid
from resolvers.transfers import commands
from schema.context import Context
from schema.mutations import Payload, entity, mutation, mutation_apart
from schema.transfers.inputs import (
    CancelExportInput,
    CancelImportInput,
    StartExportInput,
    StartImportInput,
)
from schema.transfers.types import Export, Import


@strawberry.type(description="The outcome of `startImport`.")
class StartImportPayload(Payload):
    import_: Import | None = entity("import")


@strawberry.type(description="The outcome of `cancelImport`.")
class CancelImportPayload(Payload):
    import_: Import | None = entity("import")


@strawberry.type(description="The outcome of `startExport`.")
class StartExportPayload(Payload):
    export: Export | None = entity()


@strawberry.type(description="The outcome of `cancelExport`.")
class CancelExportPayload(Payload):
    export: Export | None = entity()


async def _start_import(
    context: Context, command: StartImport, *, rolls_back: bool = False
) -> transfers.Import:
    """Raises Unavailable, ValidationFailed, NotFound, NotAllowed."""
    context.require_transfers()
    return await context.write(
        lambda unit: commands.start_import(unit, command), rolls_back=rolls_back
    )


async def _validate_import(context: Context, command: StartImport) -> None:
    await _start_import(context, command, rolls_back=True)


async def _start_export(
    context: Context, command: StartExport, *, rolls_back: bool = False
) -> transfers.Export:
    """Raises Unavailable, ValidationFailed, also for the filter, and NotAllowed."""
    transfer_format = context.require_transfers()
    require_valid(command)
    transfer_format.criteria_of(command.entity, command.filter)
    return await context.write(
        lambda unit: commands.start_export(unit, command), rolls_back=rolls_back
    )


async def _validate_export(context: Context, command: StartExport) -> None:
    await _start_export(context, command, rolls_back=True)


@strawberry.type
class TransfersMutation:
    start_import: StartImportPayload | None = mutation_apart(
        "Save each line of a file of JSON Lines as an entity. A server does so step by step, in "
        "your name and with what you may do now; `importChanged` follows it. It also requires "
        "`files:read`, and the scope to save such entities, such as `production:write`.",
        StartImportPayload,
        StartImportInput,
        _start_import,
        _validate_import,
        scope=Scope.FILES_WRITE,
        outcome="import_",
    )
    cancel_import: CancelImportPayload | None = mutation(
        "Cancel an import that hasn't ended. What was saved stays, and the result file says what "
        "that is. It may be repeated.",
        CancelImportPayload,
        CancelImportInput,
        commands.cancel_import,
        scope=Scope.FILES_WRITE,
        outcome="import_",
    )
    start_export: StartExportPayload | None = mutation_apart(
        "Write a file of JSON Lines with a line for each entity that matches, as `startImport` "
        "takes it. A server does so step by step, with what you see; `exportChanged` follows it. "
        "It also requires the scope to read such entities, such as `production:read`.",
        StartExportPayload,
        StartExportInput,
        _start_export,
        _validate_export,
        scope=Scope.FILES_WRITE,
        outcome="export",
    )
    cancel_export: CancelExportPayload | None = mutation(
        "Cancel an export that hasn't ended. Its file has what was written before. It may be "
        "repeated.",
        CancelExportPayload,
        CancelExportInput,
        commands.cancel_export,
        scope=Scope.FILES_WRITE,
        outcome="export",
    )
