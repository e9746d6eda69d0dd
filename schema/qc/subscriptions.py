"""Following QC results."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.qc.types import QcResult


@strawberry.type(description="A QC result was saved or deleted.")
class QcResultChange(EntityChange):
    result_id: strawberry.ID = changed_key("The business key of the result.")
    qc_result: QcResult | None = changed_entity(Entities.qc_results, QcResult, "result")


@strawberry.type
class QcSubscription:
    qc_result_changed: QcResultChange = changes(
        Entities.qc_results, QcResultChange, "a QC result", "result"
    )
