"""Saving the rows of an import, of whichever entity, by the commands of their module."""

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


class _BulkSave(NamedTuple):
    bulk: type[Bulk[Any]]
    carry_out: Callable[[UnitOfWork, Any], Awaitable[Sequence[Entity | DomainError]]]


_BULK_SAVES: Final[Mapping[TransferEntity, _BulkSave]] = MappingProxyType(
    {
        TransferEntity.BRIEF: _BulkSave(_SubmitIntakes, submit_intakes),
        TransferEntity.STRATEGY_PLAN: _BulkSave(_SaveStrategyPlans, save_strategy_plans),
        TransferEntity.CAMPAIGN: _BulkSave(_SaveCampaigns, save_campaigns),
        TransferEntity.DRAFT: _BulkSave(SaveDrafts, save_drafts),
        TransferEntity.QC_RESULT: _BulkSave(RecordQcResults, record_qc_results),
        TransferEntity.DELIVERY_PACKAGE: _BulkSave(SaveDeliveryPackages, save_delivery_packages),
    }
)


def identity_of(entity: TransferEntity, command: Row) -> frozenset[tuple[str, str]]:
    """What no two rows that are saved together may have in common."""
    found = ((name, getattr(command, name)) for name in _BULK_SAVES[entity].bulk.unique)
    return frozenset((name, key) for name, key in found if key is not None)


async def save_rows_of(
    unit: UnitOfWork, entity: TransferEntity, rows: Sequence[Row], policy: ErrorPolicy
) -> Sequence[Entity | DomainError]:
    """What became of each row. Raises BulkRejected."""
    bulk, carry_out = _BULK_SAVES[entity]
    return await carry_out(unit, bulk(rows=tuple(rows), error_policy=policy))
