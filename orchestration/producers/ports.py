"""The ports of producers: what the pipeline asks of them, whoever they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.errors import DomainError
from domain.onboarding import Brief, NormalizeBrief
from domain.production import Campaign, Draft, SaveCampaign, SaveDraft, Tactic
from domain.qc import QcResult, QcSeverity
from domain.strategy import SaveStrategyPlan, StrategyPlan


class ProducerFailed(DomainError):
    """A producer can't do what it was asked for, and wouldn't the next time."""


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


class StrategyGenerator(Protocol):
    """Understands briefs and plans for them. Its commands are valid, and name no key of their own.

    Its methods must be called outside of any transaction. They raise Unavailable, TimedOut or
    ProducerFailed.
    """

    async def normalize(self, brief: Brief) -> NormalizeBrief:
        """What the brief says, of its responses."""
        ...

    async def plan(self, brief: Brief, channels: Sequence[str]) -> SaveStrategyPlan:
        """A plan for a brief that is normalised, of these channels; none: of those that fit."""
        ...

    async def campaign(self, brief: Brief, plan: StrategyPlan) -> SaveCampaign:
        """The campaign that carries the plan out, with at least one tactic. The plan has its
        recommendations."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSubject:
    """What a draft is written from. The plan and the campaign have their children."""

    brief: Brief
    plan: StrategyPlan
    campaign: Campaign
    tactic: Tactic
    previous: Draft | None = None
    """The draft that didn't pass, which is to be written anew."""
    verdict: QcResult | None = None
    """Why it didn't, with its issues."""


class DraftGenerator(Protocol):
    """Writes drafts for the tactics of campaigns. Its commands are valid."""

    async def write(self, subject: DraftSubject) -> SaveDraft:
        """The draft of the tactic; it names the plan, the campaign and no key of its own.

        It must be called outside of any transaction. Raises Unavailable, TimedOut or
        ProducerFailed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSubject:
    """What goes to the client. All records have their children."""

    brief: Brief
    plan: StrategyPlan
    campaign: Campaign
    draft: Draft
    verdict: QcResult | None


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package: its name with an ending, its media type, and its bytes."""

    name: str
    media_type: str
    format: str
    """The artifact's format, such as `pdf`."""
    content: bytes


class Packager(Protocol):
    """Makes the documents that a client gets."""

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        """The files of the package, in order, each name once. The same subject always gets the
        same bytes.

        It must be called outside of any transaction. Raises Unavailable, TimedOut or
        ProducerFailed.
        """
        ...
