"""What becomes of a run when something goes wrong, or a server can't do its step."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from domain import run_transitions, workflow
from domain.callers import Caller
from domain.errors import Unavailable, ValidationFailed, Violation
from domain.production import SaveDraft
from domain.workflow import Run, RunStatus, RunStepStatus
from orchestration.producers.ports import DraftSubject
from orchestration.runs import campaign
from orchestration.runs.engine import WORKFLOWS
from orchestration.runs.steps import At, Effect, Producers
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests.support.runs import TimedRunSystem, told
from tests.support.wrapped_storage import WrappedStorage


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage)


async def test_a_step_is_tried_again_after_growing_pauses(system: TimedRunSystem) -> None:
    await system.add_brief()
    system.fakes.strategy.fail("plan", *[Unavailable("No bread today.")] * 2)

    started = await system.start()
    first = await system.settled(started)
    assert (first.status, first.journal[1].error) == (RunStatus.RUNNING, "No bread today.")
    system.clock.move(seconds=6)
    await system.server.settle()
    system.clock.move(seconds=6)
    assert (await system.settled(started)).journal[1].attempts == 2
    system.clock.move(seconds=6)

    done = await system.settled(started)

    assert (done.status, done.journal[1].attempts) == (RunStatus.SUCCEEDED, 3)
    assert done.journal[1].error is None


class Outage(WrappedStorage):
    """Storage that can't be written to while it's away."""

    is_away = False

    def as_(self, caller: Caller) -> Repositories:
        repositories = super().as_(caller)
        write = repositories.write

        async def write_unless_away(*given: Any, **options: Any) -> Any:
            if self.is_away:
                raise Unavailable("No storage today.")
            return await write(*given, **options)

        setattr(repositories, "write", write_unless_away)  # noqa: B010 - not a method's
        return repositories


async def test_an_outage_in_the_midst_of_a_step_is_told_once_and_the_run_goes_on_after_its_lease(
    system: TimedRunSystem, caplog: pytest.LogCaptureFixture
) -> None:
    await system.add_brief()
    storage, write = Outage(system.storage), system.fakes.drafts.write
    server = system.another(storage=storage)

    async def meanwhile_away(subject: DraftSubject) -> SaveDraft:
        storage.is_away = True
        return await write(subject)

    system.fakes.drafts.write = meanwhile_away  # type: ignore[method-assign]
    started = await system.start()
    with caplog.at_level(logging.WARNING, "aicmo.runs"):
        await system.settle(server)

    assert [it.getMessage() for it in caplog.records] == [
        f"the run {started.run_id} has to wait until its lease ends: No storage today."
    ]
    system.fakes.drafts.write = write  # type: ignore[method-assign]
    storage.is_away = False
    assert not await server.step()
    system.clock.move(minutes=3)
    assert (await system.settled(started)).status is RunStatus.SUCCEEDED


async def test_a_run_fails_when_a_step_was_tried_often_enough(system: TimedRunSystem) -> None:
    await system.add_brief()
    system.fakes.strategy.fail("plan", *[Unavailable("No bread today.")] * 20)

    started = await system.start()
    for _ in range(workflow.MAX_ATTEMPTS + 3):
        await system.server.settle()
        system.clock.move(minutes=10)

    failed = await system.run_of(started)
    assert (failed.status, failed.error) == (RunStatus.FAILED, "No bread today.")
    assert system.fakes.asked["plan"] == workflow.MAX_ATTEMPTS


async def test_what_another_attempt_would_not_mend_lets_the_run_fail_at_once(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    wrong = Violation(("kpis", 0, "target_value"), "must be good")
    system.fakes.strategy.fail("plan", ValidationFailed([wrong]))

    failed = await system.settled(await system.start())

    assert (failed.status, failed.error) == (RunStatus.FAILED, "kpis.0.targetValue: must be good.")
    assert told(failed)[1] == "plan: failed"
    await system.retry(failed)
    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_bugs_in_succession_let_the_run_fail_without_telling_what_they_are(
    system: TimedRunSystem, caplog: pytest.LogCaptureFixture
) -> None:
    await system.add_brief()
    system.fakes.drafts.fail("draft", *[RuntimeError("secret")] * 3)

    started = await system.start()
    with caplog.at_level(logging.ERROR, "aicmo.runs"):
        for _ in range(5):
            await system.server.settle()
            system.clock.move(minutes=5)

    failed = await system.run_of(started)
    assert failed.status is RunStatus.FAILED
    assert "secret" not in (failed.error or "")
    assert len(caplog.records) == 3
    await system.retry(failed)
    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_bugs_with_progress_in_between_are_none_in_succession(system: TimedRunSystem) -> None:
    await system.add_brief()
    bugs = [RuntimeError("bug")] * 2
    system.fakes.strategy.fail("normalize", *bugs)
    system.fakes.strategy.fail("plan", *bugs)
    system.fakes.strategy.fail("campaign", *bugs)

    started = await system.start()
    for _ in range(8):
        await system.server.settle()
        system.clock.move(minutes=5)

    assert (await system.run_of(started)).status is RunStatus.SUCCEEDED


async def test_a_step_at_which_processes_are_killed_again_and_again_is_given_up(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    started = await system.start()
    stuck = run_transitions.taken_up(await system.run_of(started), started.updated_at)
    for _ in range(workflow.MAX_ATTEMPTS - 1):
        stuck = run_transitions.taken_up(stuck, started.updated_at)
    await system.change(lambda unit: unit.runs.save(stuck))

    failed = await system.settled(started)

    assert failed.status is RunStatus.FAILED
    assert system.fakes.asked.total() == 0
    await system.retry(failed)
    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_a_step_that_a_server_does_not_know_is_left_to_another(
    system: TimedRunSystem,
) -> None:
    steps = dict(campaign.STEPS)
    del steps[workflow.CAMPAIGN]
    older: Mapping[tuple[str, int], Mapping[str, object]] = {(workflow.WORKFLOW, 1): steps}
    await system.add_brief()
    started = await system.start()

    for _ in range(3):
        await system.another(workflows=older).settle()  # type: ignore[arg-type]
        system.clock.move(seconds=31)

    waiting = await system.run_of(started)
    assert waiting.status is RunStatus.RUNNING
    assert (waiting.journal[3].status, waiting.journal[3].error) == (
        RunStepStatus.PENDING,
        "It waits for a server that does this step.",
    )
    revision = waiting.revision
    await system.another(workflows=older).settle()  # type: ignore[arg-type]
    assert (await system.run_of(started)).revision == revision
    system.clock.move(seconds=31)
    assert (await system.settled(started)).status is RunStatus.SUCCEEDED


async def test_a_run_that_waits_for_approval_goes_on_with_its_version_on_newer_servers(
    system: TimedRunSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer servers know its version, and another one, which they begin with."""

    async def nothing_to_do(at: At) -> Effect:
        return skip

    async def skip(unit: UnitOfWork, run: Run) -> Run:
        return run_transitions.skipped(run, unit.now)

    second = {name: replace(step, work=nothing_to_do) for name, step in campaign.STEPS.items()}
    newer = system.another(workflows={**WORKFLOWS, (workflow.WORKFLOW, 2): second})
    await system.add_brief("brief-1")
    await system.add_brief("brief-2")
    waiting = await system.settled(await system.start("brief-1", require_approval=True))
    assert (waiting.status, waiting.workflow_version) == (RunStatus.WAITING_APPROVAL, 1)

    monkeypatch.setattr(workflow, "VERSION", 2)
    new = await system.start("brief-2", require_approval=True)
    await system.server.settle()
    assert (await system.run_of(new)).status is RunStatus.PENDING
    system.clock.move(seconds=31)
    await system.approve(waiting)
    await newer.settle()

    old, new = await system.run_of(waiting), await system.run_of(new)
    assert (old.status, old.workflow_version) == (RunStatus.SUCCEEDED, 1)
    assert told(old) == [
        "normalize: succeeded",
        "plan: succeeded",
        "approval: succeeded",
        "campaign: succeeded",
        "draft 0: succeeded",
        "draft 1: succeeded",
        "check 0: succeeded",
        "check 1: succeeded",
        "package 0: succeeded",
        "package 1: succeeded",
    ]
    assert (new.status, new.workflow_version) == (RunStatus.SUCCEEDED, 2)
    assert {it.status for it in new.journal} == {RunStepStatus.SKIPPED}
    assert (await system.made()).counts["delivery_packages"] == 2


async def test_a_server_without_producers_leaves_runs_to_others(system: TimedRunSystem) -> None:
    await system.add_brief()
    started = await system.start()

    await system.another(producers=Producers()).settle()
    assert (await system.run_of(started)).status is RunStatus.PENDING
    system.clock.move(seconds=31)

    assert (await system.settled(started)).status is RunStatus.SUCCEEDED


async def test_a_run_waits_at_its_packages_for_a_server_that_keeps_files(
    system: TimedRunSystem,
) -> None:
    await system.add_brief()
    started = await system.start()

    await system.another(producers=system.fakes.as_producers(store=None)).settle()
    step = (await system.run_of(started)).current

    assert step is not None
    assert step.name == "package"
    assert step.error == "It waits for a server that does this step."
    system.clock.move(seconds=31)
    assert (await system.settled(started)).status is RunStatus.SUCCEEDED
