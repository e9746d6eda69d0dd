"""Starts of a run that are sent again before the first one is answered."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import ValidationFailed
from domain.sources import utc_now
from domain.workflow import Run, StartRun
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.jobs import Queue
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.workflow.commands import start_run
from tests import builders as build
from tests.concurrency.conftest import until_waiting_or_done
from tests.support.runs import RunSystem
from tests.support.tasks import elsewhere, together

CALLERS = 12


async def test_of_many_starts_at_once_under_one_key_there_is_one_run(storage: Storage) -> None:
    system = RunSystem(storage)
    await system.add_brief()

    outcomes = await together(*(system.start(run_id="mine") for _ in range(CALLERS)))

    assert [(it.run_id, it.revision, len(it.journal)) for it in outcomes] == [
        ("mine", 1, 4) for _ in range(CALLERS)
    ]
    assert await _jobs(system) == ["mine"]


async def test_of_starts_at_once_with_different_options_one_is_carried_out(
    storage: Storage,
) -> None:
    system = RunSystem(storage)
    await system.add_brief()

    outcomes = await together(
        *(system.start(run_id="mine", max_redrafts=number % 3) for number in range(CALLERS))
    )

    [redrafts] = {it.max_redrafts for it in outcomes if isinstance(it, Run)}
    refused = [it for it in outcomes if isinstance(it, ValidationFailed)]
    assert len(refused) == CALLERS * 2 // 3
    assert (await system.run_of(build.run("mine"))).max_redrafts == redrafts
    assert await _jobs(system) == ["mine"]


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_start_that_another_process_repeats_waits_for_the_first_one(
    processes: tuple[Database, Database], is_done: bool
) -> None:
    """Also where the run has been carried out when the first start is stored."""
    one, other = (RunSystem(create_storage(PersistenceMode.DB, it)) for it in processes)
    await one.add_brief()
    has_written, may_commit = asyncio.Event(), asyncio.Event()

    async def slowly(unit: UnitOfWork) -> Run:
        run = await start_run(unit, StartRun(run_id="mine", brief_id="brief-1"))
        if is_done:
            jobs = unit.queue(Queue.RUNS)
            for job in await jobs.claim(9, timedelta(), utc_now() + timedelta(days=1)):
                await jobs.remove(job)
        has_written.set()
        await may_commit.wait()
        return run

    first = elsewhere(one.change(slowly))
    await has_written.wait()
    repeated = elsewhere(other.start(run_id="mine"))
    await until_waiting_or_done(processes[0], repeated)
    may_commit.set()
    await asyncio.gather(first, repeated)

    assert repeated.result().revision == 1
    assert await _jobs(one) == ([] if is_done else ["mine"])


async def _jobs(system: RunSystem) -> list[str]:
    async def work(unit: UnitOfWork) -> list[str]:
        jobs = unit.queue(Queue.RUNS)
        return [job.key for job in await jobs.claim(99, timedelta(), utc_now() + timedelta(days=9))]

    found: list[str] = await system.change(work)
    return found
