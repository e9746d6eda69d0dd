"""Who made what is stored, as the log has it."""

from domain.callers import Caller, CallerKind
from domain.entity import Entity
from repositories.contract import EntityReads
from repositories.registry import TYPES_IN_THE_LOG
from repositories.unit_of_work import UnitOfWork


async def maker_of(unit: UnitOfWork, entity_type: str, key: str) -> Caller | None:
    """Who made the present state of an entity: who changed it last. None: it isn't stored, or the
    caller doesn't see that change, which may be another client's.

    Only for agents, whom rules about makers are for; None for others, without a read.
    """
    if unit.caller.kind is not CallerKind.AGENT:
        return None
    reads: EntityReads[Entity] = getattr(unit, TYPES_IN_THE_LOG[entity_type].attribute)
    stored = await reads.get(key)
    events = (await unit.events.of_entities(entity_type, [key], 1)).get(key, ())
    if stored is None or not events or events[0].revision_after != stored.revision:
        return None
    return events[0].caller
