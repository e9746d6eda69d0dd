"""Reading runs."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.lookups import Found, lookup
from schema.workflow.types import Run


def _run(
    loaders: Loaders,
    run_id: Annotated[strawberry.ID, strawberry.argument(description="The run's key.")],
) -> Found:
    return loaders.runs.by_key, run_id


@strawberry.type
class WorkflowQuery:
    run: Run | None = lookup(
        _run, "The run with this key; null when there is none.", Scope.WORKFLOW_READ
    )
    runs: Connection[Run] = connection(
        Entities.runs, "All runs, page by page, also those that have ended."
    )
