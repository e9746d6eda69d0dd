"""Saving the rows of an import, of whatever kind, by the commands of their module."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple

from domain.bulk import Bulk, ErrorPolicy, Row
from domain.delivery import SaveDeliveryPackages
from domain.entity import Entity
from domain.errors import DomainError
from domain.onboarding import SubmitIntake
from domain.production import SaveCampaign, SaveDrafts
from domain.qc import RecordQcResults
from domain.strategy import SaveStrategyPlan
from domain.transfers import TransferEntity
from repositories.unit_of_work import UnitOfWork
from resolvers.delivery.commands import save_delivery_packages
from resolvers.onboarding.commands import submit_intakes
from resolvers.production.commands import save_campaigns, save_drafts
from resolvers.qc.commands import record_qc_results
from resolvers.strategy.commands import save_strategy_plans


class _SubmitIntakes(Bulk[SubmitIntake]):
    unique: ClassVar[tuple[str, ...]] = ("brief_id",)


class _SaveStrategyPlans(Bulk[SaveStrategyPlan]):
    unique: ClassVar[tuple[str, ...]] = ("strategy_id",)


class _SaveCampaigns(Bulk[SaveCampaign]):
    unique: ClassVar[tuple[str, ...]] = ("campaign_id",)


class _Kind(NamedTuple):
    bulk: type[Bulk[Any]]
    save: Callable[[UnitOfWork, Any], Awaitable[Sequence[Entity | DomainError]]]


_KINDS: Final[Mapping[TransferEntity, _Kind]] = MappingProxyType(
    {
        TransferEntity.BRIEF: _Kind(_SubmitIntakes, submit_intakes),
        TransferEntity.STRATEGY_PLAN: _Kind(_SaveStrategyPlans, save_strategy_plans),
        TransferEntity.CAMPAIGN: _Kind(_SaveCampaigns, save_campaigns),
        TransferEntity.DRAFT: _Kind(SaveDrafts, save_drafts),
        TransferEntity.QC_RESULT: _Kind(RecordQcResults, record_qc_results),
        TransferEntity.DELIVERY_PACKAGE: _Kind(SaveDeliveryPackages, save_delivery_packages),
    }
)


def identity_of(entity: TransferEntity, command: Row) -> frozenset[tuple[str, str]]:
    """What no two rows that are saved together may have in common."""
    found = ((name, getattr(command, name)) for name in _KINDS[entity].bulk.unique)
    return frozenset((name, key) for name, key in found if key is not None)


async def save_rows_of(
    unit: UnitOfWork, entity: TransferEntity, rows: Sequence[Row], policy: ErrorPolicy
) -> Sequence[Entity | DomainError]:
    """What became of each row. Raises BulkRejected."""
    kind = _KINDS[entity]
    return await kind.save(unit, kind.bulk(rows=tuple(rows), error_policy=policy))
