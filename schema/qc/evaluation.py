"""Evaluations of drafts, and what drafts are checked for, as clients see them."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import Parent

from orchestration.producers import ports
from schema.qc.enums import QcSeverity


def _benchmark_id(parent: Parent[Any]) -> strawberry.ID:
    return strawberry.ID(parent.benchmark_id)


def _checked(parent: Parent[ports.QcEvaluation]) -> list[strawberry.ID]:
    return list(map(strawberry.ID, parent.checked))


def _skipped(parent: Parent[ports.QcEvaluation]) -> list[strawberry.ID]:
    return list(map(strawberry.ID, parent.skipped))


@strawberry.type(description="Something that `evaluateDraft` checks drafts for.")
class QcBenchmark:
    benchmark_id: strawberry.ID = strawberry.field(
        resolver=_benchmark_id, description="Names it, the same on all servers of a version."
    )
    name: str = strawberry.field(description="Its name, for people.")
    description: str = strawberry.field(description="What a draft has that passes it.")
    content_types: list[str] = strawberry.field(
        description="The kinds of content that it's for; none: for all."
    )
    severity: QcSeverity = strawberry.field(description="How bad its issues are at most.")
    source: str = strawberry.field(
        description="The standard or the vendor's published limit that it goes by, or our own rule."
    )
    settings: str = strawberry.field(
        description=(
            "The keys of the brief's `brandGuidelines`, and of the draft, that it obeys; empty: "
            "none."
        )
    )


@strawberry.type(description="An issue that an evaluation found.")
class QcFinding:
    benchmark_id: strawberry.ID = strawberry.field(
        resolver=_benchmark_id, description="The benchmark that found it."
    )
    severity: QcSeverity = strawberry.field(description="How bad it is.")
    section: str = strawberry.field(
        description=(
            "Where in the draft: a heading, `Opening` before the first one, `Title`, `Subject`, "
            "`Preheader`, `Brand colours` or `Whole text`."
        )
    )
    reason: str = strawberry.field(description="What is wrong.")
    hint: str = strawberry.field(description="What a writer can do about it.")


@strawberry.type(description="The verdict on a draft by the server's own benchmarks.")
class QcEvaluation:
    passed: bool = strawberry.field(
        description="Whether the score suffices and nothing critical was found."
    )
    score: float = strawberry.field(description="How good the draft is, from 0 to 1.")
    findings: list[QcFinding] = strawberry.field(
        description="What is wrong, the most severe first."
    )
    checked_benchmark_ids: list[strawberry.ID] = strawberry.field(
        resolver=_checked, description="The benchmarks that the draft was checked for."
    )
    skipped_benchmark_ids: list[strawberry.ID] = strawberry.field(
        resolver=_skipped, description="Those that aren't for its content, or lack the brief."
    )
