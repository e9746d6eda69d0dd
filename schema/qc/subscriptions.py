"""Following QC results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain import qc
from domain.scopes import Scope
from repositories.registry import Entities
from schema.changes import (
    FOLLOWED_KEY,
    IN_ORDER,
    AfterEvent,
    EntityChange,
    changed_entity,
    changed_key,
    changes_of,
)
from schema.context import Info
from schema.qc.types import QcResult
from schema.scopes import for_scope


@strawberry.type(description="A QC result was saved or deleted.")
class QcResultChange(EntityChange):
    result_id: strawberry.ID = changed_key("The business key of the result.")
    qc_result: QcResult | None = changed_entity(Entities.qc_results, QcResult, "result")


@strawberry.type
class QcSubscription:
    @strawberry.subscription(
        graphql_type=QcResultChange,
        **for_scope(Scope.QC_READ, f"The changes of a QC result. {IN_ORDER}"),
    )
    async def qc_result_changed(
        self,
        info: Info,
        result_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the result. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, qc.QcResult, result_id, after)
