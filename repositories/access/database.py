"""Access tokens in the database."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, cast, func, insert, or_, select, update

from domain.access import AccessToken, TokenKind
from domain.json_object import dumps
from domain.scopes import Scope
from domain.validation import unstorable
from repositories.access.tables import access_tokens
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row, Statement
from repositories.records import constructor
from repositories.sql.criteria import (
    condition,
    page_of,
    page_shape_of,
    page_values_of,
    shape_of,
    storable,
    values_of,
)
from repositories.sql.dialects import Dialect
from repositories.sql.session import DatabaseSession

_HASH = ("pepper_id", "hash")
_NAMES = tuple(column.name for column in access_tokens.columns if column.name not in ("id", *_HASH))
_them = access_tokens.c
_new_token = constructor(AccessToken)


class DatabaseAccessRepository:
    """Tokens as one session's transaction sees them."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    # Reading

    async def tokens(self, token_ids: Sequence[str]) -> Mapping[str, AccessToken]:
        statement = _by(_them.token_id, self._session.dialect)
        rows = await self._session.rows(statement, {"keys": storable(token_ids)})
        return {key: _token(row) for key, *row in rows}

    async def token_page(self, request: PageRequest) -> Page[AccessToken]:
        statement = await self._session.compiled(
            _page, page_shape_of(request), self._session.dialect
        )
        rows = await self._session.rows(statement, page_values_of(request))
        return Page.of(request, map(_token, rows))

    async def token_count(self, filter: Filter | None) -> int:
        statement = await self._session.compiled(_count, shape_of(filter), self._session.dialect)
        [(count,)] = await self._session.rows(statement, values_of(filter))
        return int(count)

    async def tokens_by_hash(self, hashes: Collection[str]) -> Mapping[str, AccessToken]:
        statement = _by(_them.hash, self._session.dialect)
        rows = await self._session.rows(statement, {"keys": [*hashes]})
        return {hash: _token(row) for hash, *row in rows}

    async def token_version(self) -> int:
        [(version,)] = await self._session.rows(_version(self._session.dialect))
        return int(version)

    async def pepper_ids(self, now: datetime) -> frozenset[str]:
        rows = await self._session.rows(_peppers(self._session.dialect), {"now": now})
        return frozenset(pepper_id for (pepper_id,) in rows)

    # Writing

    async def get_for_update(self, token_id: str) -> AccessToken | None:
        if unstorable(token_id):
            return None
        rows = await self._session.rows(_for_update(self._session.dialect), {"key": token_id})
        return _token(rows[0]) if rows else None

    async def insert(self, token: AccessToken, hash: str, pepper_id: str) -> None:
        self._session.changes_tokens = True
        values = {**_values(token), "pepper_id": pepper_id, "hash": hash}
        await self._session.rows(_insertion(self._session.dialect), values)

    async def update(self, token: AccessToken) -> None:
        self._session.changes_tokens = True
        values = {**_values(token), "key": token.token_id}
        await self._session.rows(_update(self._session.dialect), values)

    async def replace_hash(self, token_id: str, hash: str, pepper_id: str) -> None:
        self._session.changes_tokens = True
        values = {"key": token_id, "pepper_id": pepper_id, "hash": hash}
        await self._session.rows(_replace_hash(self._session.dialect), values)

    async def note_use(self, token_ids: Collection[str], minute: datetime) -> None:
        values = {"keys": [*token_ids], "minute": minute}
        await self._session.rows(_note_use(self._session.dialect), values)


def _parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _is_named() -> Any:
    return _them.token_id == _parameter("key", _them.token_id)


@cache
def _by(column: ColumnElement[Any], dialect: Dialect) -> Statement:
    found = select(column.label("by"), *(_them[name] for name in _NAMES))
    return dialect.compile(found.where(dialect.among(column, "keys")))


def _page(shape: PageRequest, dialect: Dialect) -> Statement:
    found = select(*(_them[name] for name in _NAMES)).where(
        condition(access_tokens, shape.filter, dialect)
    )
    return dialect.compile(page_of(found, access_tokens, _them.token_id, shape))


def _count(shape: Filter | None, dialect: Dialect) -> Statement:
    found = select(func.count()).select_from(access_tokens)
    return dialect.compile(found.where(condition(access_tokens, shape, dialect)))


@cache
def _version(dialect: Dialect) -> Statement:
    return dialect.compile(select(cast(func.coalesce(func.sum(_them.revision), 0), BigInteger)))


@cache
def _peppers(dialect: Dialect) -> Statement:
    is_valid = or_(
        _them.expires_at.is_(None), _them.expires_at > _parameter("now", _them.expires_at)
    )
    found = select(_them.pepper_id).distinct().where(_them.revoked_at.is_(None), is_valid)
    return dialect.compile(found)


@cache
def _for_update(dialect: Dialect) -> Statement:
    found = select(*(_them[name] for name in _NAMES)).where(_is_named())
    return dialect.compile(found.with_for_update())


@cache
def _insertion(dialect: Dialect) -> Statement:
    given = {name: _parameter(name, _them[name]) for name in (*_NAMES, *_HASH)}
    return dialect.compile(insert(access_tokens).values(given))


@cache
def _update(dialect: Dialect) -> Statement:
    changed = {name: _parameter(name, _them[name]) for name in _NAMES if name != "token_id"}
    return dialect.compile(update(access_tokens).where(_is_named()).values(changed))


@cache
def _replace_hash(dialect: Dialect) -> Statement:
    changed = {name: _parameter(name, _them[name]) for name in _HASH}
    return dialect.compile(update(access_tokens).where(_is_named()).values(changed))


@cache
def _note_use(dialect: Dialect) -> Statement:
    minute = _parameter("minute", _them.last_used_at)
    is_older = or_(_them.last_used_at.is_(None), _them.last_used_at < minute)
    used = update(access_tokens).where(dialect.among(_them.token_id, "keys"), is_older)
    return dialect.compile(used.values(last_used_at=minute))


def _values(token: AccessToken) -> dict[str, Any]:
    values = {name: getattr(token, name) for name in _NAMES}
    clients = token.client_ids
    return {
        **values,
        "scopes": dumps(token.scopes),
        "client_ids": None if clients is None else dumps(clients),
    }


def _token(row: Row) -> AccessToken:
    values = dict(zip(_NAMES, row, strict=True))
    clients = values["client_ids"]
    return _new_token(
        **{
            **values,
            "kind": TokenKind(values["kind"]),
            "scopes": tuple(map(Scope, json.loads(values["scopes"]))),
            "client_ids": None if clients is None else tuple(json.loads(clients)),
        }
    )
