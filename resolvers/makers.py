"""Who made what is stored, as the log has it."""

from domain.callers import Caller, CallerKind
from repositories.unit_of_work import UnitOfWork


async def maker_of(unit: UnitOfWork, entity_type: str, key: str) -> Caller | None:
    """Who made the present state of an entity: who changed it last. None: it isn't stored.

    Only for agents, whom rules about makers are for; None for others, without a read.
    """
    if unit.caller.kind is not CallerKind.AGENT:
        return None
    found = await unit.events.of_entities(entity_type, [key], 1)
    events = found.get(key, ())
    return None if not events or events[0].is_deletion else events[0].caller
