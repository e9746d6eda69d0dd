"""QC results as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import qc
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.descriptions import NO_GATE
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, client_id, created_at, revision, updated_at
from schema.qc.enums import QcSeverity

if TYPE_CHECKING:
    from schema.history.types import EventConnection
    from schema.production.types import Draft


@strawberry.type(description="Something that QC found wrong with a draft.")
class QcIssue:
    position: int = strawberry.field(description="Its place among the result's: 0, 1, 2 …")
    severity: QcSeverity = strawberry.field(description="How bad it is.")
    section: str = strawberry.field(description="Where in the draft.")
    reason: str = strawberry.field(description="What is wrong.")
    hint: str | None = strawberry.field(
        description="What a writer can do about it; null when nobody said."
    )
    benchmark_id: strawberry.ID | None = strawberry.field(
        description="The benchmark that found it, see `qcBenchmarks`; null when nobody said."
    )


@strawberry.type(description="The verdict of quality control on a draft. A draft has one at most.")
class QcResult(StoredEntity):
    record_type = qc.QcResult

    result_id: strawberry.ID = strawberry.field(description="The business key of the result.")
    draft_id: strawberry.ID = strawberry.field(description="The draft that was checked.")
    passed: bool = strawberry.field(description=f"Whether the draft passed. {NO_GATE}")
    score: float = strawberry.field(description="How good the draft is, from 0 to 1.")
    evaluated_at: datetime = strawberry.field(description="When the draft was checked.")
    issues: list[QcIssue] = children(
        "What is wrong with the draft, in position order.",
        attribute="issues",
        key="result_id",
        loader=lambda loaders: loaders.qc_results.issues_by_result_id,
    )
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(qc.ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: QcResult | None = as_of()
    draft: Annotated[Draft, strawberry.lazy("schema.production.types")] | None = reference(
        "The draft that was checked; null when it isn't stored.",
        key="draft_id",
        entity_type=Entities.drafts,
    )
