"""The API in process, with a store for files."""

from collections.abc import AsyncIterator

import pytest

from files.memory import MemoryStore
from orchestration.uploads import Uploads
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests.support.files import BASE, files_in
from tests.support.graphql import InProcess
from tests.support.sources import SettableClock


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def api(
    schema: CompiledSchema, storage: Storage, store: MemoryStore, clock: SettableClock
) -> AsyncIterator[InProcess]:
    uploads = Uploads(storage, files_in(store, clock))
    yield InProcess(schema, storage, uploads=uploads, base=BASE)
    await uploads.close()
