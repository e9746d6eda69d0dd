"""Rows of the log as events."""

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, select

from domain.callers import Caller, CallerKind
from domain.history import Event
from domain.json_object import JsonObject
from repositories.drivers.compiled import Row
from repositories.history.states import complete_state
from repositories.history.tables import events

STATE: Final = ("state",)
_TIMES: Final = ("created_at", "updated_at")
"""Of the entity: they complete its state."""
_NAMES: Final = tuple(
    column.name
    for column in events.columns
    if column.name not in ("id", "series_key", "sequenced_at", *STATE, *_TIMES)
)


def select_events(rows: FromClause, *, has_state: bool = True) -> Select[Any]:
    names = (*_NAMES, *STATE, *_TIMES) if has_state else _NAMES
    return select(*(rows.c[name] for name in names))


def parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _state(revision: int, state: str, created_at: datetime, updated_at: datetime) -> JsonObject:
    return complete_state(state, revision, created_at, updated_at)


def event_of(row: Row) -> Event:
    (
        position,
        event_id,
        type_,
        entity_type,
        entity_key,
        revision,
        revision_before,
        is_deletion,
        client_id,
        caller_kind,
        caller_id,
        on_behalf_of,
        request_id,
        occurred_at,
        changed_fields,
        *state,
    ) = row
    return Event(
        position=position,
        event_id=event_id,
        type=type_,
        entity_type=entity_type,
        entity_key=entity_key,
        revision_before=revision_before,
        revision_after=0 if is_deletion else revision,
        client_id=client_id,
        caller=Caller(CallerKind(caller_kind), caller_id, on_behalf_of, request_id, clients=None),
        occurred_at=occurred_at,
        changed_fields=tuple(json.loads(changed_fields)),
        state=_state(revision, *state) if state and not is_deletion else None,
    )
