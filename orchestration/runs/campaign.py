"""The workflow from a brief to packages: the steps of version 1.

Steps of a version never change what they are for: runs that began with it go on with it. Another
way to deliver is another version, beside this one.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from domain import run_transitions, workflow
from domain.entity import Entity
from domain.errors import NotFound, Unavailable, ValidationFailed
from domain.lineage import lineage_of
from domain.onboarding import Brief, BriefStage
from domain.production import Campaign, Draft
from domain.qc import QcResult
from domain.scopes import Scope
from domain.strategy import ApprovalState, StrategyPlan
from domain.workflow import DRAFT, MAX_TACTICS, REDRAFT, Produced, Run
from orchestration.evaluations import record_evaluation, subject_of
from orchestration.producers.ports import DraftSubject, PackageSubject
from orchestration.runs.packages import deliver
from orchestration.runs.steps import At, Effect, Step
from repositories.unit_of_work import Snapshot, UnitOfWork
from resolvers.onboarding.commands import normalize_brief
from resolvers.production.commands import save_campaign, save_draft
from resolvers.strategy.commands import save_strategy_plan

_TOLD_ISSUES: Final = 3
"""So many issues of a verdict are told where a run fails by it."""


async def _normalize(at: At) -> Effect:
    assert at.producers.strategy is not None
    async with at.lease.read() as snapshot:
        brief = await _brief(snapshot, at.run)
    if brief.stage is not BriefStage.INTAKE:
        return _nothing_to_do
    made = await at.producers.strategy.normalize(brief)
    command = replace(made, brief_id=brief.brief_id, expected_revision=brief.revision)

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        saved = await normalize_brief(unit, command)
        return run_transitions.succeeded(run, _produced(saved), unit.now)

    return effect


async def _plan(at: At) -> Effect:
    assert at.producers.strategy is not None
    async with at.lease.read() as snapshot:
        brief = await _brief(snapshot, at.run)
    made = await at.producers.strategy.plan(brief, at.run.channels)
    command = replace(
        made, strategy_id=None, version=None, brief_id=brief.brief_id, expected_revision=None
    )

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        saved = await save_strategy_plan(unit, command)
        return run_transitions.succeeded(
            run, _produced(saved), unit.now, strategy_id=saved.strategy_id
        )

    return effect


async def _approval(at: At) -> Effect:
    async def effect(unit: UnitOfWork, run: Run) -> Run:
        if not run.require_approval:
            return run_transitions.skipped(run, unit.now)
        # Not for update: who decides locks the plan first, and then the job that is held here.
        plan = await unit.strategy_plans.get(run.strategy_id or "")
        if plan is None:
            raise NotFound("strategy plan", "strategy_id", run.strategy_id or "")
        match plan.approval:
            case ApprovalState.APPROVED:
                return run_transitions.succeeded(run, None, unit.now)
            case ApprovalState.REJECTED:
                return run_transitions.failed(
                    run, f"The plan was rejected by {plan.decided_by}.", unit.now
                )
            case ApprovalState.PENDING:
                return run_transitions.waiting(run, unit.now)

    return effect


async def _campaign(at: At) -> Effect:
    assert at.producers.strategy is not None
    async with at.lease.read() as snapshot:
        brief = await _brief(snapshot, at.run)
        plan = await _plan_of(snapshot, at.run)
    made = await at.producers.strategy.campaign(brief, plan)
    command = replace(made, campaign_id=None, strategy_id=plan.strategy_id, expected_revision=None)
    if not 1 <= len(command.tactics) <= MAX_TACTICS:
        raise ValidationFailed.at("tactics", f"a run has from 1 to {MAX_TACTICS} tactics")

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        saved = await save_campaign(unit, command)
        return run_transitions.succeeded(
            run,
            _produced(saved),
            unit.now,
            then=workflow.steps_for_tactics(len(command.tactics)),
            campaign_id=saved.campaign_id,
        )

    return effect


async def _draft(at: At) -> Effect:
    """The first draft of a tactic."""
    async with at.lease.read() as snapshot:
        subject = await _draft_subject(snapshot, at)
    if subject is None:
        return _nothing_to_do
    return await _written(at, subject)


async def _redraft(at: At) -> Effect:
    """The draft of a tactic, written anew, with the verdict on the one before.

    What somebody has changed since isn't written over: it's checked as it is.
    """
    async with at.lease.read() as snapshot:
        subject = await _draft_subject(snapshot, at)
        previous = await _draft_of(snapshot, at)
        if subject is None or previous is None or not _is_as_made(at, previous):
            return _nothing_to_do
        verdict = await _verdict_on(snapshot, previous)
    return await _written(at, replace(subject, previous=previous, verdict=verdict))


async def _written(at: At, subject: DraftSubject) -> Effect:
    assert at.producers.drafts is not None
    previous = subject.previous
    made = await at.producers.drafts.write(subject)
    command = replace(
        made,
        draft_id=None if previous is None else previous.draft_id,
        strategy_id=subject.plan.strategy_id,
        campaign_id=subject.campaign.campaign_id,
        expected_revision=None if previous is None else previous.revision,
    )

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        saved = await save_draft(unit, command)
        return run_transitions.succeeded(run, _produced(saved), unit.now)

    return effect


async def _check(at: At) -> Effect:
    evaluator = at.producers.evaluator
    assert evaluator is not None
    async with at.lease.read() as snapshot:
        draft = await _draft_of(snapshot, at)
        if draft is None:
            return _nothing_to_do
        subject = await subject_of(snapshot, draft, at.producers.today)
    benchmarks = [it.benchmark_id for it in evaluator.benchmarks]
    evaluation = await evaluator.evaluate(subject, benchmarks)

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        result = await record_evaluation(unit, draft, evaluation)
        if result is None:
            raise Unavailable("The draft was changed while it was checked.")
        produced, tactic = _produced(result), at.step.tactic
        if result.passed:
            return run_transitions.succeeded(run, produced, unit.now)
        if run.redrafts_of(tactic) < run.max_redrafts:
            again = workflow.steps_for_redraft(tactic)
            return run_transitions.succeeded(run, produced, unit.now, then=again)
        return run_transitions.failed(run, _why_not_passed(draft, result), unit.now, produced)

    return effect


async def _package(at: At) -> Effect:
    assert at.producers.packager is not None
    async with at.lease.read() as snapshot:
        draft = await _draft_of(snapshot, at)
        if draft is None:
            return _nothing_to_do
        verdict = await _verdict_on(snapshot, draft)
        subject = PackageSubject(
            brief=await _brief(snapshot, at.run),
            plan=await _plan_of(snapshot, at.run),
            campaign=await _campaign_of(snapshot, at.run),
            draft=draft,
            verdict=verdict,
        )
    if verdict is None or not verdict.passed:
        return partial(_not_passed, draft, verdict)
    made_from = lineage_of(draft, verdict)
    store_package = await deliver(at, draft, await at.producers.packager.documents(subject))

    async def effect(unit: UnitOfWork, run: Run) -> Run:
        saved = await store_package(unit)
        if any(artifact.lineage != made_from for artifact in saved.artifacts or ()):
            raise Unavailable("The draft, or its verdict, was changed while it was packaged.")
        return run_transitions.succeeded(run, _produced(saved), unit.now)

    return effect


async def _not_passed(draft: Draft, verdict: QcResult | None, unit: UnitOfWork, run: Run) -> Run:
    """The run after its draft was refused, or its verdict deleted, since it was checked."""
    return run_transitions.failed(run, _why_not_passed(draft, verdict), unit.now)


async def _nothing_to_do(unit: UnitOfWork, run: Run) -> Run:
    return run_transitions.skipped(run, unit.now)


def _produced(saved: Entity) -> Produced:
    return Produced(type(saved).__name__, getattr(saved, saved.key_name), saved.revision)


def _why_not_passed(draft: Draft, result: QcResult | None) -> str:
    """With what is wrong with the draft, since that is what somebody has to mend."""
    name = f"The draft {draft.title!r} ({draft.draft_id})"
    if result is None:
        return f"{name} has no verdict of QC."
    issues = result.issues or ()
    told = [" ".join(issue.reason.split()) for issue in issues[:_TOLD_ISSUES]]
    if more := len(issues) - len(told):
        told.append(f"And {more} more.")
    verdict = f"{name} didn't pass QC, with a score of {result.score:.2f}"
    return f"{verdict}: {' '.join(told)}" if told else f"{verdict}."


async def _brief(snapshot: Snapshot, run: Run) -> Brief:
    found = await snapshot.briefs.get(run.brief_id)
    if found is None:
        raise NotFound("brief", "brief_id", run.brief_id)
    return found


async def _plan_of(snapshot: Snapshot, run: Run) -> StrategyPlan:
    key = run.strategy_id or ""
    found = await snapshot.strategy_plans.get(key)
    if found is None:
        raise NotFound("strategy plan", "strategy_id", key)
    recommendations = await snapshot.strategy_plans.recommendations_by_strategy_id([key])
    return replace(found, recommendations=recommendations.get(key, ()))


async def _campaign_of(snapshot: Snapshot, run: Run) -> Campaign:
    key = run.campaign_id or ""
    found = await snapshot.campaigns.get(key)
    if found is None:
        raise NotFound("campaign", "campaign_id", key)
    tactics = await snapshot.campaigns.tactics_by_campaign_id([key])
    return replace(found, tactics=tactics.get(key, ()))


async def _draft_subject(snapshot: Snapshot, at: At) -> DraftSubject | None:
    """What the draft is written from; None: somebody has removed its tactic from the campaign."""
    campaign = await _campaign_of(snapshot, at.run)
    tactics, number = campaign.tactics or (), at.step.tactic
    if number is None or number >= len(tactics):
        return None
    return DraftSubject(
        brief=await _brief(snapshot, at.run),
        plan=await _plan_of(snapshot, at.run),
        campaign=campaign,
        tactic=tactics[number],
    )


async def _draft_of(snapshot: Snapshot, at: At) -> Draft | None:
    """The draft that the run has made for the tactic; None: it has made none."""
    made = at.run.last_of(DRAFT, REDRAFT, tactic=at.step.tactic)
    if made is None or made.produced is None:
        return None
    found = await snapshot.drafts.get(made.produced.key)
    if found is None:
        raise NotFound("draft", "draft_id", made.produced.key)
    return found


def _is_as_made(at: At, draft: Draft) -> bool:
    """Whether the draft is as the run has left it."""
    made = at.run.last_of(DRAFT, REDRAFT, tactic=at.step.tactic)
    return made is not None and made.produced_revision == draft.revision


async def _verdict_on(snapshot: Snapshot, draft: Draft) -> QcResult | None:
    results = await snapshot.qc_results.get_many_by_draft_id([draft.draft_id])
    found = results.get(draft.draft_id)
    if found is None:
        return None
    issues = await snapshot.qc_results.issues_by_result_id([found.result_id])
    return replace(found, issues=issues.get(found.result_id, ()))


_PLANNING: Final = frozenset({Scope.ONBOARDING_READ, Scope.STRATEGY_READ})
_WRITING: Final = _PLANNING | {Scope.PRODUCTION_READ, Scope.PRODUCTION_WRITE}

STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        workflow.NORMALIZE: Step(
            work=_normalize,
            scopes=frozenset({Scope.ONBOARDING_READ, Scope.ONBOARDING_WRITE}),
            can_do=lambda producers: producers.strategy is not None,
        ),
        workflow.PLAN: Step(
            work=_plan,
            scopes=_PLANNING | {Scope.STRATEGY_WRITE},
            can_do=lambda producers: producers.strategy is not None,
        ),
        workflow.APPROVAL: Step(work=_approval, scopes=frozenset({Scope.STRATEGY_READ})),
        workflow.CAMPAIGN: Step(
            work=_campaign,
            scopes=_WRITING,
            can_do=lambda producers: producers.strategy is not None,
        ),
        workflow.DRAFT: Step(
            work=_draft,
            scopes=_WRITING,
            can_do=lambda producers: producers.drafts is not None,
        ),
        workflow.REDRAFT: Step(
            work=_redraft,
            scopes=_WRITING | {Scope.QC_READ},
            can_do=lambda producers: producers.drafts is not None,
        ),
        workflow.CHECK: Step(
            work=_check,
            scopes=_PLANNING | {Scope.PRODUCTION_READ, Scope.QC_WRITE},
            can_do=lambda producers: producers.evaluator is not None,
        ),
        workflow.PACKAGE: Step(
            work=_package,
            scopes=_PLANNING
            | {Scope.PRODUCTION_READ, Scope.QC_READ, Scope.FILES_WRITE, Scope.DELIVERY_WRITE},
            can_do=lambda producers: producers.packager is not None and producers.store is not None,
        ),
    }
)
