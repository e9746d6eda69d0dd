"""Imports: lines of a file are saved, some in each transaction, with what became of them.

What a transaction stores is the entities, the lines of the result file, and how far the import has
come. So a process that is killed loses nothing, and repeats nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

from domain import transfers
from domain.bulk import MAX_ROWS, BulkRejected, Row, RowRejected
from domain.entity import Entity
from domain.errors import DomainError, ValidationFailed
from domain.json_object import dumps
from domain.transfers import Import, TransferEntity, TransferStatus
from domain.validation import require_valid
from files.store import ContentMissing, FileStore, content_key
from orchestration.formats import TransferFormat
from orchestration.importing import identity_of, save_rows_of
from orchestration.leases import Lease
from orchestration.lines import Line, lines_of, value_of
from repositories.unit_of_work import UnitOfWork

_BYTES_AT_ONCE: Final = 1024 * 1024
"""How many bytes of lines are saved in one transaction, but for a single line that has more."""
_QUICK_BYTES: Final = 64 * 1024
"""A longer line is parsed in a thread."""
_LINES_AT_ONCE: Final = 20
"""After so many lines other tasks have a turn."""
_LOST: Final = "The bytes of the file aren't kept any more."


class ImportRow(NamedTuple):
    """A line, and the command that it describes, or why it describes none."""

    number: int
    read: Row | ValidationFailed


class Chunk(NamedTuple):
    """Lines that are saved in one transaction: no two of them are about the same entity."""

    rows: Sequence[ImportRow]
    end: int
    """Where the line after them begins."""


class Importer:
    """Carries out imports of files of a store."""

    def __init__(self, store: FileStore, format: TransferFormat) -> None:
        self._store = store
        self._format = format

    async def run(self, lease: Lease, stored: Import) -> Import:
        """Save what is left of the file; the import as it is then.

        Raises LeaseLost, Interrupted, FileStoreError, and errors of storage.
        """
        async with lease.read() as snapshot:
            file = await snapshot.files.get(stored.file_id)
        while stored.has_lines_left:
            before = stored.bytes_done
            if file is not None:
                stored = await self._read(lease, stored, content_key(file.sha256))
            if stored.bytes_done == before and stored.has_lines_left:
                stored = await self.fail(lease, stored, _LOST)
        return stored

    async def fail(self, lease: Lease, stored: Import, error: str) -> Import:
        """Let the import fail, unless it has ended meanwhile."""

        async def work(unit: UnitOfWork) -> Import:
            found = await unit.imports.get_for_update(stored.import_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            return await unit.imports.save(transfers.failed(found, error, unit.now))

        return await lease.write(work)

    async def _read(self, lease: Lease, stored: Import, key: str) -> Import:
        """Save what is left of the file, or check it, once."""
        is_checking = stored.is_checking
        parts = self._store.read(key, stored.offset)
        try:
            async with (
                aclosing(lines_of(parts, stored.offset, stored.line_count + 1)) as lines,
                aclosing(self._chunks(lines, stored.entity)) as chunks,
            ):
                async for chunk in chunks:
                    stored = await self._keep(lease, stored, chunk)
                    if not stored.has_lines_left or stored.is_checking != is_checking:
                        break
        except ContentMissing:
            return await self.fail(lease, stored, _LOST)
        return stored

    async def _chunks(
        self, lines: AsyncIterator[Line], entity: TransferEntity
    ) -> AsyncGenerator[Chunk, None]:
        rows, size, end = list[ImportRow](), 0, 0
        seen = set[tuple[str, str]]()
        async for line in lines:
            row = ImportRow(line.number, await self._read_row(entity, line))
            identity = frozenset[tuple[str, str]]()
            if not isinstance(row.read, ValidationFailed):
                identity = identity_of(entity, row.read)
            is_full = len(rows) == MAX_ROWS or size + len(line.content) > _BYTES_AT_ONCE
            if rows and (is_full or not seen.isdisjoint(identity)):
                yield Chunk(rows, end)
                rows, size, seen = [], 0, set()
            rows.append(row)
            seen |= identity
            size += len(line.content)
            end = line.end
            if line.number % _LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
        if rows:
            yield Chunk(rows, end)

    async def _read_row(self, entity: TransferEntity, line: Line) -> Row | ValidationFailed:
        if len(line.content) > _QUICK_BYTES:
            return await asyncio.to_thread(self._row_of, entity, line)
        return self._row_of(entity, line)

    def _row_of(self, entity: TransferEntity, line: Line) -> Row | ValidationFailed:
        try:
            command = self._format.command_of(entity, value_of(line))
            require_valid(command)
        except ValidationFailed as refusal:
            return refusal
        return command

    async def _keep(self, lease: Lease, stored: Import, chunk: Chunk) -> Import:
        """Store what becomes of the lines, with how far the import has come."""

        async def work(unit: UnitOfWork) -> Import:
            found = await unit.imports.get_for_update(stored.import_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            outcomes = await self._outcomes(unit, found, chunk)
            return await self._progress(unit, lease, found, chunk, outcomes)

        try:
            return await lease.write(work)
        except BulkRejected as rejected:
            return await self._refuse(lease, stored, chunk, rejected)

    async def _outcomes(
        self, unit: UnitOfWork, stored: Import, chunk: Chunk
    ) -> Sequence[Entity | DomainError | None]:
        """What became of each line; None: nothing is wrong with it, and it's not to be saved yet.

        Raises BulkRejected.
        """
        read = [row.read for row in chunk.rows]
        if stored.is_checking:
            return [it if isinstance(it, ValidationFailed) else None for it in read]
        commands = [it for it in read if not isinstance(it, ValidationFailed)]
        saved = iter(await save_rows_of(unit, stored.entity, commands, stored.error_policy))
        return [it if isinstance(it, ValidationFailed) else next(saved) for it in read]

    async def _progress(
        self,
        unit: UnitOfWork,
        lease: Lease,
        found: Import,
        chunk: Chunk,
        outcomes: Sequence[Entity | DomainError | None],
    ) -> Import:
        new = transfers.progressed(
            found,
            offset=chunk.end,
            saved=sum(isinstance(it, Entity) for it in outcomes),
            rejected=sum(isinstance(it, DomainError) for it in outcomes),
            lines=len(chunk.rows),
            now=unit.now,
        )
        if found.is_checking and not new.is_checking and new.status is TransferStatus.RUNNING:
            await unit.jobs.remove_lines(lease.job)
        else:
            await unit.jobs.add_lines(lease.job, self._result(chunk, outcomes))
        return await unit.imports.save(new)

    async def _refuse(
        self, lease: Lease, stored: Import, chunk: Chunk, rejected: BulkRejected
    ) -> Import:
        """Let the import fail: what is stored refuses lines, and the policy saves none of them."""
        refusals = iter(rejected.errors)
        errors = [
            row.read if isinstance(row.read, ValidationFailed) else next(refusals)
            for row in chunk.rows
        ]

        async def work(unit: UnitOfWork) -> Import:
            found = await unit.imports.get_for_update(stored.import_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            outcomes = [None if isinstance(it, RowRejected) else it for it in errors]
            refused = sum(it is not None for it in outcomes)
            progressed = await self._progress(unit, lease, found, chunk, outcomes)
            first, last = chunk.rows[0].number, chunk.rows[-1].number
            error = (
                f"Of the lines {first:,} to {last:,} none was stored, since {refused:,} of them "
                f"were refused. The {found.saved_count:,} lines before them were stored."
            )
            return await unit.imports.save(transfers.failed(progressed, error, unit.now))

        return await lease.write(work)

    def _result(self, chunk: Chunk, outcomes: Sequence[Entity | DomainError | None]) -> str:
        """The lines of the result file."""
        return "".join(
            f"{dumps(self._told(row.number, outcome))}\n"
            for row, outcome in zip(chunk.rows, outcomes, strict=True)
        )

    def _told(self, number: int, outcome: Entity | DomainError | None) -> dict[str, object]:
        match outcome:
            case Entity():
                key = getattr(outcome, outcome.key_name)
                return {
                    "line": number,
                    "status": "SAVED",
                    "key": key,
                    "revision": outcome.revision,
                }
            case None:
                errors = self._format.errors_of(RowRejected())
                return {"line": number, "status": "NOT_SAVED", "errors": errors}
            case _:
                errors = self._format.errors_of(outcome)
                return {"line": number, "status": "REJECTED", "errors": errors}
