"""Transfers in the database."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, insert, select

from domain.bulk import ErrorPolicy
from domain.json_object import JsonObject
from domain.transfers import Export, Import, TransferEntity, TransferStatus
from repositories.drivers.compiled import Row, Statement
from repositories.jobs import Job
from repositories.records import constructor
from repositories.sql.criteria import LIMIT, storable
from repositories.sql.dialects import Dialect
from repositories.sql.jobs import DatabaseJobQueue
from repositories.sql.mapping import EntityMapping, EntityTable, Values
from repositories.sql.repository import DatabaseRepository
from repositories.transfers.contract import ResultLines
from repositories.transfers.tables import exports, imports, transfer_jobs, transfer_lines

_new_import = constructor(Import)
_new_export = constructor(Export)
_STATUSES = {status.value: status for status in TransferStatus}
_ENTITIES = {entity.value: entity for entity in TransferEntity}
_POLICIES = {policy.value: policy for policy in ErrorPolicy}


class DatabaseImportRepository(DatabaseRepository[Import]):
    mapping = EntityMapping(Import, imports, references=("client_id", "file_id", "result_file_id"))

    async def files_in_use(self, file_ids: Collection[str]) -> frozenset[str]:
        statement = _files_in_use(self._entities._replace(selected=None))
        rows = await self._session.rows(statement, {"values": storable([*file_ids])})
        return frozenset(file_id for (file_id,) in rows)

    def _from_row(self, row: Row) -> Import:
        (
            import_id,
            client_id,
            file_id,
            entity,
            error_policy,
            created_by,
            status,
            bytes_done,
            bytes_total,
            line_count,
            saved_count,
            rejected_count,
            error,
            result_file_id,
            finished_at,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_import(
            import_id=import_id,
            client_id=client_id,
            file_id=file_id,
            entity=entity and _ENTITIES[entity],
            error_policy=error_policy and _POLICIES[error_policy],
            created_by=created_by,
            status=status and _STATUSES[status],
            bytes_done=bytes_done,
            bytes_total=bytes_total,
            line_count=line_count,
            saved_count=saved_count,
            rejected_count=rejected_count,
            error=error,
            result_file_id=result_file_id,
            finished_at=finished_at,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Import) -> Values:
        return {
            "import_id": record.import_id,
            "client_id": record.client_id,
            "file_id": record.file_id,
            "entity": record.entity.value,
            "error_policy": record.error_policy.value,
            "created_by": record.created_by,
            "status": record.status.value,
            "bytes_done": record.bytes_done,
            "bytes_total": record.bytes_total,
            "line_count": record.line_count,
            "saved_count": record.saved_count,
            "rejected_count": record.rejected_count,
            "error": record.error,
            "result_file_id": record.result_file_id,
            "finished_at": record.finished_at,
        }


class DatabaseExportRepository(DatabaseRepository[Export]):
    mapping = EntityMapping(Export, exports, references=("client_id", "result_file_id"))

    def _from_row(self, row: Row) -> Export:
        (
            export_id,
            client_id,
            entity,
            filter,
            created_by,
            status,
            row_count,
            last_key,
            error,
            result_file_id,
            finished_at,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_export(
            export_id=export_id,
            client_id=client_id,
            entity=entity and _ENTITIES[entity],
            filter=filter and JsonObject(filter),
            created_by=created_by,
            status=status and _STATUSES[status],
            row_count=row_count,
            last_key=last_key,
            error=error,
            result_file_id=result_file_id,
            finished_at=finished_at,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Export) -> Values:
        return {
            "export_id": record.export_id,
            "client_id": record.client_id,
            "entity": record.entity.value,
            "filter": record.filter.text,
            "created_by": record.created_by,
            "status": record.status.value,
            "row_count": record.row_count,
            "last_key": record.last_key,
            "error": record.error,
            "result_file_id": record.result_file_id,
            "finished_at": record.finished_at,
        }


class DatabaseTransferJobs(DatabaseJobQueue):
    table = transfer_jobs
    key_name = "transfer_id"

    async def add_lines(self, job: Job, text: str) -> None:
        given = {"transfer_id": job.key, "lines": text}
        await self._session.rows(_add_lines(self._session.dialect), given)

    async def remove_lines(self, job: Job) -> None:
        given = {"transfer_id": job.key}
        await self._session.rows(_remove_lines(self._session.dialect), given)

    async def lines(self, transfer_id: str, after: int, limit: int) -> Sequence[ResultLines]:
        given = {"transfer_id": transfer_id, "after": after, "limit": limit}
        rows = await self._session.rows(_lines(self._session.dialect), given)
        return [ResultLines(position, text) for position, text in rows]


def _parameter(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)


@cache
def _files_in_use(entities: EntityTable) -> Statement:
    it = entities.rows.c
    found = select(it.file_id).distinct().where(entities.among("file_id"))
    return entities.compile(found.where(it.finished_at.is_(None)))


def _is_of_transfer() -> Any:
    lines = transfer_lines.c
    return lines.transfer_id == _parameter("transfer_id", lines.transfer_id)


@cache
def _add_lines(dialect: Dialect) -> Statement:
    lines = transfer_lines.c
    given = {name: _parameter(name, lines[name]) for name in ("transfer_id", "lines")}
    return dialect.compile(insert(transfer_lines).values(**given))


@cache
def _remove_lines(dialect: Dialect) -> Statement:
    return dialect.compile(delete(transfer_lines).where(_is_of_transfer()))


@cache
def _lines(dialect: Dialect) -> Statement:
    lines = transfer_lines.c
    found = (
        select(lines.id, lines.lines)
        .where(_is_of_transfer(), lines.id > bindparam("after", type_=BigInteger()))
        .order_by(lines.id)
        .limit(LIMIT)
    )
    return dialect.compile(found)
