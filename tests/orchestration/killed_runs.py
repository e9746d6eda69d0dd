"""Carries out what a server does with runs, and is killed at a boundary of its steps."""

import asyncio
from pathlib import Path
from typing import Any

from files.opening import open_folder
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from tests.orchestration.killed_uploads import Boundaries, WatchedStorage, WatchedStore
from tests.support.runs import RunSystem


def run(url: str, folder: str, boundary: int) -> None:
    """What the process does; it ends by itself where there are fewer boundaries."""
    asyncio.run(_run(url, Path(folder), Boundaries(boundary)))


async def _run(url: str, folder: Path, boundaries: Boundaries) -> None:
    database = open_database(url)
    storage: Any = WatchedStorage(create_storage(PersistenceMode.DB, database), boundaries)
    store: Any = WatchedStore(open_folder(folder), boundaries)
    await RunSystem(storage, store=store).server.settle()
    await database.close()
