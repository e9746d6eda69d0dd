"""Reading transfers."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.lookups import Found, lookup
from schema.transfers.types import Export, Import


def _import(
    loaders: Loaders,
    import_id: Annotated[strawberry.ID, strawberry.argument(description="The import's key.")],
) -> Found:
    return loaders.imports.by_key, import_id


def _export(
    loaders: Loaders,
    export_id: Annotated[strawberry.ID, strawberry.argument(description="The export's key.")],
) -> Found:
    return loaders.exports.by_key, export_id


@strawberry.type
class TransfersQuery:
    import_: Import | None = lookup(
        _import, "The import with this key; null when there is none.", Scope.FILES_READ, "import"
    )
    imports: Connection[Import] = connection(
        Entities.imports, "All imports, page by page, also those that have ended."
    )
    export: Export | None = lookup(
        _export, "The export with this key; null when there is none.", Scope.FILES_READ
    )
    exports: Connection[Export] = connection(
        Entities.exports, "All exports, page by page, also those that have ended."
    )
