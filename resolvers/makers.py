"""Who made what is stored, as the log has it."""

from collections.abc import Sequence

from domain.callers import Caller, CallerKind
from domain.entity import Entity
from repositories.history.contract import EventReads


async def makers_of(
    events: EventReads, caller: Caller, entities: Sequence[Entity]
) -> Sequence[Caller | None]:
    """Who made each of the entities, which are of one type, as they are: who changed it last.

    None where the entity isn't the one that is stored, and where the caller doesn't see its last
    change, which may be another client's. Only for agents, whom rules about makers are for; None
    for others, without a read.
    """
    if caller.kind is not CallerKind.AGENT or not entities:
        return [None for _ in entities]
    keys = [getattr(entity, entity.key_name) for entity in entities]
    last = await events.of_entities(entities[0].entity_type, keys, 1)
    return [
        last[key][0].caller
        if last.get(key) and last[key][0].revision_after == entity.revision
        else None
        for key, entity in zip(keys, entities, strict=True)
    ]
