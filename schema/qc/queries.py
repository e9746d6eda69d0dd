"""Reading QC results."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.entities import QC_RESULTS
from schema.errors import BadUserInput
from schema.pagination import Connection, connection
from schema.qc.types import QcResult


async def _qc_result(
    info: Info,
    result_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="The result's key.")
    ] = UNSET,
    draft_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="The draft that was checked.")
    ] = UNSET,
) -> Any:
    results = info.context.loaders.qc_results
    match tuple(None if value is UNSET else value for value in (result_id, draft_id)):
        case (str() as key, None):
            return await results.by_key.load(key)
        case (None, str() as draft):
            return await results.by_draft_id.load(draft)
        case _:
            raise BadUserInput("qcResult: give exactly one of resultId and draftId.")


@strawberry.type
class QcQuery:
    qc_result: QcResult | None = strawberry.field(
        resolver=_qc_result,
        description=(
            "A QC result, by exactly one of `resultId` and `draftId`; null when there is none."
        ),
    )
    qc_results: Connection[QcResult] = connection(QC_RESULTS, "All QC results, page by page.")
