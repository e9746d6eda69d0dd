"""Imports of tests: files of lines, and a server that carries imports out."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson

from domain.bulk import ErrorPolicy
from domain.callers import Caller
from domain.files import ByteCount
from domain.sources import Clock, utc_now
from domain.transfers import Export, Import, StartExport, StartImport, TransferEntity
from files.store import FileStore, content_key
from orchestration.transfers import Transfers
from orchestration.workers import Pace
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.transfers.commands import start_export, start_import
from schema.root import create_schema
from schema.transfer_rows import TransferRows
from tests import builders as build
from tests.support.files import keep

OPERATOR = build.caller()
Json = dict[str, Any]


class MovedClock:
    """The present time, as PostgreSQL has it as well, or a later one."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def move(self, **by: float) -> None:
        self._ahead += timedelta(**by)


def jsonl(rows: Iterable[Json]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def draft(number: int, **changes: Any) -> Json:
    complete = {
        "draftId": f"draft-{number:05}",
        "strategyId": "plan-1",
        "contentType": "article",
        "title": f"Draft {number}",
        "body": "It takes time.",
    }
    return complete | changes


def server(
    storage: Storage, store: FileStore, clock: Clock | None = None, **pace: Any
) -> Transfers:
    """What carries out transfers, as a server has it."""
    rows = TransferRows(create_schema().definition)
    return Transfers(storage, store, rows, Pace(**pace), clock=clock)


async def add_file(
    storage: Storage, store: FileStore, content: bytes, file_id: str = "file-1", **changes: Any
) -> None:
    """A file with this content."""
    sha256 = build.sha256_of(content)
    await keep(store, sha256, content)
    given = {"sha256": sha256, "size": ByteCount(len(content)), "client_id": None}
    file = build.file(file_id, **given | changes)
    await storage.as_(OPERATOR).write(lambda unit: unit.files.save(file))


async def start(
    storage: Storage,
    entity: TransferEntity = TransferEntity.DRAFT,
    policy: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS,
    *,
    file_id: str = "file-1",
    caller: Caller = OPERATOR,
) -> Import:
    command = StartImport(file_id=file_id, entity=entity, error_policy=policy)
    return await storage.as_(caller).write(lambda unit: start_import(unit, command))


async def export(
    storage: Storage, entity: TransferEntity, *, caller: Caller = OPERATOR, **changes: Any
) -> Export:
    command = StartExport(entity=entity, **changes)
    return await storage.as_(caller).write(lambda unit: start_export(unit, command))


async def export_of(storage: Storage, export_id: str) -> Export:
    async with storage.as_(OPERATOR).read() as snapshot:
        found = await snapshot.exports.get(export_id)
    assert found is not None
    return found


async def import_of(storage: Storage, import_id: str) -> Import:
    async with storage.as_(OPERATOR).read() as snapshot:
        found = await snapshot.imports.get(import_id)
    assert found is not None
    return found


async def result_of(storage: Storage, store: FileStore, stored: Import | Export) -> list[Json]:
    """The lines of the result file."""
    assert stored.result_file_id is not None
    async with storage.as_(OPERATOR).read() as snapshot:
        file = await snapshot.files.get(stored.result_file_id)
    assert file is not None
    content = b"".join([part async for part in store.read(content_key(file.sha256))])
    assert (len(content), build.sha256_of(content)) == (file.size, file.sha256)
    # Python takes more characters for ends of lines than JSON Lines do: none is in a line.
    return [orjson.loads(line) for line in content.decode().splitlines()]


async def count_of(storage: Storage) -> int:
    """How many drafts there are."""

    async def work(unit: UnitOfWork) -> int:
        return await unit.drafts.count(None)

    return await storage.as_(OPERATOR).write(work)
