"""Files and uploads in the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, or_, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

from domain.files import File, Upload, UploadFailure, UploadStatus
from repositories.drivers.compiled import Row, Statement
from repositories.files.tables import file_checksums, file_claims, files, uploads
from repositories.records import constructor
from repositories.sql.criteria import storable
from repositories.sql.dialects import POSTGRESQL, Dialect
from repositories.sql.mapping import EntityMapping, EntityTable, Values
from repositories.sql.repository import DatabaseRepository

_new_file = constructor(File)
_new_upload = constructor(Upload)
_STATUSES = {status.value: status for status in UploadStatus}
_FAILURES = {failure.value: failure for failure in UploadFailure}
_ANNOUNCED = ("client_id", "name", "media_type", "size", "sha256", "created_by")
"""What a file has from its upload, in the order of the columns of both."""


class DatabaseFileRepository(DatabaseRepository[File]):
    mapping = EntityMapping(File, files, references=("client_id",))

    async def hashes_among(self, hashes: Collection[str]) -> frozenset[str]:
        rows = await self._session.rows(
            _hashes(self._entities._replace(selected=None)), {"values": [*hashes]}
        )
        return frozenset(sha256 for (sha256,) in rows)

    async def checksums(self, hashes: Collection[str]) -> Mapping[str, int]:
        statement = _checksums(self._session.dialect)
        rows: Sequence[Any] = await self._session.rows(statement, {"values": [*hashes]})
        return dict(rows)

    async def hold(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        return await self._locked(_held(self._entities), file_ids)

    async def lock(self, file_ids: Sequence[str]) -> Mapping[str, File]:
        return await self._locked(_locked(self._entities), file_ids)

    async def time(self, now: datetime) -> datetime:
        if self._session.dialect.is_sqlite:
            return now
        [(time,)] = await self._session.rows(_TIME)
        found: datetime = time
        return found

    async def claim_contents(
        self, hashes: Collection[str], owner: str, *, until: datetime, now: datetime
    ) -> bool:
        values = {"values": [*hashes], "owner": owner, "until": until, "now": now}
        claimed = await self._session.rows(_claim(self._session.dialect), values)
        return len(claimed) == len(hashes)

    async def has_claims(self, hashes: Collection[str], owner: str) -> bool:
        values = {"values": [*hashes]}
        rows = await self._session.rows(_owners(self._session.dialect), values)
        return [each for (each,) in rows] == [owner] * len(hashes)

    async def release_contents(self, hashes: Collection[str], owner: str) -> None:
        values = {"values": [*hashes], "owner": owner}
        await self._session.rows(_release(self._session.dialect), values)

    async def note_checksums(self, checksums: Mapping[str, int]) -> None:
        # In one order, as claims are: so two who note several of the same don't block each other.
        noted = [{"sha256": sha256, "crc32": crc32} for sha256, crc32 in sorted(checksums.items())]
        await self._session.run_many(_note(self._session.dialect), noted)

    async def forget_checksum(self, sha256: str) -> None:
        await self._session.rows(_forget(self._session.dialect), {"sha256": sha256})

    async def _locked(self, statement: Statement, file_ids: Sequence[str]) -> Mapping[str, File]:
        rows = await self._session.rows(statement, {"values": storable(file_ids)})
        return {file.file_id: file for file in map(self._from_row, rows)}

    def _from_row(self, row: Row) -> File:
        file_id, *announced, created_at, updated_at, revision = row
        return _new_file(
            file_id=file_id,
            **_named(announced),
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: File) -> Values:
        return {"file_id": record.file_id, **_announced(record)}


class DatabaseUploadRepository(DatabaseRepository[Upload]):
    mapping = EntityMapping(Upload, uploads, references=("client_id", "file_id"))

    def _from_row(self, row: Row) -> Upload:
        upload_id, *announced, status, failure, expires_at, file_id = row[:-3]
        created_at, updated_at, revision = row[-3:]
        return _new_upload(
            upload_id=upload_id,
            **_named(announced),
            status=status and _STATUSES[status],
            failure=failure and _FAILURES[failure],
            expires_at=expires_at,
            file_id=file_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Upload) -> Values:
        return {
            "upload_id": record.upload_id,
            **_announced(record),
            "status": record.status.value,
            "failure": record.failure and record.failure.value,
            "expires_at": record.expires_at,
            "file_id": record.file_id,
        }


def _named(announced: Sequence[Any]) -> Values:
    """The values of a row that a file has from its upload, by their names."""
    return dict(zip(_ANNOUNCED, announced, strict=True))


def _announced(record: File | Upload) -> Values:
    """The values that a file has from its upload."""
    return {name: getattr(record, name) for name in _ANNOUNCED}


@cache
def _hashes(entities: EntityTable) -> Statement:
    sha256 = entities.rows.c.sha256
    return entities.compile(select(sha256).distinct().where(entities.among("sha256")))


@cache
def _held(entities: EntityTable) -> Statement:
    found = select(*entities.selection()).where(entities.among(entities.key_name))
    return entities.compile(found.with_for_update(read=True, key_share=True))


@cache
def _locked(entities: EntityTable) -> Statement:
    found = select(*entities.selection()).where(entities.among(entities.key_name))
    return entities.compile(found.with_for_update(skip_locked=True))


_TIME = POSTGRESQL.compile(select(func.clock_timestamp()))


def _given(name: str) -> Any:
    return bindparam(name, type_=file_claims.c[name].type)


@cache
def _claim(dialect: Dialect) -> Statement:
    insert = sqlite.insert if dialect.is_sqlite else postgresql.insert
    hashes = dialect.each_value(file_claims.c.sha256.type, "claimed")
    sha256 = type_coerce(hashes.c.value, file_claims.c.sha256.type)
    # Ordered, also since SQLite would take an ON behind a bare FROM for that of a join.
    rows = select(sha256, _given("owner"), _given("until")).order_by(sha256)
    claimed = insert(file_claims).from_select(["sha256", "owner", "until"], rows)
    stored, new = file_claims.c, claimed.excluded
    has_ended = stored.until <= bindparam("now", type_=stored.until.type)
    return dialect.compile(
        claimed.on_conflict_do_update(
            index_elements=[stored.sha256],
            set_={"owner": new.owner, "until": new.until},
            where=or_(stored.owner == new.owner, has_ended),
        ).returning(stored.sha256)
    )


@cache
def _owners(dialect: Dialect) -> Statement:
    return dialect.compile(_in_order(dialect, file_claims.c.owner))


@cache
def _release(dialect: Dialect) -> Statement:
    claims = file_claims.c
    own = _in_order(dialect, claims.sha256).where(claims.owner == _given("owner"))
    return dialect.compile(delete(file_claims).where(claims.sha256.in_(own)))


def _in_order(dialect: Dialect, column: Any) -> Select[Any]:
    """A column of the claims on the contents, for update."""
    sha256 = file_claims.c.sha256
    claims = select(column).where(dialect.among(sha256, "values"))
    return claims.order_by(sha256).with_for_update()


@cache
def _checksums(dialect: Dialect) -> Statement:
    noted = file_checksums.c
    found = select(noted.sha256, noted.crc32).where(dialect.among(noted.sha256, "values"))
    return dialect.compile(found)


@cache
def _note(dialect: Dialect) -> Statement:
    insert = sqlite.insert if dialect.is_sqlite else postgresql.insert
    columns = file_checksums.c
    noted = insert(file_checksums).values(
        {column.name: bindparam(column.name, type_=column.type) for column in columns}
    )
    return dialect.compile(noted.on_conflict_do_nothing(index_elements=[columns.sha256]))


@cache
def _forget(dialect: Dialect) -> Statement:
    has_hash = file_checksums.c.sha256 == _given("sha256")
    return dialect.compile(delete(file_checksums).where(has_hash))
