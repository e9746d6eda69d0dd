"""Reading QC results."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.context import Info
from schema.errors import BadUserInput
from schema.lookups import Found, lookup
from schema.qc.evaluation import QcBenchmark
from schema.qc.types import QcResult
from schema.scopes import field_of, for_scope


def _qc_result(
    loaders: Loaders,
    result_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="The result's key.")
    ] = UNSET,
    draft_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="The draft that was checked.")
    ] = UNSET,
) -> Found:
    results = loaders.qc_results
    match tuple(None if value is UNSET else value for value in (result_id, draft_id)):
        case (str() as key, None):
            return results.by_key, key
        case (None, str() as draft):
            return results.by_draft_id, draft
        case _:
            raise BadUserInput("qcResult: give exactly one of resultId and draftId.")


async def _benchmarks(info: Info) -> Any:
    return info.context.evaluations.benchmarks


@strawberry.type
class QcQuery:
    qc_result: QcResult | None = lookup(
        _qc_result,
        "A QC result, by exactly one of `resultId` and `draftId`; null when there is none.",
        Scope.QC_READ,
    )
    qc_results: Connection[QcResult] = connection(
        Entities.qc_results, "All QC results, page by page."
    )
    qc_benchmarks: list[QcBenchmark] = field_of(
        for_scope(Scope.QC_READ, "All that `evaluateDraft` can check drafts for."),
        resolver=_benchmarks,
        graphql_type=list[QcBenchmark],
    )
