"""Evaluations of stored drafts: what they read, what they record, and what comes in between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from domain.callers import Caller, CallerKind
from domain.errors import (
    NotAllowed,
    NotFound,
    RevisionConflict,
    TimedOut,
    Unavailable,
    ValidationFailed,
)
from domain.json_object import JsonObject
from domain.production import Draft
from domain.qc import EvaluateDraft, QcResult, QcSeverity
from domain.scopes import ALL_SCOPES
from orchestration.evaluations import OTHERS, Evaluations
from orchestration.producers.ports import (
    QcBenchmark,
    QcEvaluation,
    QcFinding,
    QcSubject,
)
from orchestration.producers.qc.evaluator import BuiltInQc
from orchestration.producers.qc.registry import BY_ID
from orchestration.producers.worker import ThreadWorker
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.production.commands import save_draft
from tests import builders as build

FINDING = QcFinding("links", QcSeverity.MAJOR, "Opening", "It leads nowhere.", "Mend it.")


async def nothing() -> None:
    """What comes in between by default."""


@dataclass
class Recorder:
    """An evaluator that notes what it's asked, and lets something happen meanwhile."""

    meanwhile: Callable[[], Awaitable[None]] = nothing
    passed: bool = False
    subjects: list[QcSubject] = field(default_factory=list)
    asked_for: list[Sequence[str]] = field(default_factory=list)

    @property
    def benchmarks(self) -> Sequence[QcBenchmark]:
        return [
            QcBenchmark(name, name, name, (), QcSeverity.MAJOR, "Our own rule", "")
            for name in ("links", "length")
        ]

    async def evaluate(self, subject: QcSubject, benchmark_ids: Sequence[str]) -> QcEvaluation:
        self.subjects.append(subject)
        self.asked_for.append(benchmark_ids)
        await self.meanwhile()
        findings = () if self.passed else (FINDING,)
        return QcEvaluation(self.passed, 0.85, findings, tuple(benchmark_ids), ())


async def store_chain(storage: Storage) -> None:
    async def work(unit: UnitOfWork) -> None:
        guidelines = JsonObject.of({"names": ["Wrenfield"]})
        await unit.briefs.save(build.brief("brief-1", brand_guidelines=guidelines))
        await unit.strategy_plans.save(build.plan("plan-1", brief_id="brief-1"))
        await unit.campaigns.save(build.campaign("campaign-1", strategy_id="plan-1"))
        await unit.drafts.save(build.draft("draft-1", strategy_id="plan-1"))

    await storage.as_(build.caller()).write(work)


async def result_of(storage: Storage, draft_id: str = "draft-1") -> QcResult | None:
    async with storage.as_(build.caller()).read() as snapshot:
        return (await snapshot.qc_results.get_many_by_draft_id([draft_id])).get(draft_id)


async def save_again(storage: Storage, **changes: str) -> None:
    command = build.save_draft(draft_id="draft-1", strategy_id="plan-1", **changes)
    await storage.as_(build.caller()).write(lambda unit: save_draft(unit, command))


def evaluate(draft_id: str = "draft-1", **given: object) -> EvaluateDraft:
    return EvaluateDraft(draft_id=draft_id, **given)  # type: ignore[arg-type]


async def test_the_verdict_is_recorded_with_hints_and_benchmarks(storage: Storage) -> None:
    await store_chain(storage)

    outcome = await Evaluations(storage, Recorder()).evaluate(build.caller(), evaluate())

    assert outcome.result is not None
    assert outcome.result == await stored_with_issues(storage)
    assert (outcome.result.passed, outcome.result.score) == (False, 0.85)
    [issue] = outcome.result.issues or ()
    assert (issue.severity, issue.section) == (QcSeverity.MAJOR, "Opening")
    assert issue.reason == "It leads nowhere. Hint: Mend it. [links]"


async def stored_with_issues(storage: Storage) -> QcResult:
    async with storage.as_(build.caller()).read() as snapshot:
        result = (await snapshot.qc_results.get_many_by_draft_id(["draft-1"]))["draft-1"]
        issues = await snapshot.qc_results.issues_by_result_id([result.result_id])
    return replace(result, issues=issues[result.result_id])


async def test_a_draft_is_checked_against_brief_plan_and_other_drafts_of_its_client(
    storage: Storage,
) -> None:
    await store_chain(storage)

    async def work(unit: UnitOfWork) -> None:
        for key, campaign in (("same", "campaign-1"), ("another", None)):
            draft = build.draft(key, strategy_id="plan-1", campaign_id=campaign)
            await unit.drafts.save(draft)
        await unit.briefs.save(build.brief("brief-2", client_id="client-2"))
        await unit.strategy_plans.save(build.plan("plan-2", brief_id="brief-2"))
        await unit.drafts.save(build.draft("stranger", strategy_id="plan-2"))

    await storage.as_(build.caller()).write(work)
    evaluator = Recorder()

    def clock() -> datetime:
        return datetime(2026, 11, 30, 23, 59, tzinfo=UTC)

    await Evaluations(storage, evaluator, clock).evaluate(build.caller(), evaluate())

    [subject] = evaluator.subjects
    drafts = await draft_of(storage)
    assert (subject.title, subject.body) == (drafts.title, drafts.body)
    assert (subject.content_type, subject.metadata) == (
        drafts.content_type,
        drafts.metadata.to_python(),
    )
    assert subject.guidelines == {"names": ["Wrenfield"]}
    assert subject.today.isoformat() == "2026-11-30"
    assert {other.draft_id: other.same_campaign for other in subject.others} == {
        "same": drafts.campaign_id == "campaign-1",
        "another": False,
    }
    for words in ("more bread sold", "be known in town", "people who bake", "landing page"):
        assert words in (subject.brief or "")


async def draft_of(storage: Storage) -> Draft:
    async with storage.as_(build.caller()).read() as snapshot:
        draft = await snapshot.drafts.get("draft-1")
    assert draft is not None
    return draft


async def test_so_many_other_drafts_are_compared(storage: Storage) -> None:
    await store_chain(storage)

    async def work(unit: UnitOfWork) -> None:
        for number in range(OTHERS + 3):
            draft = build.draft(f"other-{number}", strategy_id="plan-1", body="a" * 30_000)
            await unit.drafts.save(draft)

    await storage.as_(build.caller()).write(work)
    evaluator = Recorder()

    await Evaluations(storage, evaluator).evaluate(build.caller(), evaluate())

    others = evaluator.subjects[0].others
    assert len({other.draft_id for other in others}) == len(others) == OTHERS
    assert {len(other.body) for other in others} == {20_000}


async def test_a_check_ends_with_the_time_of_the_operation(storage: Storage) -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    async def operation() -> None:
        set_deadline(0.2)
        await Evaluations(storage, Recorder(for_ever)).evaluate(build.caller(), evaluate())

    await store_chain(storage)

    with pytest.raises(TimedOut):
        await asyncio.create_task(operation())

    assert await result_of(storage) is None


async def test_a_draft_without_a_brief_is_checked_without_one(storage: Storage) -> None:
    await storage.as_(build.caller()).write(
        lambda unit: unit.drafts.save(build.draft("draft-1", strategy_id="nowhere"))
    )
    evaluator = Recorder()

    await Evaluations(storage, evaluator).evaluate(build.caller(), evaluate())

    assert evaluator.subjects[0].brief is None
    assert evaluator.subjects[0].guidelines == {}


async def test_validating_alone_records_nothing(storage: Storage) -> None:
    await store_chain(storage)

    outcome = await Evaluations(storage, Recorder()).evaluate(
        build.caller(), evaluate(validate_only=True)
    )

    assert outcome.result is None
    assert outcome.evaluation.findings == (FINDING,)
    assert await result_of(storage) is None


async def test_benchmarks_are_chosen_once_each_and_all_by_default(storage: Storage) -> None:
    await store_chain(storage)
    evaluator = Recorder()
    evaluations = Evaluations(storage, evaluator)

    await evaluations.evaluate(build.caller(), evaluate(benchmark_ids=("length", "length")))
    await evaluations.evaluate(build.caller(), evaluate())

    assert evaluator.asked_for == [["length"], ["links", "length"]]


async def test_unknown_benchmarks_are_named_all_at_once(storage: Storage) -> None:
    command = evaluate(benchmark_ids=("x", "links", "y"))

    with pytest.raises(ValidationFailed) as refused:
        await Evaluations(storage, Recorder()).evaluate(build.caller(), command)

    paths = [violation.path for violation in refused.value.violations]
    assert paths == [("benchmark_ids", 0), ("benchmark_ids", 2)]


async def test_a_draft_that_isnt_there_or_isnt_seen_is_not_found(storage: Storage) -> None:
    await store_chain(storage)
    evaluations = Evaluations(storage, Recorder())
    stranger = build.caller(id="portal", clients=frozenset({"client-2"}))

    for caller, draft_id in ((build.caller(), "nobody"), (stranger, "draft-1")):
        with pytest.raises(NotFound):
            await evaluations.evaluate(caller, evaluate(draft_id))


async def test_another_revision_of_the_result_is_a_conflict(storage: Storage) -> None:
    await store_chain(storage)
    evaluator = Recorder()
    evaluations = Evaluations(storage, evaluator)
    await evaluations.evaluate(build.caller(), evaluate(expected_revision=0))

    with pytest.raises(RevisionConflict):
        await evaluations.evaluate(build.caller(), evaluate(expected_revision=0))

    assert len(evaluator.subjects) == 1
    outcome = await evaluations.evaluate(build.caller(), evaluate(expected_revision=1))
    assert outcome.result is not None
    assert outcome.result.revision == 2


async def test_a_draft_that_is_saved_meanwhile_is_checked_again(storage: Storage) -> None:
    await store_chain(storage)
    evaluator = Recorder()

    async def meanwhile() -> None:
        if len(evaluator.subjects) == 1:
            await save_again(storage, body="Another text.")

    evaluator.meanwhile = meanwhile

    outcome = await Evaluations(storage, evaluator).evaluate(build.caller(), evaluate())

    assert [subject.body for subject in evaluator.subjects][1:] == ["Another text."]
    assert outcome.result is not None
    assert outcome.result.revision == 1


async def test_a_draft_that_is_saved_each_time_is_given_up(storage: Storage) -> None:
    await store_chain(storage)
    evaluator = Recorder(meanwhile=lambda: save_again(storage))

    with pytest.raises(Unavailable, match="changes"):
        await Evaluations(storage, evaluator).evaluate(build.caller(), evaluate())

    assert len(evaluator.subjects) == 3
    assert await result_of(storage) is None


async def test_a_draft_that_is_deleted_meanwhile_is_not_found(storage: Storage) -> None:
    await store_chain(storage)

    async def meanwhile() -> None:
        await storage.as_(build.caller()).write(lambda unit: unit.drafts.delete("draft-1"))

    with pytest.raises(NotFound):
        await Evaluations(storage, Recorder(meanwhile)).evaluate(build.caller(), evaluate())

    assert await result_of(storage) is None


async def test_an_agent_cant_let_pass_what_it_made_itself(storage: Storage) -> None:
    await store_chain(storage)
    agent: Caller = build.caller(kind=CallerKind.AGENT, id="writer", scopes=ALL_SCOPES)
    command = build.save_draft(draft_id="draft-1", strategy_id="plan-1")
    await storage.as_(agent).write(lambda unit: save_draft(unit, command))

    with pytest.raises(NotAllowed):
        await Evaluations(storage, Recorder(passed=True)).evaluate(agent, evaluate())
    assert await result_of(storage) is None

    failed = await Evaluations(storage, Recorder(passed=False)).evaluate(agent, evaluate())
    assert failed.result is not None


async def test_the_built_in_evaluator_checks_what_is_stored(storage: Storage) -> None:
    await store_chain(storage)
    await save_again(storage, body="We recieve bread from Wrenfield. Loved by 99% of you.")
    evaluations = Evaluations(storage, BuiltInQc(0.8, ThreadWorker()))

    outcome = await evaluations.evaluate(
        build.caller(), evaluate(benchmark_ids=("spelling", "unsupported-claims"))
    )

    assert [benchmark.benchmark_id for benchmark in evaluations.benchmarks] == [*BY_ID]
    assert [(each.benchmark_id, each.section) for each in outcome.evaluation.findings] == [
        ("unsupported-claims", "Opening"),
        ("spelling", "Opening"),
    ]
    assert outcome.evaluation.score == 0.82
    assert outcome.evaluation.passed
