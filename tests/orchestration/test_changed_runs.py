"""What becomes of a run when people change what it works with meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from domain.production import Draft
from domain.qc import RecordQcResult
from domain.workflow import Run, RunStatus
from orchestration.producers.ports import PackageFile, PackageSubject
from repositories.criteria import NEWEST_FIRST, PageRequest
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.qc.commands import record_qc_result
from tests.support.packagers import MarkdownPackager
from tests.support.runs import OPERATOR, TimedRunSystem, told, user

BOUND = user("ada", clients=frozenset({"client-1"}))


Meanwhile = Callable[[Draft], Awaitable[None]]
"""Something that happens to a draft."""


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage, tactics=1)


# What is packaged


class PackagerMeanwhile(MarkdownPackager):
    """While it makes the documents of the first package, something happens to the draft."""

    def __init__(self, happens: Meanwhile) -> None:
        self._happens: Meanwhile | None = happens

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens(subject.draft)
        return await super().documents(subject)


async def packaged(system: TimedRunSystem, happens: Meanwhile) -> Run:
    """A run while whose documents are made this happens to the draft, after all attempts."""
    packager = PackagerMeanwhile(happens)
    server = system.another(producers=system.fakes.as_producers(packager=packager))
    await system.add_brief()
    started = await system.start()
    await system.settle(server)
    system.clock.move(seconds=6)
    await system.settle(server)
    return await system.run_of(started)


async def test_a_package_is_made_of_the_draft_that_it_says_it_is_made_of(
    system: TimedRunSystem,
) -> None:
    async def changed(draft: Draft) -> None:
        mine = replace(draft, body="Mine.")
        await system.change(lambda unit: unit.drafts.save(mine))

    done = await packaged(system, changed)

    assert (done.status, done.journal[-1].attempts) == (RunStatus.SUCCEEDED, 2)
    async with system.storage.as_(OPERATOR).read() as snapshot:
        [package] = (await snapshot.delivery_packages.page(PageRequest(9, NEWEST_FIRST))).items
        artifacts = await snapshot.delivery_packages.artifacts_by_package_id([package.package_id])
        [artifact] = artifacts[package.package_id]
        file = await snapshot.files.get(artifact.file_id or "")
    assert artifact.draft_revision == 2
    assert file is not None
    assert file.size == len("# Post 0\n\nMine.\n")


async def test_nothing_is_packaged_whose_verdict_is_another_one_by_then(
    system: TimedRunSystem,
) -> None:
    async def refused(draft: Draft) -> None:
        verdict = RecordQcResult(draft_id=draft.draft_id, passed=False, score=0.1)
        await system.change(lambda unit: record_qc_result(unit, verdict))

    failed = await packaged(system, refused)

    draft_id = failed.journal[4].produced_key
    assert (failed.status, failed.error) == (
        RunStatus.FAILED,
        f"The draft 'Post 0' ({draft_id}) didn't pass QC, with a score of 0.10.",
    )
    assert told(failed)[-1] == "package 0: failed"
    passed = RecordQcResult(draft_id=draft_id or "", passed=True, score=1.0)
    await system.change(lambda unit: record_qc_result(unit, passed))
    await system.retry(failed)
    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_a_run_names_what_is_not_there_any_more(system: TimedRunSystem) -> None:
    system.fakes.evaluator.refusals["Post 0"] = 9
    await system.add_brief()
    failed = await system.settled(await system.start())
    draft_id = failed.journal[4].produced_key or ""
    await system.change(lambda unit: unit.drafts.delete(draft_id))

    await system.retry(failed)

    assert (await system.settled(failed)).error == f"There is no draft {draft_id}."


# Runs that their callers see no more


async def give_brief_to(system: TimedRunSystem, client_id: str) -> None:
    async def work(unit: UnitOfWork) -> None:
        brief = await unit.briefs.get_for_update("brief-1")
        assert brief is not None
        await unit.briefs.save(replace(brief, client_id=client_id))

    await system.change(work)


async def waiting_run(system: TimedRunSystem) -> Run:
    await system.add_brief()
    return await system.settled(await system.start(caller=BOUND, require_approval=True))


async def test_a_run_whose_caller_sees_it_no_more_fails_and_says_why(
    system: TimedRunSystem,
) -> None:
    waiting = await waiting_run(system)

    await give_brief_to(system, "client-2")
    await system.approve(waiting)
    failed = await system.settled(waiting)

    assert (failed.status, failed.error) == (
        RunStatus.FAILED,
        "Who started the run may not see it any more: the brief is another client's, or gone.",
    )
    assert told(failed)[2] == "approval: failed"


async def test_a_run_fails_whose_brief_goes_to_another_client_in_the_midst_of_a_step(
    system: TimedRunSystem,
) -> None:
    write = system.fakes.drafts.write

    async def moved_meanwhile(subject: object) -> object:
        await give_brief_to(system, "client-2")
        return await write(subject)  # type: ignore[arg-type]

    system.fakes.drafts.write = moved_meanwhile  # type: ignore[assignment,method-assign]
    await system.add_brief()

    failed = await system.settled(await system.start(caller=BOUND))

    assert failed.status is RunStatus.FAILED
    assert told(failed)[4] == "draft 0: failed"
    assert (await system.made()).counts["drafts"] == 0


async def test_who_retries_what_its_caller_sees_no_more_has_it_done_in_their_name(
    system: TimedRunSystem,
) -> None:
    waiting = await waiting_run(system)
    await give_brief_to(system, "client-2")
    await system.approve(waiting)
    failed = await system.settled(waiting)

    await system.retry(failed)

    assert (await system.settled(failed)).status is RunStatus.SUCCEEDED


async def test_a_compensation_whose_caller_sees_it_no_more_fails_and_can_be_gone_on_with(
    system: TimedRunSystem,
) -> None:
    waiting = await waiting_run(system)

    await system.cancel(waiting)
    await give_brief_to(system, "client-2")
    failed = await system.settled(waiting)
    assert failed.status is RunStatus.FAILED

    await system.cancel(failed)

    assert (await system.settled(failed)).status is RunStatus.COMPENSATED
    assert not +(await system.made())
