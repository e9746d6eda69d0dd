"""Changing QC results."""

from __future__ import annotations

from typing import Any

import strawberry

from domain import qc
from domain.scopes import Scope
from orchestration.evaluations import Evaluated
from repositories.registry import Entities
from resolvers.qc import commands
from schema.bulk import BulkPayload, bulk_mutation, results
from schema.context import Context
from schema.errors import MutationError
from schema.mutations import (
    NULL,
    DeletePayload,
    Payload,
    deletion,
    entity,
    mutation,
    mutation_apart,
)
from schema.qc.evaluation import QcEvaluation
from schema.qc.inputs import (
    DeleteQcResultInput,
    EvaluateDraftInput,
    RecordQcResultInput,
    RecordQcResultsInput,
)
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


@strawberry.type(description="The outcome of `evaluateDraft`.")
class EvaluateDraftPayload(Payload):
    qc_result: QcResult | None = strawberry.field(
        description=f"The result as it is stored now; {NULL}."
    )
    evaluation: QcEvaluation | None = strawberry.field(
        description="The verdict with its parts; null when `errors` says why not."
    )


async def _evaluate(context: Context, command: qc.EvaluateDraft) -> Evaluated:
    return await context.evaluations.evaluate(context.caller, command)


async def _check(context: Context, command: qc.EvaluateDraft) -> Evaluated:
    return await context.evaluations.check(context.caller, command)


def _evaluated(evaluated: Evaluated | None, errors: list[MutationError]) -> Payload:
    found: Any = evaluated or (None, None)
    return EvaluateDraftPayload(evaluation=found[0], qc_result=found[1], errors=errors)


@strawberry.type
class QcMutation:
    evaluate_draft: EvaluateDraftPayload | None = mutation_apart(
        "Check a draft by the server's own benchmarks, against its brief, its plan and the "
        "client's latest drafts, and record the verdict as `recordQcResult` does. Each issue's "
        "reason is recorded with its hint and its benchmark. A draft passes with the score that "
        "the server requires and without a critical issue. With `validateOnly` it's checked, and "
        "nothing is recorded: agents may check their own drafts so.",
        _evaluated,
        EvaluateDraftInput,
        _evaluate,
        _check,
        scope=Scope.QC_WRITE,
        reads=(Scope.PRODUCTION_READ, Scope.STRATEGY_READ, Scope.ONBOARDING_READ),
        outcome="evaluated",
    )
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
