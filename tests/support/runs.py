"""Runs of tests: producers that are fakes, and a server that carries runs out.

The fakes make valid entities of a few words, at once, and count how often they are asked. They
stand for no quality of content; what they are told to raise, they raise.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from domain.callers import Caller, CallerKind
from domain.onboarding import Brief, BriefScope, BriefStage, NormalizeBrief
from domain.production import SaveCampaign, SaveDraft, Tactic
from domain.qc import QcSeverity
from domain.scopes import ALL_SCOPES
from domain.sources import Clock, utc_now
from domain.strategy import (
    DecideStrategyPlan,
    Recommendation,
    SaveStrategyPlan,
    StrategyPlan,
    StrategyTimeline,
)
from domain.workflow import CancelRun, RetryRun, Run, StartRun
from files.memory import MemoryStore
from files.store import FileStore
from orchestration.decisions import approve_plan, reject_plan
from orchestration.producers.ports import (
    DraftSubject,
    QcBenchmark,
    QcEvaluation,
    QcFinding,
    QcSubject,
)
from orchestration.runs.engine import WORKFLOWS, Runs
from orchestration.runs.steps import Producers, Step
from orchestration.workers import Pace
from repositories.criteria import NEWEST_FIRST, PageRequest
from repositories.jobs import Queue
from repositories.unit_of_work import Snapshot, Storage, UnitOfWork
from resolvers.workflow.commands import cancel_run, retry_run, start_run
from tests import builders as build
from tests.support.packagers import MarkdownPackager
from tests.support.sources import START
from tests.support.transfers import MovedClock

OPERATOR = build.caller()
BENCHMARK = QcBenchmark("fake", "Fake", "", (), QcSeverity.MAJOR, "tests", "")
FINDING = QcFinding("fake", QcSeverity.MAJOR, "Title", "It's dull.", "Be less dull.")


class _Fake:
    """Counts what it's asked for, and raises what it's told to, once each."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.raises: dict[str, deque[Exception]] = {}

    def fail(self, what: str, *errors: Exception) -> None:
        self.raises.setdefault(what, deque()).extend(errors)

    def _ask(self, what: str) -> None:
        self.asked[what] += 1
        if errors := self.raises.get(what):
            raise errors.popleft()


class FakeStrategy(_Fake):
    """Plans with a campaign of so many tactics."""

    def __init__(self, tactics: int = 2) -> None:
        super().__init__()
        self.tactics = tactics

    async def normalize(self, brief: Brief) -> NormalizeBrief:
        self._ask("normalize")
        return NormalizeBrief(
            brief_id=brief.brief_id,
            scope=BriefScope(("posts",), (), 4),
            objectives=("be known",),
            target_audience="people who bake",
        )

    async def plan(self, brief: Brief, channels: Sequence[str]) -> SaveStrategyPlan:
        self._ask("plan")
        return SaveStrategyPlan(
            brief_id=brief.brief_id,
            executive_summary="Bread, but online.",
            timeline=StrategyTimeline(4),
            recommendations=tuple(
                Recommendation(channel, 10, "It reaches them.")
                for channel in channels or ("search",)
            ),
        )

    async def campaign(self, brief: Brief, plan: StrategyPlan) -> SaveCampaign:
        self._ask("campaign")
        assert plan.recommendations
        return SaveCampaign(
            strategy_id=plan.strategy_id,
            name="Spring bread",
            tactics=tuple(Tactic("search", "post", f"Post {n}") for n in range(self.tactics)),
        )


class FakeDrafts(_Fake):
    """Drafts that say what they were written from."""

    async def write(self, subject: DraftSubject) -> SaveDraft:
        self._ask("redraft" if subject.previous else "draft")
        if subject.previous is not None:
            assert subject.verdict is not None
            assert subject.verdict.issues
        again = "" if subject.previous is None else f", after {subject.previous.revision}"
        return SaveDraft(
            strategy_id=subject.plan.strategy_id,
            campaign_id=subject.campaign.campaign_id,
            content_type=subject.tactic.content_type,
            title=subject.tactic.title,
            body=f"Bread of {subject.plan.strategy_id}{again}.",
        )


class FakeEvaluator(_Fake):
    """Drafts with this title pass after they were written anew so often; all others pass."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[str, int] = {}
        self.findings: Sequence[QcFinding] = (FINDING,)

    @property
    def benchmarks(self) -> Sequence[QcBenchmark]:
        return [BENCHMARK]

    async def evaluate(self, subject: QcSubject, benchmark_ids: Sequence[str]) -> QcEvaluation:
        self._ask("check")
        _, _, rewritten = subject.body.rstrip(".").partition(", after ")
        if int(rewritten or 0) >= self.refusals.get(subject.title, 0):
            return QcEvaluation(True, 1.0, (), ("fake",), ())
        return QcEvaluation(False, 0.25, tuple(self.findings), ("fake",), ())


class FakeProducers:
    """All fakes together."""

    def __init__(self, store: FileStore, *, tactics: int = 2) -> None:
        self.strategy = FakeStrategy(tactics)
        self.drafts = FakeDrafts()
        self.evaluator = FakeEvaluator()
        self.store = store

    def as_producers(self, **changes: Any) -> Producers:
        given: dict[str, Any] = {
            "strategy": self.strategy,
            "drafts": self.drafts,
            "evaluator": self.evaluator,
            "packager": MarkdownPackager(),
            "store": self.store,
        }
        return Producers(**given | changes)

    @property
    def asked(self) -> Counter[str]:
        return self.strategy.asked + self.drafts.asked + self.evaluator.asked


def user(id: str, **changes: Any) -> Caller:
    return Caller(CallerKind.USER, id, None, "request-9", None, ALL_SCOPES)._replace(**changes)


def told(run: Run) -> list[str]:
    """What became of the steps, in order."""
    return [
        f"{it.name}{'' if it.tactic is None else f' {it.tactic}'}: {it.status.lower()}"
        for it in run.journal
    ]


class RunSystem:
    """A storage, fakes, and a server that carries runs out."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock | None = None,
        *,
        store: FileStore | None = None,
        tactics: int = 2,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.store = store or MemoryStore()
        self.fakes = FakeProducers(self.store, tactics=tactics)
        self.server = self.another()

    def another(
        self,
        *,
        producers: Producers | None = None,
        workflows: Mapping[tuple[str, int], Mapping[str, Step]] = WORKFLOWS,
        storage: Storage | None = None,
        **pace: Any,
    ) -> Runs:
        """As another process has it."""
        return Runs(
            storage or self.storage,
            producers or self.fakes.as_producers(),
            Pace(**pace),
            workflows=workflows,
            clock=self.clock,
        )

    async def change(self, work: Any, caller: Caller = OPERATOR) -> Any:
        return await self.storage.as_(caller).write(work)

    async def add_brief(self, brief_id: str = "brief-1", **changes: Any) -> Brief:
        brief = replace(
            build.brief(brief_id, stage=BriefStage.INTAKE, scope=None, normalized_at=None),
            **changes,
        )
        saved: Brief = await self.change(lambda unit: unit.briefs.save(brief))
        return saved

    async def start(
        self, brief_id: str = "brief-1", *, caller: Caller = OPERATOR, **options: Any
    ) -> Run:
        options = {"require_approval": False, **options}
        command = StartRun(brief_id=brief_id, **options)
        started: Run = await self.change(lambda unit: start_run(unit, command), caller)
        return started

    async def cancel(self, run: Run, **changes: Any) -> Run:
        command = CancelRun(run_id=run.run_id, **changes)
        found: Run = await self.change(lambda unit: cancel_run(unit, command))
        return found

    async def retry(self, run: Run, **changes: Any) -> Run:
        command = RetryRun(run_id=run.run_id, **changes)
        found: Run = await self.change(lambda unit: retry_run(unit, command))
        return found

    async def approve(self, run: Run) -> None:
        decision = await self._decision(run)
        await self.change(lambda unit: approve_plan(unit, decision))

    async def reject(self, run: Run) -> None:
        decision = await self._decision(run)
        await self.change(lambda unit: reject_plan(unit, decision))

    async def _decision(self, run: Run) -> DecideStrategyPlan:
        stored = await self.run_of(run)
        assert stored.strategy_id is not None
        return DecideStrategyPlan(strategy_id=stored.strategy_id, decided_by="Grace")

    async def settled(self, run: Run) -> Run:
        """The run after all that can be done at this time."""
        await self.settle()
        return await self.run_of(run)

    async def settle(self, server: Runs | None = None) -> None:
        """Let a server do all that can be done at this time. The deadline of its operations isn't
        one of what the test does later."""
        await asyncio.create_task((server or self.server).settle())

    async def run_of(self, run: Run) -> Run:
        """The run with its steps, as it's stored now."""
        async with self.storage.as_(OPERATOR).read() as snapshot:
            found = await snapshot.runs.get(run.run_id)
            assert found is not None
            steps = await snapshot.runs.steps_by_run_id([run.run_id])
        return replace(found, steps=steps[run.run_id])

    async def replace_caller(self, run: Run, caller: Caller) -> Caller:
        """Have the run carried out in the name of another caller; the one before."""

        async def work(unit: UnitOfWork) -> Caller:
            jobs = unit.queue(Queue.RUNS)
            await jobs.wake([run.run_id], START)
            [job] = await jobs.claim(1, timedelta(), utc_now() + timedelta(days=9))
            await jobs.remove(job)
            await jobs.add(run.run_id, caller, START)
            return job.caller

        found: Caller = await self.change(work)
        return found

    async def made(self) -> "Made":
        async with self.storage.as_(OPERATOR).read() as snapshot:
            return await Made.of(snapshot)

    async def has_job(self, *runs: Run) -> bool:
        """Whether any of these runs has a job left, due or not. It's due at once then."""
        keys = [run.run_id for run in runs]
        return bool(await self.change(lambda unit: unit.queue(Queue.RUNS).wake(keys, START)))


class TimedRunSystem(RunSystem):
    """A RunSystem on a clock that tests move."""

    clock: MovedClock

    def __init__(self, storage: Storage, **given: Any) -> None:
        super().__init__(storage, MovedClock(), **given)


_TYPES: Final = ("strategy_plans", "campaigns", "drafts", "qc_results", "delivery_packages")


class Made(Counter[tuple[str, int]]):
    """How many entities are stored beside briefs and runs, by their types and revisions."""

    @classmethod
    async def of(cls, snapshot: Snapshot) -> "Made":
        found = cls()
        for attribute in _TYPES:
            page = await getattr(snapshot, attribute).page(PageRequest(1000, NEWEST_FIRST))
            found.update((attribute, it.revision) for it in page.items)
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {
            name: sum(count for (it, _), count in self.items() if it == name) for name in _TYPES
        }
