"""The dataloaders of all types of entities, over one snapshot."""

from typing import Any, Generic, Protocol, TypeVar, overload

from repositories.lazy import lazy
from repositories.registry import Entities, EntityType
from repositories.unit_of_work import Snapshot
from resolvers.access.loaders import AccessLoaders
from resolvers.dataloaders import EntityLoaders
from resolvers.delivery.loaders import PackageLoaders
from resolvers.files.loaders import FileLoaders, UploadLoaders
from resolvers.history.loaders import EventLoaders
from resolvers.onboarding.loaders import BriefLoaders
from resolvers.production.loaders import CampaignLoaders, DraftLoaders
from resolvers.qc.loaders import QcResultLoaders
from resolvers.strategy.loaders import PlanLoaders
from resolvers.transfers.loaders import ExportLoaders, ImportLoaders
from resolvers.webhooks.loaders import WebhookLoaders
from resolvers.workflow.loaders import ExchangeLoaders, RunLoaders

Reads = TypeVar("Reads")
Reads_contra = TypeVar("Reads_contra", contravariant=True)
L = TypeVar("L")
L_co = TypeVar("L_co", covariant=True)


class _Make(Protocol[Reads_contra, L_co]):
    def __call__(self, reads: Reads_contra, /, *, single_statement: bool) -> L_co: ...


class LoadersOf(Generic[L]):
    """The loaders of a type of entity, made when they are first asked for: most operations need
    a few."""

    def __init__(self, type_: EntityType[Reads, Any], make: _Make[Reads, L]) -> None:
        self.attribute = type_.attribute
        self._make: _Make[Any, L] = make

    @overload
    def __get__(self, loaders: None, owner: type) -> "LoadersOf[L]": ...
    @overload
    def __get__(self, loaders: "Loaders", owner: type) -> L: ...
    def __get__(self, loaders: "Loaders | None", owner: type) -> "LoadersOf[L] | L":
        if loaders is None:
            return self
        reads = getattr(loaders.snapshot, self.attribute)
        made = self._make(reads, single_statement=loaders.single_statement)
        loaders.__dict__[self.attribute] = made
        return made


class Loaders:
    """Made anew for each snapshot, so that nothing outlives what it was read from."""

    briefs = LoadersOf(Entities.briefs, BriefLoaders)
    strategy_plans = LoadersOf(Entities.strategy_plans, PlanLoaders)
    campaigns = LoadersOf(Entities.campaigns, CampaignLoaders)
    drafts = LoadersOf(Entities.drafts, DraftLoaders)
    qc_results = LoadersOf(Entities.qc_results, QcResultLoaders)
    delivery_packages = LoadersOf(Entities.delivery_packages, PackageLoaders)
    files = LoadersOf(Entities.files, FileLoaders)
    uploads = LoadersOf(Entities.uploads, UploadLoaders)
    imports = LoadersOf(Entities.imports, ImportLoaders)
    exports = LoadersOf(Entities.exports, ExportLoaders)
    runs = LoadersOf(Entities.runs, RunLoaders)

    def __init__(self, snapshot: Snapshot, *, single_statement: bool = False) -> None:
        """`single_statement`: only one thing is read, so there is nothing to gather."""
        self.snapshot = snapshot
        self.single_statement = single_statement

    @lazy
    def events(self) -> EventLoaders:
        return EventLoaders(self.snapshot.events)

    @lazy
    def webhooks(self) -> WebhookLoaders:
        return WebhookLoaders(self.snapshot.webhooks)

    @lazy
    def access(self) -> AccessLoaders:
        return AccessLoaders(self.snapshot.access)

    @lazy
    def exchanges(self) -> ExchangeLoaders:
        return ExchangeLoaders(self.snapshot.exchanges)

    def of(self, type_: EntityType[Any, Any]) -> EntityLoaders[Any]:
        """The loaders of a type of entity."""
        loaders: EntityLoaders[Any] = getattr(self, type_.attribute)
        return loaders
