"""How a database repository records what it changes, in the transaction of the change.

The event is written by history, whose table nobody else writes: on SQLite by the session's
recorder, on PostgreSQL by a function of the database, in the call that changes the entity.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.types import TypeEngine

from domain.entity import Entity
from repositories.sql.metadata import PlainText, Timestamp
from repositories.sql.turns import StatementRunner


class SeriesKey(NamedTuple):
    """The key of the series in which the revisions of an entity count."""

    entity_type: str
    entity_key: str
    series_key: str | None
    """Entities of the type with this series key share the series; None: the key has its own."""


def series_key_of(record: Entity) -> str | None:
    name = record.series_name
    return None if name is None else getattr(record, name)


class Recorder(Protocol):
    """Writes the events of one unit of work."""

    def save_of(self, record: Entity) -> dict[str, Any]:
        """The values of ORIGIN, and the state, for the event of a save that happens now."""
        ...

    def deletion_of(self, record_type: type[Entity]) -> dict[str, Any]:
        """The values of ORIGIN for the event of a deletion that happens now."""
        ...

    async def record(self, runner: StatementRunner, values: dict[str, Any]) -> None:
        """Write an event, on SQLite: of these values and of what was changed."""
        ...

    async def record_many(self, runner: StatementRunner, values: Sequence[dict[str, Any]]) -> None:
        """Write events, as `record` writes one."""
        ...

    async def last_revision(self, runner: StatementRunner, series: SeriesKey) -> int:
        """The last revision that there was; 0 where there was none."""
        ...

    async def last_revisions(
        self, runner: StatementRunner, series: Sequence[SeriesKey]
    ) -> Mapping[str, int]:
        """The last revisions of entities of one type, by their keys, as `last_revision` gives one;
        those without any are left out."""
        ...


_ORIGIN: Final[dict[str, TypeEngine[Any]]] = {
    "event_id": PlainText,
    "event_type": PlainText,
    "caller_kind": PlainText,
    "caller_id": PlainText,
    "on_behalf_of": PlainText,
    "request_id": PlainText,
    "occurred_at": Timestamp(),
}

ORIGIN: Final = tuple(_ORIGIN)
"""The columns that identify an event, its caller and its time."""


def origin_parameters() -> list[BindParameter[Any]]:
    return [bindparam(name, type_=kind) for name, kind in _ORIGIN.items()]
