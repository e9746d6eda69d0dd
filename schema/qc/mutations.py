"""Changing QC results."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.deletion import Delete
from domain.qc import RecordQcResult
from resolvers.qc import commands
from schema.commands import sent_as
from schema.context import Info
from schema.entities import QC_RESULTS
from schema.mutations import DeletePayload, Payload, entity, run, run_delete
from schema.qc.inputs import DeleteQcResultInput, RecordQcResultInput
from schema.qc.types import QcResult


@strawberry.type(description="The outcome of `recordQcResult`.")
class RecordQcResultPayload(Payload):
    qc_result: QcResult | None = entity()


@strawberry.type(description="The outcome of `deleteQcResult`.")
class DeleteQcResultPayload(DeletePayload):
    pass


@strawberry.type
class QcMutation:
    @strawberry.mutation(
        description="Record the verdict on a draft, in place of the draft's present one, if any."
    )
    async def record_qc_result(
        self, info: Info, input: Annotated[RecordQcResult, sent_as(RecordQcResultInput)]
    ) -> RecordQcResultPayload | None:
        return await run(info, RecordQcResultPayload, "qc_result", commands.record_qc_result, input)

    @strawberry.mutation(description="Delete a QC result and its issues. Its draft stays.")
    async def delete_qc_result(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteQcResultInput)]
    ) -> DeleteQcResultPayload | None:
        return await run_delete(
            info, DeleteQcResultPayload, QC_RESULTS, commands.delete_qc_result, input
        )
