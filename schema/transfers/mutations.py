"""Starting and cancelling transfers."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from resolvers.transfers import commands
from schema.mutations import Payload, entity, mutation
from schema.transfers.inputs import CancelImportInput, StartImportInput
from schema.transfers.types import Import


@strawberry.type(description="The outcome of `startImport`.")
class StartImportPayload(Payload):
    import_: Import | None = entity("import")


@strawberry.type(description="The outcome of `cancelImport`.")
class CancelImportPayload(Payload):
    import_: Import | None = entity("import")


@strawberry.type
class TransfersMutation:
    start_import: StartImportPayload | None = mutation(
        "Save each line of a file of JSON Lines as an entity. A server does so step by step, in "
        "your name and with what you may do now; `importChanged` follows it. It also requires "
        "`files:read`, and the scope to save such entities, such as `production:write`.",
        StartImportPayload,
        StartImportInput,
        commands.start_import,
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
