"""Who made what is stored, as the log has it."""

from collections.abc import Mapping, Sequence

from domain.callers import Caller, CallerKind
from domain.entity import Entity
from repositories.contract import EntityReads
from repositories.registry import TYPES_IN_THE_LOG
from repositories.unit_of_work import UnitOfWork


async def maker_of(unit: UnitOfWork, entity_type: str, key: str) -> Caller | None:
    """Who made the present state of an entity, as `makers_of` tells it."""
    return (await makers_of(unit, entity_type, [key])).get(key)


async def makers_of(
    unit: UnitOfWork, entity_type: str, keys: Sequence[str]
) -> Mapping[str, Caller]:
    """Who made the present state of entities, by their keys: who changed each last.

    Those are left out that aren't stored, or whose last change the caller doesn't see, which may be
    another client's. Only for agents, whom rules about makers are for; none for others, without a
    read.
    """
    if unit.caller.kind is not CallerKind.AGENT:
        return {}
    reads: EntityReads[Entity] = getattr(unit, TYPES_IN_THE_LOG[entity_type].attribute)
    stored = await reads.get_many(keys)
    events = await unit.events.of_entities(entity_type, keys, 1)
    return {
        key: events[key][0].caller
        for key, entity in stored.items()
        if events.get(key) and events[key][0].revision_after == entity.revision
    }
