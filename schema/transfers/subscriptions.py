"""Following transfers."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.transfers.types import Import


@strawberry.type(description="An import was started, has come further, or has ended.")
class ImportChange(EntityChange):
    import_id: strawberry.ID = changed_key("The business key of the import.")
    import_: Import | None = changed_entity(Entities.imports, Import, "import")


@strawberry.type
class TransfersSubscription:
    import_changed: ImportChange = changes(Entities.imports, ImportChange, "an import", "import")
