"""Imports: lines of a file are saved, some in each transaction, with what became of them.

What a transaction stores is the entities, the lines of the result file, and how far the import has
come. So a process that is killed loses nothing, and repeats nothing.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from contextlib import aclosing
from enum import StrEnum
from itertools import repeat
from typing import Final, NamedTuple

from domain import transfers
from domain.bulk import MAX_ROWS, BulkRejected, Row, RowRejected
from domain.entity import Entity
from domain.errors import DomainError, ValidationFailed
from domain.transfers import Import, TransferEntity, TransferStatus
from domain.validation import MAX_VIOLATIONS_IN_JSON, require_valid
from files.store import ContentMissing, FileStore, content_key
from orchestration.formats import TransferFormat
from orchestration.importing import identity_of, save_rows_of
from orchestration.leases import Lease
from orchestration.lines import Line, line_of, lines_of, value_of
from repositories.unit_of_work import UnitOfWork

MAX_CHUNK_BYTES: Final = 1024 * 1024
"""How many bytes of lines are saved in one transaction, with what is told of those that are
refused, but for a single line that has more."""
_QUICK_BYTES: Final = 64 * 1024
"""A longer line is parsed in a thread."""
_LINES_AT_ONCE: Final = 20
"""After so many lines other tasks have a turn."""
_LOST: Final = "The bytes of the file aren't kept any more."


class LineStatus(StrEnum):
    SAVED = "SAVED"
    REJECTED = "REJECTED"
    NOT_SAVED = "NOT_SAVED"
    """Nothing is wrong with it, but others were refused, or it's not to be saved yet."""


class Outcome(NamedTuple):
    """What became of a line, and the line of the result file that says so."""

    status: LineStatus
    told: str


class ImportRow(NamedTuple):
    """A line, and the command that it describes; or what became of it, as it describes none."""

    number: int
    read: Row | Outcome


class Chunk(NamedTuple):
    """Lines that are saved in one transaction: no two of them are about the same entity."""

    rows: Sequence[ImportRow]
    end: int
    """Where the line after them begins."""


_Decide = Callable[[UnitOfWork, Import], Awaitable[tuple[Sequence[Outcome], str | None]]]
"""Gives what became of each line of a chunk, and why the import fails if it does."""


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
                    stored = await self._store_chunk(lease, stored, chunk)
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
            held = len(line.content)
            if isinstance(row.read, Outcome):
                held += len(row.read.told)
            else:
                identity = identity_of(entity, row.read)
            is_full = len(rows) == MAX_ROWS or size + held > MAX_CHUNK_BYTES
            if rows and (is_full or not seen.isdisjoint(identity)):
                yield Chunk(rows, end)
                rows, size, seen = [], 0, set()
            rows.append(row)
            seen |= identity
            size += held
            end = line.end
            # One that is refused takes as long as many others.
            if isinstance(row.read, Outcome) or line.number % _LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
        if rows:
            yield Chunk(rows, end)

    async def _read_row(self, entity: TransferEntity, line: Line) -> Row | Outcome:
        if len(line.content) > _QUICK_BYTES:
            return await asyncio.to_thread(self._row_of, entity, line)
        return self._row_of(entity, line)

    def _row_of(self, entity: TransferEntity, line: Line) -> Row | Outcome:
        try:
            command = self._format.command_of(entity, value_of(line))
            require_valid(command, MAX_VIOLATIONS_IN_JSON)
        except ValidationFailed as refusal:
            return self._outcome(line.number, refusal)
        return command

    async def _store_chunk(self, lease: Lease, stored: Import, chunk: Chunk) -> Import:
        """Store what becomes of the lines, with how far the import has come."""

        async def saved(unit: UnitOfWork, found: Import) -> tuple[Sequence[Outcome], None]:
            return await self._outcomes(unit, found, chunk), None

        try:
            return await self._progress(lease, stored, chunk, saved)
        except BulkRejected as rejected:
            return await self._refuse(lease, stored, chunk, rejected)

    async def _outcomes(self, unit: UnitOfWork, stored: Import, chunk: Chunk) -> Sequence[Outcome]:
        """What became of each line, which is only checked at first. Raises BulkRejected."""
        if stored.is_checking:
            return self._all_outcomes(chunk, repeat(RowRejected()))
        commands = [row.read for row in chunk.rows if not isinstance(row.read, Outcome)]
        saved = await save_rows_of(unit, stored.entity, commands, stored.error_policy)
        return self._all_outcomes(chunk, saved)

    async def _refuse(
        self, lease: Lease, stored: Import, chunk: Chunk, rejected: BulkRejected
    ) -> Import:
        """Let the import fail: what is stored refuses lines, and the policy saves none of them."""
        outcomes = self._all_outcomes(chunk, rejected.errors)
        refused = sum(it.status is LineStatus.REJECTED for it in outcomes)
        first, last = chunk.rows[0].number, chunk.rows[-1].number

        async def nothing(_: UnitOfWork, found: Import) -> tuple[Sequence[Outcome], str]:
            return outcomes, (
                f"Of the lines {first:,} to {last:,} none was stored, since {refused:,} of them "
                f"were refused. The {found.saved_count:,} lines before them were stored."
            )

        return await self._progress(lease, stored, chunk, nothing)

    async def _progress(
        self, lease: Lease, stored: Import, chunk: Chunk, decide: _Decide
    ) -> Import:
        """Store how far the import has come with the lines of the result file, unless it has ended
        meanwhile."""

        async def work(unit: UnitOfWork) -> Import:
            found = await unit.imports.get_for_update(stored.import_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            outcomes, error = await decide(unit, found)
            new = transfers.progressed(
                found,
                offset=chunk.end,
                saved=sum(it.status is LineStatus.SAVED for it in outcomes),
                rejected=sum(it.status is LineStatus.REJECTED for it in outcomes),
                lines=len(chunk.rows),
                now=unit.now,
            )
            if error is not None:
                new = transfers.failed(new, error, unit.now)
            if found.is_checking and not new.is_checking and new.status is TransferStatus.RUNNING:
                await unit.jobs.remove_lines(lease.job)
            else:
                await unit.jobs.add_lines(lease.job, "".join(it.told for it in outcomes))
            return await unit.imports.save(new)

        return await lease.write(work)

    def _all_outcomes(
        self, chunk: Chunk, of_commands: Iterable[Entity | DomainError]
    ) -> Sequence[Outcome]:
        """What became of each line, by what became of the commands."""
        left = iter(of_commands)
        return [
            row.read if isinstance(row.read, Outcome) else self._outcome(row.number, next(left))
            for row in chunk.rows
        ]

    def _outcome(self, number: int, found: Entity | DomainError) -> Outcome:
        if isinstance(found, Entity):
            status = LineStatus.SAVED
            told = {"key": getattr(found, found.key_name), "revision": found.revision}
        else:
            is_refused = not isinstance(found, RowRejected)
            status = LineStatus.REJECTED if is_refused else LineStatus.NOT_SAVED
            told = {"errors": self._format.errors_of(found)}
        return Outcome(status, line_of({"line": number, "status": status.value, **told}))
