"""Following transfers."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.transfers.types import Export, Import


@strawberry.type(description="An import was started, has come further, or has ended.")
class ImportChange(EntityChange):
    import_id: strawberry.ID = changed_key("The business key of the import.")
    import_: Import | None = changed_entity(Entities.imports, Import, "import")


@strawberry.type(description="An export was started, has come further, or has ended.")
class ExportChange(EntityChange):
    export_id: strawberry.ID = changed_key("The business key of the export.")
    export: Export | None = changed_entity(Entities.exports, Export, "export")


@strawberry.type
class TransfersSubscription:
    import_changed: ImportChange = changes(Entities.imports, ImportChange, "an import", "import")
    export_changed: ExportChange = changes(Entities.exports, ExportChange, "an export", "export")
