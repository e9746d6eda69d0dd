"""The ports of producers: what the pipeline asks of them, whoever they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.qc import QcSeverity


@dataclass(frozen=True, slots=True)
class OtherDraft:
    """Another draft of the same client, to compare with."""

    draft_id: str
    title: str
    body: str
    same_campaign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QcSubject:
    """A draft with all that it is checked against. It holds plain values, which can be pickled.

    `guidelines` are the brief's `brandGuidelines`. `brief` is all other text of the brief and of
    the plan; None where the brief isn't stored.
    """

    content_type: str
    title: str
    body: str
    metadata: Mapping[str, object]
    guidelines: Mapping[str, object]
    brief: str | None
    others: tuple[OtherDraft, ...]
    today: date


@dataclass(frozen=True, slots=True)
class QcBenchmark:
    """Something that drafts are checked for.

    `content_types` are those that it applies to, none: to all. `severity` is the highest that its
    issues have. `source` names the standard, the vendor's published limit, or our own rule.
    """

    benchmark_id: str
    name: str
    description: str
    content_types: tuple[str, ...]
    severity: QcSeverity
    source: str
    settings: str
    """The keys of the guidelines and of the draft that it obeys, in words; may be empty."""


@dataclass(frozen=True, slots=True)
class QcFinding:
    """An issue, with the benchmark that found it, and a hint that a writer can act on."""

    benchmark_id: str
    severity: QcSeverity
    section: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class QcEvaluation:
    """The outcome: `score` from 0 to 1, and findings, the most severe first.

    `checked` are the benchmarks that ran, `skipped` those that don't apply to the draft.
    """

    passed: bool
    score: float
    findings: tuple[QcFinding, ...]
    checked: tuple[str, ...]
    skipped: tuple[str, ...]


class QcEvaluator(Protocol):
    """Checks drafts. The same subject always gets the same evaluation."""

    @property
    def benchmarks(self) -> Sequence[QcBenchmark]:
        """All that it can check, in a fixed order."""
        ...

    async def evaluate(self, subject: QcSubject, benchmark_ids: Sequence[str]) -> QcEvaluation:
        """Check the draft for these benchmarks, which it has.

        It must be called outside of any transaction. Raises Unavailable or TimedOut.
        """
        ...
