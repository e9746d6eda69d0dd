"""History: what happened to entities, one event for each change, all of them in one order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.callers import Caller
from domain.json_object import JsonObject

DELETED = "deleted"
ADOPTED = "adopted"
"""The name of the event of an entity that was stored before the log existed."""

_BOOKKEEPING: Final = frozenset({"revision", "createdAt", "updatedAt"})
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of an entity, as it was recorded in the transaction that made it.

    Names of fields, in `changed_fields` and in `state`, are those of the API.
    """

    position: int | None
    """The event's place in the log: 1, 2, 3 …, in an order in which changes of one entity have
    theirs. None, for some milliseconds after the commit, on PostgreSQL: readers of the whole log
    don't see the event before it has its position."""
    event_id: str
    """Unique, and ordered by the time it was made."""
    type: str
    """The type of the entity, and what happened to it: `brief.submitted`, `draft.deleted`."""
    entity_type: str
    entity_key: str
    revision_before: int
    """0: the entity wasn't there."""
    revision_after: int
    """0: the entity is gone. Every revision of a key is that of exactly one event."""
    client_id: str | None
    """The client whom the entity belongs to; None where that isn't known."""
    caller: Caller
    """Who changed it, and in which request."""
    occurred_at: datetime
    changed_fields: tuple[str, ...]
    """In the order of the record. All of them for an entity that wasn't there before; none where
    the same was saved again, or the entity was deleted."""
    state: JsonObject | None
    """The entity with its children as it was after the change; None: it was deleted."""

    @property
    def is_deletion(self) -> bool:
        return self.revision_after == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted: those that match all of it. None: whichever."""

    types: tuple[str, ...] | None = None
    entity_types: tuple[str, ...] | None = None
    entity_keys: tuple[str, ...] | None = None
    client_ids: tuple[str, ...] | None = None
    caller_kinds: tuple[str, ...] | None = None
    caller_ids: tuple[str, ...] | None = None
    on_behalf_of: tuple[str, ...] | None = None
    since: datetime | None = None
    """They occurred at this time or later."""
    until: datetime | None = None
    """They occurred before this time."""

    def matches(self, event: Event) -> bool:
        return (
            (self.types is None or event.type in self.types)
            and (self.entity_types is None or event.entity_type in self.entity_types)
            and (self.entity_keys is None or event.entity_key in self.entity_keys)
            and (self.client_ids is None or event.client_id in self.client_ids)
            and self._matches_caller(event.caller)
            and (self.since is None or event.occurred_at >= self.since)
            and (self.until is None or event.occurred_at < self.until)
        )

    def _matches_caller(self, caller: Caller) -> bool:
        return (
            (self.caller_kinds is None or caller.kind in self.caller_kinds)
            and (self.caller_ids is None or caller.id in self.caller_ids)
            and (self.on_behalf_of is None or caller.on_behalf_of in self.on_behalf_of)
        )


@dataclass(frozen=True, slots=True)
class StateChange:
    """A value of an entity that is another one now.

    `path` leads to it: names of fields in the API, and indexes of lists as texts. Values are plain
    JSON; None where there was, or is, nothing.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def adopted(entity_type: str) -> str:
    """The type of the event of an entity that was stored before the log existed."""
    return f"{entity_type}.{ADOPTED}"


def changes_between(
    before: JsonObject | None, after: JsonObject | None, key_name: str
) -> tuple[StateChange, ...]:
    """The changes from one state to a later one, in the order of the later one's fields.

    Objects and lists are compared member by member; what only one of the two has is one change,
    whole. A state is None where the entity wasn't there. The key is left out, and so is what
    storage decides about: revision and times.
    """
    old, new = (
        {
            name: value
            for name, value in ({} if state is None else state.to_python()).items()
            if name != key_name and name not in _BOOKKEEPING
        }
        for state in (before, after)
    )
    return tuple(_changes(old, new, ()))


def _changes(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[StateChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_members(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_members(_by_index(old), _by_index(new), path)
    elif type(old) is not type(new) or old != new:
        yield StateChange(path, None if old is _ABSENT else old, None if new is _ABSENT else new)


def _of_members(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[StateChange]:
    for name in [*new, *(name for name in old if name not in new)]:
        yield from _changes(old.get(name, _ABSENT), new.get(name, _ABSENT), (*path, name))


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}
