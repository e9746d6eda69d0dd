"""A run takes a brief to packages, once, whatever happens in between, or says why it doesn't."""

import asyncio
from dataclasses import replace

import pytest

from domain.errors import NotFound
from domain.production import SaveDraft
from domain.scopes import ALL_SCOPES, Scope
from domain.workflow import RunStatus, RunStepStatus
from orchestration.decisions import approve_plan
from orchestration.producers.ports import DraftSubject
from repositories.criteria import NEWEST_FIRST, Comparison, Operator, PageRequest
from repositories.unit_of_work import Storage
from resolvers.strategy.commands import approve_strategy_plan, save_strategy_plan
from tests import builders as build
from tests.support.history import events_of
from tests.support.runs import FINDING, OPERATOR, TimedRunSystem, told, user


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage)


# The way


async def test_a_run_takes_a_brief_to_a_package_of_each_tactic(system: TimedRunSystem) -> None:
    await system.add_brief()

    done = await system.settled(await system.start(channels=("search", "posters")))

    assert (done.status, done.error, done.progress) == (RunStatus.SUCCEEDED, None, 1.0)
    assert done.finished_at is not None
    assert told(done) == [
        "normalize: succeeded",
        "plan: succeeded",
        "approval: skipped",
        "campaign: succeeded",
        "draft 0: succeeded",
        "draft 1: succeeded",
        "check 0: succeeded",
        "check 1: succeeded",
        "package 0: succeeded",
        "package 1: succeeded",
    ]
    assert {it.attempts for it in done.journal} == {1}
    assert (await system.made()).counts == {
        "strategy_plans": 1,
        "campaigns": 1,
        "drafts": 2,
        "qc_results": 2,
        "delivery_packages": 2,
    }
    assert not await system.has_job(done)


async def test_a_package_has_a_file_of_the_draft(system: TimedRunSystem) -> None:
    await system.add_brief()

    done = await system.settled(await system.start())

    made = done.journal[-1].produced
    assert made is not None
    async with system.storage.as_(OPERATOR).read() as snapshot:
        [artifact] = (await snapshot.delivery_packages.artifacts_by_package_id([made.key]))[
            made.key
        ]
        file = await snapshot.files.get(artifact.file_id or "")
    assert file is not None
    assert (file.name, file.media_type, file.client_id) == (
        "Post 1.md",
        "text/markdown",
        "client-1",
    )
    content = f"# Post 1\n\nBread of {done.strategy_id}.\n".encode()
    assert (file.size, file.sha256) == (len(content), build.sha256_of(content))
    assert artifact.draft_revision == 1
    assert artifact.qc_revision == 1


async def test_a_brief_that_is_normalised_is_left_as_it_is(system: TimedRunSystem) -> None:
    await system.change(lambda unit: unit.briefs.save(build.brief("brief-1")))

    done = await system.settled(await system.start())

    assert told(done)[0] == "normalize: skipped"
    assert system.fakes.asked["normalize"] == 0


async def test_progress_never_goes_back_and_each_change_is_an_event(system: TimedRunSystem) -> None:
    system.fakes.evaluator.refusals["Post 0"] = 1
    await system.add_brief()

    started = await system.start()
    done = await system.settled(started)

    async with system.storage.as_(OPERATOR).read() as snapshot:
        events = (await events_of(snapshot, "run", started.run_id, 99))[::-1]
    states = [it.state.to_python() for it in events if it.state is not None]
    progress = [it["progress"] for it in states]
    assert progress == sorted(progress)
    assert len(events) == done.revision
    assert events[0].type == "run.started"
    assert events[-1].type == "run.succeeded"


async def test_there_is_no_run_of_a_brief_that_is_not_there(system: TimedRunSystem) -> None:
    with pytest.raises(NotFound):
        await system.start("brief-9")


# Approval


async def test_a_run_waits_for_the_approval_of_its_plan_and_holds_nothing(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()

    waiting = await system.settled(await system.start(require_approval=True))

    assert waiting.status is RunStatus.WAITING_APPROVAL
    assert told(waiting)[2] == "approval: waiting"
    assert not await system.server.step()

    await system.approve(waiting)
    done = await system.settled(waiting)

    assert done.status is RunStatus.SUCCEEDED
    assert told(done)[2] == "approval: succeeded"


async def test_a_waiting_run_is_gone_on_with_by_another_server(system: TimedRunSystem) -> None:
    await system.add_brief()
    waiting = await system.settled(await system.start(require_approval=True))

    await system.approve(waiting)
    await system.another().settle()

    assert (await system.run_of(waiting)).status is RunStatus.SUCCEEDED


async def test_a_run_whose_plan_is_rejected_fails_until_the_plan_is_another(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    waiting = await system.settled(await system.start(require_approval=True))

    await system.reject(waiting)
    failed = await system.settled(waiting)

    assert (failed.status, failed.error) == (
        RunStatus.FAILED,
        "The plan was rejected by Grace.",
    )

    async with system.storage.as_(OPERATOR).read() as snapshot:
        plan = await snapshot.strategy_plans.get(waiting.strategy_id or "")
    assert plan is not None
    again = build.save_plan(strategy_id=plan.strategy_id, brief_id="brief-1", version=None)
    await system.change(lambda unit: save_strategy_plan(unit, again))
    await system.retry(failed)
    assert (await system.settled(failed)).status is RunStatus.WAITING_APPROVAL
    await system.approve(failed)
    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_a_run_looks_by_itself_after_a_while_what_was_decided(system: TimedRunSystem) -> None:
    await system.add_brief()
    waiting = await system.settled(await system.start(require_approval=True))
    key = waiting.strategy_id or ""
    decision = build.decide_plan(strategy_id=key)
    await system.change(lambda unit: approve_strategy_plan(unit, decision))
    assert (await system.settled(waiting)).status is RunStatus.WAITING_APPROVAL

    system.clock.move(minutes=11)

    assert (await system.settled(waiting)).status is RunStatus.SUCCEEDED


# QC


async def test_a_draft_that_does_not_pass_is_written_anew_and_checked_again(
    system: TimedRunSystem,
) -> None:
    system.fakes.evaluator.refusals["Post 0"] = 1
    await system.add_brief()

    done = await system.settled(await system.start())

    assert done.status is RunStatus.SUCCEEDED
    assert told(done)[6:] == [
        "check 0: succeeded",
        "redraft 0: succeeded",
        "check 0: succeeded",
        "check 1: succeeded",
        "package 0: succeeded",
        "package 1: succeeded",
    ]
    assert system.fakes.asked["redraft"] == 1
    assert sorted((await system.made()).items()) == [
        (("campaigns", 1), 1),
        (("delivery_packages", 1), 2),
        (("drafts", 1), 1),
        (("drafts", 2), 1),
        (("qc_results", 1), 1),
        (("qc_results", 2), 1),
        (("strategy_plans", 1), 1),
    ]


async def test_a_run_fails_with_the_verdict_when_no_draft_passes(system: TimedRunSystem) -> None:
    system.fakes.evaluator.refusals["Post 1"] = 9
    await system.add_brief()

    failed = await system.settled(await system.start(max_redrafts=2))

    assert failed.status is RunStatus.FAILED
    assert system.fakes.asked["redraft"] == 2
    assert failed.error is not None
    draft_id = next(it.produced_key for it in failed.journal if it.name == "redraft")
    assert failed.error == (
        f"The draft 'Post 1' ({draft_id}) didn't pass QC, with a score of 0.25: It's dull."
    )
    verdict = next(it for it in failed.journal if it.status is RunStepStatus.FAILED)
    assert verdict.produced_type == "QcResult"
    assert (await system.made()).counts["delivery_packages"] == 0

    system.fakes.evaluator.refusals.clear()
    await system.retry(failed)

    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_a_run_that_fails_tells_the_first_issues_of_the_verdict(
    system: TimedRunSystem,
) -> None:
    system.fakes.evaluator.refusals["Post 1"] = 9
    system.fakes.evaluator.findings = [
        replace(FINDING, reason=reason)
        for reason in ("It's dull.", "It's\nlong.", "It", "is.", "!")
    ]
    await system.add_brief()

    failed = await system.settled(await system.start(max_redrafts=0))

    assert failed.error is not None
    assert failed.error.endswith(" 0.25: It's dull. It's long. It And 2 more.")


async def test_what_somebody_has_mended_is_not_written_over(system: TimedRunSystem) -> None:
    system.fakes.evaluator.refusals["Post 0"] = 1
    await system.add_brief()
    write = system.fakes.drafts.write

    async def mended_meanwhile(subject: DraftSubject) -> SaveDraft:
        if subject.previous is not None:
            mine = replace(subject.previous, body="Mine, after 7.")
            await system.change(lambda unit: unit.drafts.save(mine))
        return await write(subject)

    system.fakes.drafts.write = mended_meanwhile  # type: ignore[method-assign]
    started = await system.start()
    await system.server.settle()
    system.clock.move(seconds=6)
    done = await system.settled(started)

    assert done.status is RunStatus.SUCCEEDED
    assert told(done)[7] == "redraft 0: skipped"
    async with system.storage.as_(OPERATOR).read() as snapshot:
        drafts = await snapshot.drafts.page(PageRequest(9, NEWEST_FIRST))
    assert "Mine, after 7." in [draft.body for draft in drafts.items]


async def test_a_draft_that_changes_while_it_is_checked_is_checked_again(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    evaluate = system.fakes.evaluator.evaluate
    changes = iter([True])

    async def changed_meanwhile(*given: object) -> object:
        if next(changes, False):
            async with system.storage.as_(OPERATOR).read() as snapshot:
                drafts = await snapshot.drafts.page(PageRequest(9, NEWEST_FIRST))
            for draft in drafts.items:
                await system.change(lambda unit, it=draft: unit.drafts.save(it))
        return await evaluate(*given)  # type: ignore[arg-type]

    system.fakes.evaluator.evaluate = changed_meanwhile  # type: ignore[assignment,method-assign]
    started = await system.start()
    await system.server.settle()
    system.clock.move(seconds=6)

    assert (await system.settled(started)).status is RunStatus.SUCCEEDED


async def test_what_a_producer_has_made_is_stored_while_the_server_ends(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    write, server = system.fakes.drafts.write, system.another()

    async def meanwhile_stopped(subject: DraftSubject) -> SaveDraft:
        server.stop()
        return await write(subject)

    system.fakes.drafts.write = meanwhile_stopped  # type: ignore[method-assign]
    started = await system.start()

    await server.run()

    left = await system.run_of(started)
    assert left.status is RunStatus.RUNNING
    assert told(left)[4:6] == ["draft 0: succeeded", "draft 1: running"]
    system.fakes.drafts.write = write  # type: ignore[method-assign]
    assert (await system.settled(started)).status is RunStatus.SUCCEEDED
    assert system.fakes.asked["draft"] == 2


# Callers


async def test_a_run_is_made_in_the_name_of_who_started_it(system: TimedRunSystem) -> None:
    await system.add_brief()
    ada = user("ada", clients=frozenset({"client-1"}))

    done = await system.settled(await system.start(caller=ada))

    assert done.started_by == "ada"
    key = done.strategy_id or ""
    async with system.storage.as_(OPERATOR).read() as snapshot:
        [event] = await events_of(snapshot, "strategy_plan", key, 9)
    assert event.caller.id == "ada"


async def test_a_run_does_nothing_that_its_caller_may_not_do(system: TimedRunSystem) -> None:
    await system.add_brief()
    ada = user("ada", scopes=ALL_SCOPES - {Scope.PRODUCTION_WRITE})

    failed = await system.settled(await system.start(caller=ada))

    assert (failed.status, failed.error) == (
        RunStatus.FAILED,
        "Requires the scope `production:write`.",
    )
    assert told(failed)[3] == "campaign: failed"


# Several servers


async def test_two_servers_do_each_of_fifty_runs_once(system: TimedRunSystem) -> None:
    system.fakes.strategy.tactics = 1
    briefs = [await system.add_brief(f"brief-{number}") for number in range(50)]
    started = [await system.start(brief.brief_id) for brief in briefs]

    await asyncio.gather(
        system.another(concurrency=4).settle(), system.another(concurrency=4).settle()
    )

    assert {(await system.run_of(run)).status for run in started} == {RunStatus.SUCCEEDED}
    made = await system.made()
    assert made == {
        (name, 1): 50
        for name in ("strategy_plans", "campaigns", "drafts", "qc_results", "delivery_packages")
    }


async def test_no_approval_is_missed_by_a_run_that_is_about_to_wait(system: TimedRunSystem) -> None:
    """Each plan is approved as soon as it's there, before, while or after its run looks at it."""
    system.fakes.strategy.tactics = 1
    briefs = [await system.add_brief(f"brief-{number}") for number in range(20)]
    started = [await system.start(brief.brief_id, require_approval=True) for brief in briefs]
    is_pending = Comparison("approval", Operator.EQ, "PENDING")

    async def approve_all() -> None:
        left = len(started)
        while left:
            async with system.storage.as_(OPERATOR).read() as snapshot:
                plans = await snapshot.strategy_plans.page(
                    PageRequest(99, NEWEST_FIRST, is_pending)
                )
            for plan in plans.items:
                decision = build.decide_plan(strategy_id=plan.strategy_id)
                await system.change(lambda unit, it=decision: approve_plan(unit, it))
            left -= len(plans.items)
            await asyncio.sleep(0)

    await asyncio.gather(system.another(concurrency=4).settle(), approve_all())
    await system.server.settle()

    assert {(await system.run_of(run)).status for run in started} == {RunStatus.SUCCEEDED}
