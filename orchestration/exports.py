"""Exports: entities become lines of a file, chunk by chunk, in the order of their keys.

A transaction stores a chunk of lines with the key of its last entity. So a process that is killed
goes on after that, and no entity is there twice, or left out. The file isn't one snapshot:
an entity that is saved meanwhile is in it as it was, or as it is.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain import transfers
from domain.entity import Entity
from domain.errors import AnswerTooLarge, ValidationFailed
from domain.transfers import Export, TransferEntity, TransferStatus
from orchestration.formats import TransferFormat
from orchestration.leases import Lease
from orchestration.lines import line_of
from repositories.answer_size import UNLIMITED, answer_limited
from repositories.criteria import (
    AllOf,
    Comparison,
    Direction,
    Filter,
    Operator,
    Order,
    PageRequest,
    Position,
)
from repositories.unit_of_work import Snapshot, UnitOfWork
from resolvers.transfers.commands import ENTITIES

_FIRST_PAGE_ROWS: Final = 10
_MAX_PAGE_ROWS: Final = 200
MAX_PAGE_SIZE: Final = 1024 * 1024
"""How many characters are read at once, but for a single entity that has more: of a page that
would have more nothing is read, and the next one has fewer rows."""
MAX_CHUNK_SIZE: Final = 512 * 1024
"""How many characters of lines are stored in one transaction, but for a single line that has more.
"""

_Children = Callable[[Snapshot, Sequence[str]], Awaitable[Mapping[str, Any]]]

_CHILDREN: Final[Mapping[TransferEntity, tuple[str, _Children]]] = MappingProxyType(
    {
        TransferEntity.STRATEGY_PLAN: (
            "recommendations",
            lambda it, keys: it.strategy_plans.recommendations_by_strategy_id(keys),
        ),
        TransferEntity.CAMPAIGN: (
            "tactics",
            lambda it, keys: it.campaigns.tactics_by_campaign_id(keys),
        ),
        TransferEntity.QC_RESULT: (
            "issues",
            lambda it, keys: it.qc_results.issues_by_result_id(keys),
        ),
        TransferEntity.DELIVERY_PACKAGE: (
            "artifacts",
            lambda it, keys: it.delivery_packages.artifacts_by_package_id(keys),
        ),
    }
)
"""The children of entities, and how they are read."""


class Chunk(NamedTuple):
    """Lines that are stored in one transaction, and the last of their entities."""

    lines: str
    row_count: int
    last: Entity


class Exporter:
    """Carries out exports."""

    def __init__(self, format: TransferFormat) -> None:
        self._format = format

    async def run(self, lease: Lease, stored: Export) -> Export:
        """Make lines of what is left; the export as it is then.

        Raises LeaseLost, Interrupted, and errors of storage.
        """
        if stored.status is not TransferStatus.RUNNING:
            return stored
        try:
            filter = self._filter_of(stored)
        except ValidationFailed as error:  # another version took it
            return await self.fail(lease, stored, f"The filter can't be used any more: {error}.")
        limit, has_more = _FIRST_PAGE_ROWS, True
        while has_more and stored.status is TransferStatus.RUNNING:
            try:
                with answer_limited(MAX_PAGE_SIZE if limit > 1 else UNLIMITED):
                    records, has_more = await self._page(lease, stored, filter, limit)
            except AnswerTooLarge:
                limit = max(limit // 4, 1)
                continue
            size = 0
            async with aclosing(self._chunks(stored.entity, records)) as chunks:
                async for chunk in chunks:
                    stored = await self._store_chunk(lease, stored, chunk)
                    size += len(chunk.lines)
                    if stored.status is not TransferStatus.RUNNING:
                        break
            if size < MAX_PAGE_SIZE // 4:
                limit = min(limit * 2, _MAX_PAGE_ROWS)
        return stored

    async def _chunks(
        self, entity: TransferEntity, records: Sequence[Entity]
    ) -> AsyncGenerator[Chunk, None]:
        """The lines of the records, which are made one by one: other tasks have turns between."""
        lines, size, last = list[str](), 0, None
        for record in records:
            line = line_of(self._format.row_of(entity, record))
            if last is not None and size + len(line) > MAX_CHUNK_SIZE:
                yield Chunk("".join(lines), len(lines), last)
                lines, size = [], 0
            lines.append(line)
            size += len(line)
            last = record
            await asyncio.sleep(0)
        if last is not None:
            yield Chunk("".join(lines), len(lines), last)

    async def fail(self, lease: Lease, stored: Export, error: str) -> Export:
        """Let the export fail, unless it has ended meanwhile."""

        async def work(unit: UnitOfWork) -> Export:
            found = await unit.exports.get_for_update(stored.export_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            return await unit.exports.save(transfers.failed(found, error, unit.now))

        return await lease.write(work)

    def _filter_of(self, stored: Export) -> Filter | None:
        found = self._format.criteria_of(stored.entity, stored.filter.to_python())
        if stored.client_id is None:
            return found
        is_of_client = Comparison("client_id", Operator.EQ, stored.client_id)
        return is_of_client if found is None else AllOf((is_of_client, found))

    async def _page(
        self, lease: Lease, stored: Export, filter: Filter | None, limit: int
    ) -> tuple[Sequence[Entity], bool]:
        """The next entities with their children, and whether there are more."""
        type_ = ENTITIES[stored.entity]
        key, order = type_.key_name, Order(type_.key_name, Direction.ASC)
        after = None if stored.last_key is None else Position(stored.last_key, stored.last_key)
        async with lease.read() as snapshot:
            reads = getattr(snapshot, type_.attribute)
            page = await reads.page(PageRequest(limit, order, filter, after=after))
            if stored.entity not in _CHILDREN or not page.items:
                return page.items, page.has_next
            name, read = _CHILDREN[stored.entity]
            found = await read(snapshot, [getattr(record, key) for record in page.items])
        records = [
            replace(record, **{name: found.get(getattr(record, key), ())}) for record in page.items
        ]
        return records, page.has_next

    async def _store_chunk(self, lease: Lease, stored: Export, chunk: Chunk) -> Export:
        last_key: str = getattr(chunk.last, chunk.last.key_name)

        async def work(unit: UnitOfWork) -> Export:
            found = await unit.exports.get_for_update(stored.export_id)
            if found is None or found.status is not TransferStatus.RUNNING:
                return found or stored
            await unit.jobs.add_lines(lease.job, chunk.lines)
            new = transfers.exported(found, chunk.row_count, last_key, unit.now)
            return await unit.exports.save(new)

        return await lease.write(work)
