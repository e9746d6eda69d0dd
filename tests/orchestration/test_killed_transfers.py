"""A process may be killed at any step of a transfer: the outcome is the one without a kill."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.bulk import ErrorPolicy
from domain.transfers import TransferEntity, TransferStatus
from files.folder import FolderStore
from files.opening import open_folder
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from tests.conftest import close_database
from tests.orchestration import killed_transfers
from tests.support.files import kept
from tests.support.forked import forked, was_killed
from tests.support.transfers import (
    OPERATOR,
    Json,
    add_file,
    count_of,
    draft,
    export,
    export_of,
    import_of,
    jsonl,
    result_of,
    server,
    start,
)

COUNT = 405
"""Three transactions: two full ones, and a rest."""


class System:
    """A database and a folder, which processes use and are killed in between."""

    def __init__(self, url: str, folder: Path, storage: Storage, store: FolderStore) -> None:
        self.url = url
        self.folder = folder
        self.storage = storage
        self.store = store

    def is_killed(self, boundary: int) -> bool:
        """Carry out what is due in a process; whether it was killed before it ended."""
        folder = str(self.folder)
        return was_killed(forked(killed_transfers.run, self.url, folder, boundary))

    async def go_on(self) -> None:
        """Carry out what is left, when the leases of the process that was killed have ended."""

        async def work(unit: UnitOfWork) -> None:
            now = await unit.jobs.time(unit.now)
            for job in await unit.jobs.claim(9, timedelta(), now + timedelta(hours=1)):
                await unit.jobs.release(job, now, job.failures)

        await self.storage.as_(OPERATOR).write(work)
        await server(self.storage, self.store).settle()


@pytest.fixture
async def system(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[System]:
    opened = open_database(database_url)
    folder = tmp_path / "files"
    store = open_folder(folder)
    yield System(database_url, folder, create_storage(PersistenceMode.DB, opened), store)
    await store.close()
    await close_database(opened)


def rows() -> list[Json]:
    """Every tenth has no key of its own, and one is refused."""
    found = [draft(number) for number in range(COUNT)]
    for row in found[::10]:
        del row["draftId"]
    found[7]["title"] = ""
    return found


@pytest.mark.parametrize("boundary", range(3, 16, 2))
async def test_an_import_that_was_killed_saves_each_line_once(
    system: System, boundary: int
) -> None:
    await add_file(system.storage, system.store, jsonl(rows()))
    started = await start(system.storage, TransferEntity.DRAFT, ErrorPolicy.REJECT_FAILED_ROWS)

    assert system.is_killed(boundary)
    await system.go_on()

    done = await import_of(system.storage, started.import_id)
    told = await result_of(system.storage, system.store, done)
    assert (done.status, done.saved_count, done.rejected_count) == (
        TransferStatus.SUCCEEDED,
        COUNT - 1,
        1,
    )
    assert [it["line"] for it in told] == [*range(1, COUNT + 1)]
    assert [it["line"] for it in told if it["status"] != "SAVED"] == [8]
    # Pending, running, three transactions, and the end: as without a kill.
    assert done.revision == 6
    assert {it["revision"] for it in told if it["status"] == "SAVED"} == {1}
    assert await count_of(system.storage) == COUNT - 1
    assert await kept(system.store, "uploads/") == {}


@pytest.mark.parametrize("boundary", range(3, 16, 4))
async def test_an_export_that_was_killed_has_each_entity_once(
    system: System, boundary: int
) -> None:
    await add_file(system.storage, system.store, jsonl(draft(n) for n in range(COUNT)))
    await start(system.storage)
    await server(system.storage, system.store).settle()
    started = await export(system.storage, TransferEntity.DRAFT)

    assert system.is_killed(boundary)
    await system.go_on()

    done = await export_of(system.storage, started.export_id)
    lines = await result_of(system.storage, system.store, done)
    assert (done.status, done.row_count) == (TransferStatus.SUCCEEDED, COUNT)
    assert [line["draftId"] for line in lines] == [f"draft-{n:05}" for n in range(COUNT)]
