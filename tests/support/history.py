"""What the log has of a single entity."""

from datetime import datetime
from typing import TypeVar

from domain.entity import Entity
from domain.history import Event
from repositories.unit_of_work import Snapshot

R = TypeVar("R", bound=Entity)


async def events_of(
    snapshot: Snapshot, entity_type: str, key: str, limit: int, *, before: str | None = None
) -> list[Event]:
    """Its events, the newest first."""
    found = await snapshot.events.of_entities(entity_type, [key], limit, before=before)
    return list(found.get(key, ()))


async def as_of(
    snapshot: Snapshot,
    record_type: type[R],
    key: str,
    *,
    revision: int | None = None,
    at: datetime | None = None,
) -> R | None:
    """The entity as it was with a revision, or at a time. Fails where that isn't known."""
    found = await snapshot.events.as_of(record_type, [key], revision=revision, at=at)
    assert not found.unknown
    return found.entities.get(key)


async def is_unknown(
    snapshot: Snapshot,
    record_type: type[R],
    key: str,
    *,
    revision: int | None = None,
    at: datetime | None = None,
) -> bool:
    """Whether the log doesn't know any more what the entity was."""
    found = await snapshot.events.as_of(record_type, [key], revision=revision, at=at)
    return key in found.unknown
