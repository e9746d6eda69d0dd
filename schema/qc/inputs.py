"""Inputs for QC results: commands, filters and orders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry

from domain import qc
from domain.bulk import ErrorPolicy
from repositories.criteria import Direction
from repositories.registry import Entities
from schema.bulk import error_policy, rows
from schema.commands import command_input, deletion_of, expected_revision, optional, required
from schema.descriptions import ITEMS, KEY, KEYS, NAME, NO_GATE, REASON, UNCHECKED, describe_enum
from schema.filtering import (
    ALL_HOLD,
    BooleanFilter,
    DateTimeFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    NullableIDFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.qc.enums import QcSeverity


@command_input(qc.QcIssue, "Something that QC found wrong with a draft.")
class QcIssueInput:
    severity: QcSeverity = required("How bad it is.")
    section: str = required("Where in the draft.", NAME)
    reason: str = required("What is wrong.", REASON)
    hint: str | None = optional("What a writer can do about it.", REASON)
    benchmark_id: strawberry.ID | None = optional(
        "The benchmark that found it. It isn't checked whether `qcBenchmarks` has it.", KEY
    )


@command_input(
    qc.RecordQcResult,
    "A verdict on a draft, whole. It replaces the draft's present result, if any.",
)
class RecordQcResultInput:
    result_id: strawberry.ID | None = optional(
        "The key of the result. Left out, the draft's result keeps its own, or gets a new one; "
        "another one replaces the draft's result by a new one.",
        KEY,
    )
    draft_id: strawberry.ID = required(
        "The draft that was checked. It has one result, so you may repeat the request safely.",
        UNCHECKED,
        KEY,
    )
    passed: bool = required("Whether the draft passed.", NO_GATE)
    score: float = required("How good the draft is, from 0 to 1.")
    evaluated_at: datetime | None = optional("When the draft was checked; now by default.")
    issues: list[QcIssueInput] | None = optional(
        "What is wrong, in order; nothing by default.", ITEMS
    )
    expected_revision: int | None = optional(
        "The revision of the draft's present result that you last read, 0 when it should have "
        "none: the mutation fails when it differs. Left out, the latest wins. 0 or more.",
        "A repeat of a mutation that was stored fails, since the first one raised the revision.",
    )


@command_input(qc.RecordQcResults, "Verdicts on drafts.")
class RecordQcResultsInput:
    rows: list[RecordQcResultInput] = rows()
    error_policy: ErrorPolicy | None = error_policy()


@command_input(qc.EvaluateDraft, "Which draft to check, and for what.")
class EvaluateDraftInput:
    draft_id: strawberry.ID = required("The draft to check.", KEY)
    benchmark_ids: list[strawberry.ID] | None = optional(
        "Check for these of `qcBenchmarks`; for all of them by default.", KEYS
    )
    expected_revision: int | None = optional(
        "The revision of the draft's present result that you last read, 0 when it should have "
        "none: the mutation fails when it differs. Left out, the latest wins. 0 or more.",
    )


@command_input(deletion_of(Entities.qc_results), "Which result to delete.")
class DeleteQcResultInput:
    result_id: strawberry.ID = required("The result that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on QC results; {ALL_HOLD}")
class QcResultFilter:
    result_id: IDFilter | None = on("resultId")
    draft_id: IDFilter | None = on("draftId")
    passed: BooleanFilter | None = on("passed")
    score: FloatFilter | None = on("score")
    evaluated_at: DateTimeFilter | None = on("evaluatedAt")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[QcResultFilter] | None = all_of()
    or_: list[QcResultFilter] | None = any_of()
    not_: QcResultFilter | None = none_of()


class QcResultOrderField(StrEnum):
    RESULT_ID = "result_id"
    DRAFT_ID = "draft_id"
    PASSED = "passed"
    SCORE = "score"
    EVALUATED_AT = "evaluated_at"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    QcResultOrderField,
    "What QC results can be ordered by.",
    RESULT_ID="By `resultId`.",
    DRAFT_ID="By `draftId`.",
    PASSED="By `passed`: failed before passed when ascending.",
    SCORE="By `score`.",
    EVALUATED_AT="By `evaluatedAt`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of QC results.")
class QcResultOrder:
    field: QcResultOrderField = order_field()
    direction: Direction = order_direction()
