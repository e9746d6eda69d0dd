"""A cancelled run removes what it has made, and only that."""

from dataclasses import replace

import pytest

from domain import workflow
from domain.errors import InvalidTransition
from domain.scopes import ALL_SCOPES, Scope
from domain.workflow import RunStatus, RunStepStatus
from repositories.unit_of_work import Storage
from tests.support.runs import OPERATOR, RunSystem, TimedRunSystem, told, user


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage)


async def test_a_cancelled_run_removes_what_it_has_made_in_reverse_order(system: RunSystem) -> None:
    system.fakes.evaluator.refusals["Post 1"] = 9
    await system.add_brief()
    failed = await system.settled(await system.start())

    cancelled = await system.cancel(failed)
    assert cancelled.status is RunStatus.COMPENSATING
    done = await system.settled(failed)

    assert done.status is RunStatus.COMPENSATED
    assert not +(await system.made())
    assert told(done)[0] == "normalize: kept"
    assert done.journal[0].error == "A brief that is normalised stays so."
    assert set(told(done)[3:]) >= {
        "campaign: compensated",
        "draft 0: compensated",
        "check 1: compensated",
        "redraft 1: compensated",
        "package 0: skipped",
    }
    assert not await system.has_job(done)


async def test_a_run_of_a_caller_who_is_bound_to_clients_removes_all_the_same(
    system: RunSystem,
) -> None:
    system.fakes.evaluator.refusals["Post 1"] = 9
    await system.add_brief()
    ada = user("ada", clients=frozenset({"client-1"}))
    failed = await system.settled(await system.start(caller=ada))

    await system.cancel(failed)
    done = await system.settled(failed)

    assert (done.status, done.error) == (RunStatus.COMPENSATED, None)
    assert not +(await system.made())


async def test_a_run_that_its_caller_sees_no_more_is_cancelled_by_who_sees_it(
    system: RunSystem,
) -> None:
    await system.add_brief()
    ada = user("ada", clients=frozenset({"client-1"}))
    waiting = await system.settled(await system.start(caller=ada, require_approval=True))
    await system.change(lambda unit: unit.briefs.delete("brief-1"))
    await system.approve(waiting)
    await system.server.settle()
    assert not await system.has_job(waiting)

    await system.cancel(waiting)

    assert (await system.settled(waiting)).status is RunStatus.COMPENSATED


async def test_a_run_that_has_made_nothing_is_cancelled_at_once(system: RunSystem) -> None:
    await system.add_brief()
    started = await system.start()

    cancelled = await system.cancel(started)

    assert cancelled.status is RunStatus.CANCELLED
    assert await system.cancel(started) == cancelled
    await system.server.settle()
    assert system.fakes.asked.total() == 0
    assert not await system.has_job(started)


async def test_what_others_have_changed_stays_and_is_named(system: RunSystem) -> None:
    await system.add_brief()
    waiting = await system.settled(await system.start(require_approval=True))
    await system.approve(waiting)
    system.fakes.evaluator.refusals["Post 1"] = 9
    failed = await system.settled(waiting)
    [first, second] = [it.produced_key for it in failed.journal if it.name == workflow.DRAFT]
    async with system.storage.as_(OPERATOR).read() as snapshot:
        draft = await snapshot.drafts.get(first or "")
    assert draft is not None
    await system.change(lambda unit: unit.drafts.save(replace(draft, body="Mine.")))
    await system.change(lambda unit: unit.drafts.delete(second or ""))

    await system.cancel(failed)
    done = await system.settled(failed)

    assert done.status is RunStatus.COMPENSATED
    assert (await system.made()).counts == {
        "strategy_plans": 1,
        "campaigns": 0,
        "drafts": 1,
        "qc_results": 0,
        "delivery_packages": 0,
    }
    kept = {it.name: it.error for it in done.journal if it.status is RunStepStatus.KEPT}
    assert kept.keys() == {"normalize", "plan", "draft"}
    assert kept["draft"] == (
        f"{first} was changed by others since: it's at revision 2, and the run had left it at 1."
    )


async def test_a_run_that_is_cancelled_while_a_step_is_done_stores_nothing_of_it(
    system: RunSystem,
) -> None:
    await system.add_brief()
    write = system.fakes.drafts.write
    started = await system.start()

    async def cancelled_meanwhile(subject: object) -> object:
        await system.cancel(started)
        return await write(subject)  # type: ignore[arg-type]

    system.fakes.drafts.write = cancelled_meanwhile  # type: ignore[assignment,method-assign]

    done = await system.settled(started)

    assert done.status is RunStatus.COMPENSATED
    assert not +(await system.made())


async def test_a_compensation_that_fails_is_seen_and_can_be_retried(system: RunSystem) -> None:
    system.fakes.evaluator.refusals["Post 1"] = 9
    await system.add_brief()
    failed = await system.settled(await system.start())
    await system.cancel(failed)
    weak = user("ada", scopes=ALL_SCOPES - {Scope.PRODUCTION_WRITE})
    strong = await system.replace_caller(failed, weak)

    stuck = await system.settled(failed)

    assert (stuck.status, stuck.error) == (
        RunStatus.FAILED,
        "Requires the scope `production:write`.",
    )
    await system.replace_caller(failed, strong)
    assert (await system.retry(failed)).status is RunStatus.COMPENSATING
    assert (await system.settled(failed)).status is RunStatus.COMPENSATED
    assert not +(await system.made())


async def test_only_what_has_not_ended_is_cancelled_and_only_what_failed_is_retried(
    system: RunSystem,
) -> None:
    await system.add_brief()
    done = await system.settled(await system.start())

    with pytest.raises(InvalidTransition):
        await system.cancel(done)
    with pytest.raises(InvalidTransition):
        await system.retry(done)
