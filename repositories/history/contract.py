"""What history promises about the log of all changes.

Events are written by the repositories of the entities, in the transaction of the change and by one
function of history (`repositories/history/recording.py`). So nobody writes them by a repository.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from domain.entity import Entity
from domain.history import Event, EventFilter
from domain.json_object import JsonObject

R = TypeVar("R", bound=Entity)


def require_one(revision: int | None, at: datetime | None) -> None:
    """Raise ValueError unless exactly one of them is given."""
    if (revision is None) == (at is None):
        raise ValueError("either a revision or a time has to be given")


def is_of(event: Event, revision: int | None, at: datetime | None) -> bool:
    """Whether the event tells what its entity was with this revision, or, if it's the newest one of
    then, at this time."""
    return event.revision_after == revision if at is None else event.occurred_at <= at


class EventPage(NamedTuple):
    """Some of the events after a position, in order."""

    items: Sequence[Event]
    position: int
    """From here the next page goes on: all events up to here were looked at."""
    has_more: bool
    """Whether there may be events after `position` that match."""


class AsOf(NamedTuple, Generic[R]):
    """What entities were."""

    entities: Mapping[str, R]
    """By their keys; those that weren't there are left out."""
    unknown: Collection[str]
    """The keys of those of which the log doesn't know any more what they were, or whether they
    were there: their events were removed, or they are older than the log."""


class EventReads(Protocol):
    """Reading the log.

    Once a position was read, no event comes at it or before it any more. Old events may be gone,
    after the time for which they are kept; the last one of each key never is.

    Pages have None for states where the snapshot's `selected` names neither `state` nor `changes`
    of events.
    """

    async def pruned_position(self) -> int:
        """Up to here events may be gone; 0: all events are there.

        All events after it are there. So who goes on from a position before it may have missed
        some, and who goes on from it or from a later one hasn't. It only grows. Read by the same
        snapshot as a page it tells about that page.
        """
        ...

    async def page(
        self,
        after: int,
        limit: int,
        filter: EventFilter | None = None,
        *,
        before: int | None = None,
        backwards: bool = False,
    ) -> EventPage:
        """Up to `limit` events that match, by position; 0: from the start.

        Only those before the position `before`, where it's given. `backwards` finds the last of
        them, and not the first; they come in the order of their positions all the same, and
        `has_more` tells of those before them.
        """
        ...

    async def last_position(self) -> int:
        """The position of the newest event; 0 when there is none."""
        ...

    async def of_entities(
        self,
        entity_type: str,
        keys: Sequence[str],
        limit: int,
        *,
        before: str | None = None,
        with_deletions: bool = True,
    ) -> Mapping[str, Sequence[Event]]:
        """Up to `limit` events of each entity of a type, by its key, the newest first. The events
        of what this transaction and earlier ones saved are all there, perhaps without a position
        yet. Keys without any event may be left out.

        `before` is the id of an event: it gives those of that event's entity that came before it,
        and none of others. Who gets as many as asked for may ask for more, before the last one's
        id. Without deletions, only those events are counted and given that have a state.
        """
        ...

    async def states(
        self, entity_type: str, revisions: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], JsonObject]:
        """The states of entities, given by their keys, at these revisions of theirs; those that
        are gone are left out."""
        ...

    async def mentioned(
        self, entity_type: str, children: str, member: str, values: Collection[str]
    ) -> frozenset[str]:
        """Those of the values that any entity of a type has, or had, under a member of its
        children, as states in the log have it. The log is read whole."""
        ...

    async def as_of(
        self,
        record_type: type[R],
        keys: Sequence[str],
        *,
        revision: int | None = None,
        at: datetime | None = None,
    ) -> AsOf[R]:
        """Entities of a type, by their keys, with their children, as they were stored: with this
        revision, or else at this time. Exactly one of the two is given, or else: ValueError.
        """
        ...
