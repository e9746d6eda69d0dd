"""Trusted documents in the database."""

import json
from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, bindparam, delete, insert, select

from domain.documents import TrustedDocument
from domain.json_object import dumps
from domain.validation import unstorable
from repositories.documents.tables import documents
from repositories.drivers.compiled import Row, Statement
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.sql.session import DatabaseSession

_COLUMNS = ("application", "sha256", "operations", "text", "created_at")


class DatabaseDocumentRepository:
    """Trusted documents as one session's transaction sees them."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def text(self, sha256: str) -> str | None:
        if unstorable(sha256):
            return None
        rows = await self._session.rows(_text(self._session.dialect), {"sha256": sha256})
        return rows[0][0] if rows else None

    async def of(self, application: str | None) -> Sequence[TrustedDocument]:
        if application is None:
            rows = await self._session.rows(_all(self._session.dialect))
        elif unstorable(application):
            return []
        else:
            given = {"application": application}
            rows = await self._session.rows(_of(self._session.dialect), given)
        return [_document(row) for row in rows]

    async def add(self, documents: Sequence[TrustedDocument]) -> int:
        new = {(it.application, it.sha256): it for it in documents}
        for application in {it.application for it in documents}:
            for stored in await self.of(application):
                new.pop((application, stored.sha256), None)
        if new:
            rows = [_values(it) for it in new.values()]
            await self._session.run_many(_insert(self._session.dialect), rows)
        return len(new)

    async def remove(self, application: str, hashes: Sequence[str]) -> int:
        if unstorable(application):
            return 0
        given = {"application": application, "hashes": storable(hashes)}
        return len(await self._session.rows(_remove(self._session.dialect), given))


def _document(row: Row) -> TrustedDocument:
    values = dict(zip(_COLUMNS, row, strict=True))
    return TrustedDocument(**values | {"operations": tuple(json.loads(values["operations"]))})


def _values(document: TrustedDocument) -> dict[str, object]:
    values = {name: getattr(document, name) for name in _COLUMNS}
    return values | {"operations": dumps(list(document.operations))}


@cache
def _text(dialect: Dialect) -> Statement:
    named = documents.c.sha256 == bindparam("sha256", type_=documents.c.sha256.type)
    return dialect.compile(select(documents.c.text).where(named).limit(1))


@cache
def _all(dialect: Dialect) -> Statement:
    found = select(*(documents.c[name] for name in _COLUMNS))
    return dialect.compile(found.order_by(documents.c.application, documents.c.sha256))


@cache
def _of(dialect: Dialect) -> Statement:
    found = select(*(documents.c[name] for name in _COLUMNS)).where(_of_application())
    return dialect.compile(found.order_by(documents.c.sha256))


@cache
def _insert(dialect: Dialect) -> Statement:
    given = {name: bindparam(name, type_=documents.c[name].type) for name in _COLUMNS}
    return dialect.compile(insert(documents).values(given))


@cache
def _remove(dialect: Dialect) -> Statement:
    removed = delete(documents).where(
        _of_application(), dialect.among(documents.c.sha256, "hashes")
    )
    return dialect.compile(removed.returning(documents.c.id))


def _of_application() -> ColumnElement[bool]:
    return documents.c.application == bindparam("application", type_=documents.c.application.type)
