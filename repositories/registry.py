"""The registry of entities: the one place that lists their types.

Snapshots and units of work, dataloaders, global ids, cursors and the lists of the tests are made
from it. A new type of entity is one entry here, beside the files of its module.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, overload

from domain.delivery import DeliveryPackage
from domain.entity import Entity, Owned
from domain.files import File, Upload
from domain.history import ADOPTED, DELETED
from domain.onboarding import Brief
from domain.production import Campaign, Draft
from domain.qc import QcResult
from domain.strategy import StrategyPlan
from domain.transfers import Export, Import
from domain.workflow import Run
from repositories.delivery.contract import PackageReads, PackageRepository
from repositories.delivery.database import DatabasePackageRepository
from repositories.delivery.memory import MemoryPackageRepository
from repositories.files.contract import (
    FileReads,
    FileRepository,
    UploadReads,
    UploadRepository,
)
from repositories.files.database import DatabaseFileRepository, DatabaseUploadRepository
from repositories.files.memory import MemoryFileRepository, MemoryUploadRepository
from repositories.memory.repository import MemoryRepository
from repositories.memory.session import MemorySession
from repositories.onboarding.contract import BriefReads, BriefRepository
from repositories.onboarding.database import DatabaseBriefRepository
from repositories.onboarding.memory import MemoryBriefRepository
from repositories.production.contract import (
    CampaignReads,
    CampaignRepository,
    DraftReads,
    DraftRepository,
)
from repositories.production.database import DatabaseCampaignRepository, DatabaseDraftRepository
from repositories.production.memory import MemoryCampaignRepository, MemoryDraftRepository
from repositories.qc.contract import QcResultReads, QcResultRepository
from repositories.qc.database import DatabaseQcResultRepository
from repositories.qc.memory import MemoryQcResultRepository
from repositories.sql.repository import DatabaseRepository
from repositories.sql.session import DatabaseSession
from repositories.strategy.contract import PlanReads, PlanRepository
from repositories.strategy.database import DatabasePlanRepository
from repositories.strategy.memory import MemoryPlanRepository
from repositories.transfers.contract import (
    ExportReads,
    ExportRepository,
    ImportReads,
    ImportRepository,
)
from repositories.transfers.database import DatabaseExportRepository, DatabaseImportRepository
from repositories.transfers.memory import MemoryExportRepository, MemoryImportRepository
from repositories.workflow.contract import RunReads, RunRepository
from repositories.workflow.database import DatabaseRunRepository
from repositories.workflow.memory import MemoryRunRepository

if TYPE_CHECKING:
    from repositories.unit_of_work import Snapshot, UnitOfWork

Reads = TypeVar("Reads")
Repository = TypeVar("Repository")


class EntityType(Generic[Reads, Repository]):
    """A type of entity: its record, and the repositories that keep it in each persistence mode.

    As an attribute of a snapshot it gives what reads the entities; as one of a unit of work, what
    reads and saves them. A repository is made when it's first asked for: few units of work need
    more than one.
    """

    attribute: str
    """The type's attribute of snapshots, units of work and loaders."""

    def __init__(
        self,
        record: type[Entity],
        in_memory: Callable[[MemorySession], Repository],
        in_database: Callable[[DatabaseSession], Repository],
    ) -> None:
        self.record = record
        self.name = record.__name__
        """The name of the record, which is that of the GraphQL type."""
        self.key_name = record.key_name
        self.in_memory = cast(type[MemoryRepository[Any]], in_memory)
        self.in_database = cast(type[DatabaseRepository[Any]], in_database)

    @property
    def module(self) -> str:
        """The name of the module that owns it, in every room."""
        return self.record.__module__.rpartition(".")[-1]

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, unit: None, owner: type) -> "EntityType[Reads, Repository]": ...
    @overload
    def __get__(self, unit: "UnitOfWork", owner: type) -> Repository: ...
    @overload
    def __get__(self, unit: "Snapshot", owner: type) -> Reads: ...
    def __get__(self, unit: Any, owner: type) -> Any:
        if unit is None:
            return self
        made = unit.__dict__[self.attribute] = unit.repositories[self.name](unit.session)
        return made


class Entities:
    """The types of entities: those of the pipeline in its order, files, transfers, and runs."""

    briefs: EntityType[BriefReads, BriefRepository] = EntityType(
        Brief, MemoryBriefRepository, DatabaseBriefRepository
    )
    strategy_plans: EntityType[PlanReads, PlanRepository] = EntityType(
        StrategyPlan, MemoryPlanRepository, DatabasePlanRepository
    )
    campaigns: EntityType[CampaignReads, CampaignRepository] = EntityType(
        Campaign, MemoryCampaignRepository, DatabaseCampaignRepository
    )
    drafts: EntityType[DraftReads, DraftRepository] = EntityType(
        Draft, MemoryDraftRepository, DatabaseDraftRepository
    )
    qc_results: EntityType[QcResultReads, QcResultRepository] = EntityType(
        QcResult, MemoryQcResultRepository, DatabaseQcResultRepository
    )
    delivery_packages: EntityType[PackageReads, PackageRepository] = EntityType(
        DeliveryPackage, MemoryPackageRepository, DatabasePackageRepository
    )
    files: EntityType[FileReads, FileRepository] = EntityType(
        File, MemoryFileRepository, DatabaseFileRepository
    )
    uploads: EntityType[UploadReads, UploadRepository] = EntityType(
        Upload, MemoryUploadRepository, DatabaseUploadRepository
    )
    imports: EntityType[ImportReads, ImportRepository] = EntityType(
        Import, MemoryImportRepository, DatabaseImportRepository
    )
    exports: EntityType[ExportReads, ExportRepository] = EntityType(
        Export, MemoryExportRepository, DatabaseExportRepository
    )
    runs: EntityType[RunReads, RunRepository] = EntityType(
        Run, MemoryRunRepository, DatabaseRunRepository
    )


ENTITY_TYPES: Final[Mapping[str, EntityType[Any, Any]]] = MappingProxyType(
    {type_.name: type_ for type_ in vars(Entities).values() if isinstance(type_, EntityType)}
)
"""All types of entities, by the names of their records."""

OWNED_TYPES: Final[Mapping[str, Sequence[EntityType[Any, Any]]]] = MappingProxyType(
    {
        name: owned
        for name in ENTITY_TYPES
        if (
            owned := tuple(
                type_
                for type_ in ENTITY_TYPES.values()
                if issubclass(type_.record, Owned) and type_.record.owner.type_name == name
            )
        )
    }
)
"""The types of the entities that an entity may own, by the name of its record."""

TYPES_IN_THE_LOG: Final[Mapping[str, EntityType[Any, Any]]] = MappingProxyType(
    {type_.record.entity_type: type_ for type_ in ENTITY_TYPES.values()}
)
"""All types of entities, by the names that events have for them."""

EVENT_TYPES: Final = frozenset(
    f"{type_.record.entity_type}.{outcome}"
    for type_ in ENTITY_TYPES.values()
    for outcome in (*type_.record.outcomes, DELETED, ADOPTED)
)
"""All types of events in the log."""
