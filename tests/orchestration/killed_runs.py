"""Carries out what a server does with runs, and is killed at a boundary of its steps."""

import asyncio
from pathlib import Path
from typing import Any

from domain.sources import Clock
from files.opening import open_folder
from files.store import FileStore
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from tests.orchestration.killed_uploads import Boundaries, WatchedStorage, WatchedStore
from tests.support.runs import RunSystem

NEVER = 10**6


def system_of(storage: Storage, store: FileStore, clock: Clock | None = None) -> RunSystem:
    """Runs of two tactics, the draft of whose first one has to be written anew."""
    system = RunSystem(storage, clock, store=store, tactics=2)
    system.fakes.evaluator.refusals["Post 0"] = 1
    return system


def run(url: str, folder: str, boundary: int) -> None:
    """What the process does; it ends by itself where there are fewer boundaries."""
    boundaries = Boundaries(boundary)
    asyncio.run(_run(url, Path(folder), boundaries, boundaries))


def run_until_it_stores(url: str, folder: str, boundary: int) -> None:
    """The same, but only what is done to the store is counted: where it's killed it has a run."""
    asyncio.run(_run(url, Path(folder), Boundaries(NEVER), Boundaries(boundary)))


async def _run(url: str, folder: Path, of_storage: Boundaries, of_store: Boundaries) -> None:
    database, kept = open_database(url), open_folder(folder)
    storage: Any = WatchedStorage(create_storage(PersistenceMode.DB, database), of_storage)
    store: Any = WatchedStore(kept, of_store)
    await system_of(storage, store).server.settle()
    await kept.close()
    await database.close()
