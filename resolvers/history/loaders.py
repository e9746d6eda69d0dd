"""Reading the log."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from domain.entity import Entity
from domain.errors import StateRemoved
from domain.history import Event
from domain.json_object import JsonObject
from repositories.history.contract import EventReads
from repositories.history.states import record_of
from repositories.lazy import lazy
from resolvers.dataloaders import DataLoader

R = TypeVar("R", bound=Entity)


class Moment(NamedTuple):
    """An entity as it was: with a revision, or else at a time."""

    record_type: type[Entity]
    key: str
    revision: int | None
    at: datetime | None


class History(NamedTuple):
    """Up to `limit` events of an entity, the newest first, before the one with the id `before`;
    perhaps only those after which it was there."""

    entity_type: str
    key: str
    limit: int
    before: str | None
    with_deletions: bool = True


def entity_after(event: Event, record_type: type[R]) -> R:
    """The entity with its children as it was after the change, which didn't delete it; the event
    was read with its state."""
    assert event.state is not None
    return record_of(record_type, event.state, event.client_id)


class EventLoaders:
    """What can be read of the log."""

    def __init__(self, reads: EventReads) -> None:
        self.reads = reads

    @lazy
    def histories(self) -> DataLoader[History, Sequence[Event]]:
        return DataLoader(self._histories)

    @lazy
    def entities_as_of(self) -> DataLoader[Moment, Entity | StateRemoved | None]:
        """The entities; None where there was none, and the error where that isn't known."""
        return DataLoader(self._entities_as_of)

    @lazy
    def states_before(self) -> DataLoader[Event, JsonObject | StateRemoved | None]:
        """The states of the entities before the events; None where there was none, and the error
        where it isn't known."""
        return DataLoader(self._states_before)

    async def _histories(self, asked: Sequence[History]) -> Mapping[History, Sequence[Event]]:
        found: dict[History, Sequence[Event]] = {}
        for (entity_type, limit, before, with_deletions), them in _grouped(
            asked, lambda it: (it.entity_type, it.limit, it.before, it.with_deletions)
        ).items():
            keys = [it.key for it in them]
            events = await self.reads.of_entities(
                entity_type, keys, limit, before=before, with_deletions=with_deletions
            )
            found |= {it: events.get(it.key, ()) for it in them}
        return found

    async def _entities_as_of(
        self, asked: Sequence[Moment]
    ) -> Mapping[Moment, Entity | StateRemoved | None]:
        found: dict[Moment, Entity | StateRemoved | None] = {}
        for (record_type, revision, at), them in _grouped(
            asked, lambda it: (it.record_type, it.revision, it.at)
        ).items():
            keys = [it.key for it in them]
            entities, unknown = await self.reads.as_of(record_type, keys, revision=revision, at=at)
            found |= {
                it: StateRemoved() if it.key in unknown else entities.get(it.key) for it in them
            }
        return found

    async def _states_before(
        self, events: Sequence[Event]
    ) -> Mapping[Event, JsonObject | StateRemoved | None]:
        found: dict[Event, JsonObject | StateRemoved | None] = dict.fromkeys(events)
        of_types = _grouped(
            [event for event in events if event.revision_before], lambda it: it.entity_type
        )
        for entity_type, them in of_types.items():
            revisions = [(event.entity_key, event.revision_before) for event in them]
            states = await self.reads.states(entity_type, revisions)
            found |= {
                event: states.get((event.entity_key, event.revision_before)) or StateRemoved()
                for event in them
            }
        return found


def _grouped(asked: Sequence[Any], by: Any) -> Mapping[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for each in asked:
        groups[by(each)].append(each)
    return groups
