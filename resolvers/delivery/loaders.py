"""Reading delivery packages."""

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.delivery.contract import PackageReads
from repositories.lazy import lazy
from resolvers.dataloaders import EntityLoaders, Loader, Related


class PackageLoaders(EntityLoaders[DeliveryPackage]):
    """Packages by `package_id`."""

    def __init__(self, reads: PackageReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._packages = reads

    @lazy
    def artifacts_by_package_id(self) -> Loader[str, tuple[DeliveryArtifact, ...]]:
        return self._children(
            self._packages.artifacts_by_package_id, self._packages.artifacts_json_by_package_id
        )

    @lazy
    def packages_by_draft_id(self) -> Related[DeliveryPackage]:
        reads = self._packages
        return Related(reads.pages_by_draft_id, reads.counts_by_draft_id, reads.json_pages)
