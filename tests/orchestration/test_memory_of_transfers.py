"""What a transfer holds doesn't grow with the file."""

import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.transfers import TransferEntity, TransferStatus
from files.folder import FolderStore
from files.opening import open_folder
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.transfers import (
    OPERATOR,
    add_file,
    draft,
    export,
    export_of,
    import_of,
    jsonl,
    server,
    start,
)

FEW, MANY = 250, 2_500
"""Whoever held all lines would take several megabytes more for many."""
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FolderStore]:
    store = open_folder(tmp_path / "files")
    yield store
    await store.close()


@pytest.fixture
def _storage(_sqlite_url: str) -> str:
    """In memory all entities are held anyway, and PostgreSQL's driver is another's matter."""
    return _sqlite_url


async def peak_of_import(storage: Storage, store: FolderStore, count: int) -> int:
    content = jsonl(draft(number) for number in range(count))
    await add_file(storage, store, content, f"file-{count}")
    del content
    started = await start(storage, file_id=f"file-{count}")
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    await server(storage, store).settle()
    _, peak = tracemalloc.get_traced_memory()
    done = await import_of(storage, started.import_id)
    assert (done.status, done.saved_count) == (TransferStatus.SUCCEEDED, count)
    return peak - before


async def peak_of_export(storage: Storage, store: FolderStore, count: int) -> int:
    started = await export(storage, TransferEntity.DRAFT)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    await server(storage, store).settle()
    _, peak = tracemalloc.get_traced_memory()
    done = await export_of(storage, started.export_id)
    assert (done.status, done.row_count) == (TransferStatus.SUCCEEDED, count)
    return peak - before


async def test_an_export_of_large_entities_holds_a_few_of_them(
    storage: Storage, store: FolderStore
) -> None:
    body = "x" * 900_000
    small = [build.draft(f"a{number:03}") for number in range(100)]
    large = [build.draft(f"b{number:03}", body=body) for number in range(30)]

    async def save(unit: UnitOfWork) -> None:
        for record in [*small, *large]:
            await unit.drafts.save(record)

    await storage.as_(OPERATOR).write(save)
    tracemalloc.start()
    try:
        peak = await peak_of_export(storage, store, 130)
    finally:
        tracemalloc.stop()

    assert peak < 12 * MEBIBYTE


async def test_a_transfer_of_ten_times_as_many_lines_holds_no_more(
    storage: Storage, store: FolderStore
) -> None:
    tracemalloc.start()
    try:
        few = await peak_of_import(storage, store, FEW)
        few_exported = await peak_of_export(storage, store, FEW)
        many = await peak_of_import(storage, store, MANY)
        many_exported = await peak_of_export(storage, store, MANY)
    finally:
        tracemalloc.stop()

    assert many < few + MEBIBYTE
    assert many_exported < few_exported + MEBIBYTE
