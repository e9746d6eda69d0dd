"""The log in memory: events by their positions, of which a commit adds some."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from domain.history import Event

Topic = tuple[str, str]
"""The type of entities, and a key of theirs."""

_POSITION = attrgetter("position")


class _Committed:
    """All events that were committed; more are appended, so whoever looks at the first ones may
    go on doing so."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.by_key: defaultdict[Topic, list[Event]] = defaultdict(list)
        self.last_revisions: dict[Topic, int] = {}
        """By key, and by series."""
        self.last_position = 0


class EventLog:
    """The log as it was at a commit, and what a unit of work added since. It never changes."""

    def __init__(
        self,
        committed: _Committed | None = None,
        last_position: int = 0,
        added: tuple[tuple[Event, tuple[Topic, ...]], ...] = (),
    ) -> None:
        self._committed = _Committed() if committed is None else committed
        self._last_committed = last_position
        self._added = added

    @property
    def last_position(self) -> int:
        return self._last_committed + len(self._added)

    def after(self, position: int) -> Iterator[Event]:
        """The events after the position, in order."""
        yield from _visible(self._committed.events, position, self._last_committed)
        yield from (event for event, _ in self._added if _POSITION(event) > position)

    def of_entity(self, topic: Topic) -> Sequence[Event]:
        """The events of a key, in order."""
        found = self._committed.by_key.get(topic, [])
        added = (it for it, _ in self._added if (it.entity_type, it.entity_key) == topic)
        return [*_visible(found, 0, self._last_committed), *added]

    def last_revision(self, topics: Sequence[Topic]) -> int:
        """The last revision of what any of them names. It's the newest log that is to be asked."""
        known = self._committed.last_revisions
        committed = [known.get(topic, 0) for topic in topics]
        added = [_revision(event) for event, named in self._added if {*named} & {*topics}]
        return max(*committed, *added, 0)

    def with_event(self, event: Event, topics: tuple[Topic, ...]) -> "EventLog":
        """`topics` name what the event's revision counts on for."""
        added = (*self._added, (event, topics))
        return EventLog(self._committed, self._last_committed, added)

    def committed(self) -> "EventLog":
        """To be called once, by who has the lock of writers, and of the newest log."""
        committed = self._committed
        for event, topics in self._added:
            committed.events.append(event)
            committed.by_key[event.entity_type, event.entity_key].append(event)
            for topic in topics:
                committed.last_revisions[topic] = _revision(event)
        return EventLog(committed, self.last_position)

    def without(self, is_old: Callable[[Event], bool]) -> "EventLog":
        """The log without old events, but with the last one of each key."""
        kept = _Committed()
        kept.last_revisions = dict(self._committed.last_revisions)
        for event in self.after(0):
            topic = (event.entity_type, event.entity_key)
            if self._committed.by_key[topic][-1] is event or not is_old(event):
                kept.events.append(event)
                kept.by_key[topic].append(event)
        return EventLog(kept, self.last_position)


def _visible(events: Sequence[Event], after: int, last: int) -> Iterator[Event]:
    first = bisect_right(events, after, key=_POSITION)
    return (events[n] for n in range(first, bisect_right(events, last, key=_POSITION)))


def _revision(event: Event) -> int:
    return event.revision_after or event.revision_before
