"""Changing QC results."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.qc import commands
from schema.bulk import BulkPayload, bulk_mutation, results
from schema.mutations import DeletePayload, Payload, deletion, entity, mutation
from schema.qc.inputs import DeleteQcResultInput, RecordQcResultInput, RecordQcResultsInput
from schema.qc.types import QcResult


@strawberry.type(description="The outcome of `recordQcResult`.")
class RecordQcResultPayload(Payload):
    qc_result: QcResult | None = entity()


@strawberry.type(description="The outcome of `deleteQcResult`.")
class DeleteQcResultPayload(DeletePayload):
    pass


@strawberry.type(description="The outcome of `recordQcResults`.")
class RecordQcResultsPayload(BulkPayload):
    results: list[RecordQcResultPayload] = results()


@strawberry.type
class QcMutation:
    record_qc_result: RecordQcResultPayload | None = mutation(
        "Record the verdict on a draft, in place of the draft's present one, if any.",
        RecordQcResultPayload,
        RecordQcResultInput,
        commands.record_qc_result,
        scope=Scope.QC_WRITE,
        outcome="qc_result",
    )
    record_qc_results: RecordQcResultsPayload | None = bulk_mutation(
        "Record the verdicts on many drafts in one step, each as `recordQcResult` does.",
        RecordQcResultsPayload,
        RecordQcResultPayload,
        RecordQcResultsInput,
        commands.record_qc_results,
        scope=Scope.QC_WRITE,
        outcome="qc_result",
    )
    delete_qc_result: DeleteQcResultPayload | None = deletion(
        "Delete a QC result and its issues. Its draft stays.",
        DeleteQcResultPayload,
        DeleteQcResultInput,
        commands.delete_qc_result,
        scope=Scope.QC_WRITE,
        entity_type=Entities.qc_results,
    )
