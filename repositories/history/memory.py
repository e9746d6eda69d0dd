"""The log in memory: how it's written, and how it's read."""

import builtins
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from domain.callers import Caller
from domain.entity import Entity
from domain.history import DELETED, Event, EventFilter
from domain.json_object import JsonObject
from domain.sources import NewKey
from repositories.history.contract import AsOf, EventPage, is_of, require_one
from repositories.history.states import complete_state, record_of, render_state
from repositories.memory.criteria import matches
from repositories.memory.event_log import EventLog, Topic
from repositories.memory.session import MemorySession

R = TypeVar("R", bound=Entity)


class MemoryEventRecorder:
    """Writes the events of one unit of work."""

    def __init__(self, caller: Caller, now: datetime, new_key: NewKey) -> None:
        self._caller = caller.identity
        self._now = now
        self._new_key = new_key

    def saved(
        self, session: MemorySession, record: Entity, key: str, before: int, changed: Sequence[str]
    ) -> None:
        state = render_state(record)
        self._record(
            session,
            record,
            key,
            record.outcome,
            revision_before=before,
            revision_after=record.revision,
            changed_fields=tuple(changed),
            state=complete_state(state, record.revision, record.created_at, record.updated_at),
        )

    def deleted(self, session: MemorySession, record: Entity, key: str) -> None:
        self._record(
            session,
            record,
            key,
            DELETED,
            revision_before=record.revision,
            revision_after=0,
            changed_fields=(),
            state=None,
        )

    def last_revision(self, session: MemorySession, record: Entity, key: str) -> int:
        return session.log.last_revision(_topics(record, key))

    def _record(
        self, session: MemorySession, record: Entity, key: str, outcome: str, **change: Any
    ) -> None:
        client = record.client_name
        event = Event(
            position=session.log.last_position + 1,
            event_id=self._new_key("event"),
            type=f"{record.entity_type}.{outcome}",
            entity_type=record.entity_type,
            entity_key=key,
            client_id=None if client is None else getattr(record, client),
            caller=self._caller,
            occurred_at=self._now,
            **change,
        )
        session.log = session.log.with_event(event, _topics(record, key))


def _topics(record: Entity, key: str) -> tuple[Topic, ...]:
    """What the record's revision counts on for."""
    own = (record.entity_type, f"key:{key}")
    if record.series_name is None:
        return (own,)
    return (own, (record.entity_type, f"series:{getattr(record, record.series_name)}"))


class MemoryEventReads:
    """The log as one session sees it."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def page(
        self,
        after: int,
        limit: int,
        filter: EventFilter | None = None,
        *,
        before: int | None = None,
        backwards: bool = False,
    ) -> EventPage:
        if backwards:
            return self._last_page(after, limit, filter, before)
        found: list[Event] = []
        position = after
        for event in builtins.filter(self._sees, self._log.after(after)):
            if before is not None and (event.position or 0) >= before:
                break
            if len(found) == limit:
                return EventPage(found, position, has_more=True)
            if filter is None or filter.matches(event):
                found.append(event)
            position = event.position or position
        return EventPage(found, position, has_more=False)

    def _last_page(
        self, after: int, limit: int, filter: EventFilter | None, before: int | None
    ) -> EventPage:
        matching = [
            event
            for event in self._log.after(after)
            if (before is None or (event.position or 0) < before)
            and (filter is None or filter.matches(event))
            and self._sees(event)
        ]
        found = matching[max(len(matching) - limit, 0) :]
        position = (found[-1].position if found else None) or after
        return EventPage(found, position, has_more=len(matching) > limit)

    async def last_position(self) -> int:
        return self._log.last_position

    async def pruned_position(self) -> int:
        return self._log.pruned_position

    async def of_entities(
        self,
        entity_type: str,
        keys: Sequence[str],
        limit: int,
        *,
        before: str | None = None,
        with_deletions: bool = True,
    ) -> Mapping[str, Sequence[Event]]:
        return {
            key: _newest(
                self._of_entity(entity_type, key), limit, before, with_deletions=with_deletions
            )
            for key in set(keys)
        }

    async def states(
        self, entity_type: str, revisions: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], JsonObject]:
        return {
            (key, event.revision_after): event.state
            for key in {key for key, _ in revisions}
            for event in self._of_entity(entity_type, key)
            if event.state is not None and (key, event.revision_after) in revisions
        }

    async def mentioned(
        self, entity_type: str, children: str, member: str, values: Collection[str]
    ) -> frozenset[str]:
        states = [
            event.state.to_python()
            for event in builtins.filter(self._sees, self._log.after(0))
            if event.entity_type == entity_type and event.state is not None
        ]
        found = {child.get(member) for state in states for child in state.get(children, ())}
        return frozenset(found & {*values})

    async def as_of(
        self,
        record_type: type[R],
        keys: Sequence[str],
        *,
        revision: int | None = None,
        at: datetime | None = None,
    ) -> AsOf[R]:
        require_one(revision, at)
        entities, unknown = dict[str, R](), list[str]()
        for key in set(keys):
            events = self._of_entity(record_type.entity_type, key)
            event = next((it for it in reversed(events) if is_of(it, revision, at)), None)
            if event is None:
                if any(self._hides(it, revision) for it in events):
                    unknown.append(key)
            elif event.state is not None:
                entities[key] = record_of(record_type, event.state, event.client_id)
        return AsOf(entities, unknown)

    def _hides(self, event: Event, revision: int | None) -> bool:
        """Whether earlier events of the entity, perhaps that of the revision, were removed."""
        was_removed = (event.position or 0) <= self._log.pruned_position
        own = event.revision_after or event.revision_before
        is_first = own == 1 and not event.is_deletion
        return was_removed and not is_first and (revision is None or revision <= own)

    def _of_entity(self, entity_type: str, entity_key: str) -> Sequence[Event]:
        """The events of an entity that the caller may see, in order."""
        return [*builtins.filter(self._sees, self._log.of_entity((entity_type, entity_key)))]

    def _sees(self, event: Event) -> bool:
        rule = self._session.rules.get(Event.__name__)
        return rule is None or matches(event, rule)

    @property
    def _log(self) -> EventLog:
        return self._session.log


def _newest(
    events: Sequence[Event], limit: int, before: str | None, *, with_deletions: bool
) -> Sequence[Event]:
    """The newest events first; with `before`, those that came before the event with this id."""
    found = list(reversed(events))
    if before is not None:
        places = [place for place, event in enumerate(found) if event.event_id == before]
        found = found[places[0] + 1 :] if places else []
    return [event for event in found if with_deletions or not event.is_deletion][:limit]
