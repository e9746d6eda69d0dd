"""Evaluations: drafts are checked by the evaluator, and its verdicts recorded as QC results.

The evaluator is asked outside of any transaction: read, evaluate, record. What is recorded is of
the draft as it is stored then, or nothing is.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from domain.callers import Caller
from domain.entity import require_revision
from domain.errors import NotFound, TimedOut, Unavailable, ValidationFailed, Violation
from domain.onboarding import Brief
from domain.production import Draft
from domain.qc import EvaluateDraft, QcIssue, QcResult, RecordQcResult
from domain.sources import Clock, utc_now
from domain.strategy import Recommendation, StrategyPlan
from domain.validation import require_valid
from orchestration.producers.ports import (
    MAX_OTHER_CHARACTERS,
    MAX_OTHERS,
    OtherDraft,
    QcBenchmark,
    QcEvaluation,
    QcEvaluator,
    QcFinding,
    QcSubject,
)
from orchestration.producers.texts import texts_of
from repositories.criteria import (
    NEWEST_FIRST,
    AllOf,
    Comparison,
    Operator,
    PageRequest,
    Position,
)
from repositories.deadlines import seconds_left
from repositories.unit_of_work import Snapshot, Storage, UnitOfWork
from resolvers.qc.commands import record_qc_result

_READ_AT_ONCE: Final = 4
"""How many of them are read by one statement: each may have a megabyte, and is cut before more are
read."""
_ATTEMPTS: Final = 3


class Evaluated(NamedTuple):
    """An evaluation, and the result that recorded it; None: it was only validated."""

    evaluation: QcEvaluation
    result: QcResult | None


@dataclass(frozen=True, slots=True)
class Evaluations:
    """The evaluations of one server, by one evaluator."""

    storage: Storage
    evaluator: QcEvaluator
    clock: Clock = utc_now

    @property
    def benchmarks(self) -> Sequence[QcBenchmark]:
        return self.evaluator.benchmarks

    async def evaluate(self, caller: Caller, command: EvaluateDraft) -> Evaluated:
        """Check a draft, and record the verdict.

        A draft that changes meanwhile is checked again, a bounded number of times. Raises
        ValidationFailed, NotFound, RevisionConflict, NotAllowed, Unavailable and TimedOut.
        """
        for _ in range(_ATTEMPTS):
            draft, evaluation = await self._evaluated(caller, command)
            result = await self._record(caller, command, draft, evaluation)
            if result is not None:
                return Evaluated(evaluation, result)
        raise Unavailable("The draft changes as fast as it's checked; try again later.")

    async def check(self, caller: Caller, command: EvaluateDraft) -> Evaluated:
        """Check a draft, and record nothing, so that whoever may not record the verdict may have
        it, too. Raises as `evaluate` does, but for NotAllowed."""
        _, evaluation = await self._evaluated(caller, command)
        return Evaluated(evaluation, None)

    async def _evaluated(
        self, caller: Caller, command: EvaluateDraft
    ) -> tuple[Draft, QcEvaluation]:
        require_valid(command)
        benchmark_ids = self._chosen(command)
        draft, subject = await self._read(caller, command)
        return draft, await self._checked(subject, benchmark_ids)

    async def _checked(self, subject: QcSubject, benchmark_ids: Sequence[str]) -> QcEvaluation:
        """The evaluator's findings. Raises TimedOut when the operation's time is over."""
        try:
            async with asyncio.timeout(seconds_left(0)):
                return await self.evaluator.evaluate(subject, benchmark_ids)
        except TimeoutError:
            raise TimedOut("The operation took too long: the draft isn't checked yet.") from None

    def _chosen(self, command: EvaluateDraft) -> Sequence[str]:
        """The benchmarks to check for, each once. Raises ValidationFailed."""
        known = [benchmark.benchmark_id for benchmark in self.benchmarks]
        if unknown := [
            Violation(("benchmark_ids", index), "there is no such benchmark")
            for index, benchmark_id in enumerate(command.benchmark_ids)
            if benchmark_id not in known
        ]:
            raise ValidationFailed(unknown)
        return list(dict.fromkeys(command.benchmark_ids)) or known

    async def _read(self, caller: Caller, command: EvaluateDraft) -> tuple[Draft, QcSubject]:
        """The draft with all that it's checked against, of one snapshot."""
        draft_id = command.draft_id
        async with self.storage.as_(caller).read() as snapshot:
            draft = await _draft_of(snapshot, draft_id)
            if command.expected_revision is not None:
                results = await snapshot.qc_results.get_many_by_draft_id([draft_id])
                require_revision(results.get(draft_id), command.expected_revision)
            return draft, await subject_of(snapshot, draft, self.clock().date())

    async def _record(
        self, caller: Caller, command: EvaluateDraft, draft: Draft, evaluation: QcEvaluation
    ) -> QcResult | None:
        """The result as it's stored; None: the draft isn't the one that was checked any more."""

        async def work(unit: UnitOfWork) -> QcResult | None:
            return await record_evaluation(unit, draft, evaluation, command.expected_revision)

        return await self.storage.as_(caller).write(work)


async def subject_of(snapshot: Snapshot, draft: Draft, today: date) -> QcSubject:
    """The draft with all that it's checked against, as the snapshot has it."""
    plan = await snapshot.strategy_plans.get(draft.strategy_id)
    brief = None if plan is None else await snapshot.briefs.get(plan.brief_id)
    recommendations = await snapshot.strategy_plans.recommendations_by_strategy_id(
        [draft.strategy_id]
    )
    others = await _others_of(snapshot, draft)
    guidelines = {} if brief is None else brief.brand_guidelines.to_python()
    known = _words_of(brief, plan, recommendations.get(draft.strategy_id, ()))
    return QcSubject(
        content_type=draft.content_type,
        title=draft.title,
        body=draft.body,
        metadata=draft.metadata.to_python(),
        guidelines=guidelines,
        brief=None if brief is None else "\n".join(known),
        others=others,
        today=today,
    )


async def record_evaluation(
    unit: UnitOfWork, draft: Draft, evaluation: QcEvaluation, expected_revision: int | None = None
) -> QcResult | None:
    """The result as it's stored; None: the draft isn't the one that was checked any more.

    Raises NotFound, RevisionConflict, NotAllowed.
    """
    stored = await unit.drafts.get_for_update(draft.draft_id)
    if stored is None:
        raise NotFound("draft", "draft_id", draft.draft_id)
    if stored.revision != draft.revision:
        return None
    return await record_qc_result(unit, _verdict(draft.draft_id, evaluation, expected_revision))


async def _draft_of(snapshot: Snapshot, draft_id: str) -> Draft:
    draft = await snapshot.drafts.get(draft_id)
    if draft is None:
        raise NotFound("draft", "draft_id", draft_id)
    return draft


async def _others_of(snapshot: Snapshot, draft: Draft) -> tuple[OtherDraft, ...]:
    """The latest other drafts of the draft's client; of a draft without one, those of its plan."""
    field = "strategy_id" if draft.client_id is None else "client_id"
    value = draft.strategy_id if draft.client_id is None else draft.client_id
    is_other = AllOf(
        (
            Comparison(field, Operator.EQ, value),
            Comparison("draft_id", Operator.NE, draft.draft_id),
        )
    )
    others: list[OtherDraft] = []
    after, has_more = None, True
    while has_more and len(others) < MAX_OTHERS:
        limit = min(_READ_AT_ONCE, MAX_OTHERS - len(others))
        page = await snapshot.drafts.page(PageRequest(limit, NEWEST_FIRST, is_other, after=after))
        others += [_other(it, draft) for it in page.items]
        has_more = page.has_next
        if has_more:
            after = Position(page.items[-1].created_at, page.items[-1].draft_id)
    return tuple(others)


def _other(other: Draft, draft: Draft) -> OtherDraft:
    return OtherDraft(
        other.draft_id,
        other.title,
        other.body[:MAX_OTHER_CHARACTERS],
        same_campaign=other.campaign_id is not None and other.campaign_id == draft.campaign_id,
    )


def _words_of(
    brief: Brief | None, plan: StrategyPlan | None, recommendations: Sequence[Recommendation]
) -> Iterator[str]:
    """All words of the brief, but for its guidelines, and of the plan."""
    if brief is not None:
        yield from texts_of(brief.responses.to_python())
        yield from brief.objectives
        yield brief.target_audience or ""
        yield from brief.scope.deliverables if brief.scope is not None else ()
    if plan is not None:
        yield plan.executive_summary
        for kpi in plan.kpis:
            yield f"{kpi.name} {kpi.target_value:.15g} {kpi.unit} {kpi.timeframe_days} days"
        yield from (milestone.name for milestone in plan.timeline.milestones)
    for recommendation in recommendations:
        yield recommendation.rationale
        yield from recommendation.tactics


def _verdict(
    draft_id: str, evaluation: QcEvaluation, expected_revision: int | None
) -> RecordQcResult:
    return RecordQcResult(
        draft_id=draft_id,
        passed=evaluation.passed,
        score=evaluation.score,
        issues=tuple(map(_issue, evaluation.findings)),
        expected_revision=expected_revision,
    )


def _issue(finding: QcFinding) -> QcIssue:
    return QcIssue(
        finding.severity,
        finding.section,
        finding.reason,
        hint=finding.hint,
        benchmark_id=finding.benchmark_id,
    )
