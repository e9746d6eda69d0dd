"""Of two servers on PostgreSQL one is killed in the middle of runs: each run is done once."""

import multiprocessing
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from domain.workflow import RunStatus
from files.opening import open_folder
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.jobs import Queue
from repositories.unit_of_work import UnitOfWork
from tests.conftest import close_database
from tests.orchestration import killed_runs
from tests.support.files import kept
from tests.support.patience import SECONDS
from tests.support.runs import RunSystem

RUNS = 6
NEVER = 10**6


async def _end_leases(unit: UnitOfWork) -> None:
    """As time does: whoever was killed doesn't renew them."""
    jobs = unit.queue(Queue.RUNS)
    now = await jobs.time(unit.now)
    for job in await jobs.claim(99, timedelta(), now + timedelta(hours=1)):
        await jobs.release(job, now, job.failures)


@pytest.mark.parametrize("boundary", [9, 40])
async def test_runs_of_a_server_that_was_killed_are_done_by_the_other(
    postgresql_url: str, tmp_path: Path, boundary: int
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([killed_runs.__name__])
    database = open_database(postgresql_url)
    store = open_folder(tmp_path / "files")
    system = RunSystem(create_storage(PersistenceMode.DB, database), store=store)
    briefs = [await system.add_brief(f"brief-{number}") for number in range(RUNS)]
    started = [await system.start(brief.brief_id) for brief in briefs]

    processes = [
        context.Process(
            target=killed_runs.run, args=(postgresql_url, str(tmp_path / "files"), at), daemon=True
        )
        for at in (boundary, NEVER)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)
    assert [process.exitcode for process in processes] == [-signal.SIGKILL, 0]
    await system.change(_end_leases)
    await system.server.settle()

    assert {(await system.run_of(run)).status for run in started} == {RunStatus.SUCCEEDED}
    assert await system.made() == {
        ("strategy_plans", 1): RUNS,
        ("campaigns", 1): RUNS,
        ("drafts", 1): 2 * RUNS,
        ("qc_results", 1): 2 * RUNS,
        ("delivery_packages", 1): 2 * RUNS,
    }
    assert await kept(store, "uploads/") == {}
    await store.close()
    await close_database(database)
