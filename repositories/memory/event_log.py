"""The log in memory: events by their positions, of which a commit adds some.

It has the last MAX_EVENTS of them, and of those before the last one of each key.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from itertools import islice, takewhile
from operator import attrgetter
from typing import Final

from domain.history import Event

MAX_EVENTS: Final = 10_000
"""How many of the last events are kept at least."""
PRUNED_AT_ONCE: Final = 1_000
"""So many more are kept until those that are too many are removed, since that takes a while."""

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
        self.pruned_position = 0
        """Up to here events may be gone."""


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

    @property
    def pruned_position(self) -> int:
        return self._committed.pruned_position

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
        wanted = {*topics}
        added = [_revision(event) for event, named in self._added if not wanted.isdisjoint(named)]
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
        log = EventLog(committed, self.last_position)
        excess = log.last_position - log.pruned_position - MAX_EVENTS
        return log if excess < PRUNED_AT_ONCE else log.pruned(None, excess)

    def pruned(self, before: datetime | None, most: int) -> "EventLog":
        """The log without what the next events replaced, `most` of them and all from `before`;
        None: from any time.

        To be called as `committed`. Who has an earlier log keeps what that one has.
        """
        committed = self._committed
        found = islice(self.after(self.pruned_position), most)
        looked_at = [*takewhile(lambda event: before is None or event.occurred_at < before, found)]
        if not looked_at:
            return self
        newest = {(event.entity_type, event.entity_key): event for event in looked_at}
        pruned = copy(committed)
        pruned.pruned_position = last = _POSITION(looked_at[-1])
        pruned.by_key = committed.by_key.copy()
        for topic, event in newest.items():
            of_key = committed.by_key[topic]
            pruned.by_key[topic] = of_key[of_key.index(event) :]

        def is_kept(event: Event) -> bool:
            replaced_by = newest.get((event.entity_type, event.entity_key))
            return replaced_by is None or _POSITION(event) >= _POSITION(replaced_by)

        end = bisect_right(committed.events, last, key=_POSITION)
        pruned.events = [*filter(is_kept, committed.events[:end]), *committed.events[end:]]
        return EventLog(pruned, self.last_position)


def _visible(events: Sequence[Event], after: int, last: int) -> Iterator[Event]:
    first = bisect_right(events, after, key=_POSITION)
    return (events[n] for n in range(first, bisect_right(events, last, key=_POSITION)))


def _revision(event: Event) -> int:
    return event.revision_after or event.revision_before
