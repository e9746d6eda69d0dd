"""What a cancelled run removes, and what it leaves."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from domain.callers import Caller
from domain.deletion import Delete
from domain.delivery import DeliveryPackage
from domain.errors import NotAllowed, NotFound, RevisionConflict
from domain.onboarding import Brief
from domain.production import Campaign, Draft
from domain.qc import QcResult
from domain.scopes import write_scope
from domain.strategy import StrategyPlan
from domain.workflow import Produced
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import UnitOfWork
from resolvers.delivery.commands import delete_delivery_package
from resolvers.production.commands import delete_campaign, delete_draft
from resolvers.qc.commands import delete_qc_result
from resolvers.strategy.commands import delete_strategy_plan

_DELETIONS: Final[Mapping[str, Callable[[UnitOfWork, Delete], Awaitable[str]]]] = MappingProxyType(
    {
        StrategyPlan.__name__: delete_strategy_plan,
        Campaign.__name__: delete_campaign,
        Draft.__name__: delete_draft,
        QcResult.__name__: delete_qc_result,
        DeliveryPackage.__name__: delete_delivery_package,
    }
)


async def remove(unit: UnitOfWork, produced: Produced) -> str | None:
    """Remove what a run has made, if it's as the run has left it; None: it's gone.

    Otherwise why it stays: somebody has changed it since, or it can't be undone. Raises NotAllowed
    where the caller of the run may not save such entities.
    """
    if produced.type_name == Brief.__name__:
        return "A brief that is normalised stays so."
    type_ = ENTITY_TYPES[produced.type_name]
    _require_scope(unit.caller, type_.module)
    command = Delete(key_name=type_.key_name, key=produced.key, expected_revision=produced.revision)
    try:
        await _DELETIONS[produced.type_name](unit, command)
    except NotFound:
        return None
    except RevisionConflict as conflict:
        return (
            f"{produced.key} was changed by others since: it's at revision {conflict.actual}, and "
            f"the run had left it at {produced.revision}."
        )
    return None


def _require_scope(caller: Caller, module: str) -> None:
    scope = write_scope(module)
    if scope not in caller.scopes:
        raise NotAllowed("run_id", f"requires the scope `{scope}`")
