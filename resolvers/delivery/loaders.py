"""Reading delivery packages."""

from functools import cached_property

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.delivery.contract import PackageReads
from resolvers.dataloaders import EntityLoaders, Loader, Related


class PackageLoaders(EntityLoaders[DeliveryPackage]):
    """Packages by `package_id`."""

    def __init__(self, reads: PackageReads, *, is_alone: bool = False) -> None:
        super().__init__(reads, is_alone=is_alone)
        self._packages = reads

    @cached_property
    def artifacts_by_package_id(self) -> Loader[str, tuple[DeliveryArtifact, ...]]:
        return self._children(
            self._packages.artifacts_by_package_id, self._packages.artifacts_json_by_package_id
        )

    @cached_property
    def packages_by_draft_id(self) -> Related[DeliveryPackage]:
        reads = self._packages
        return Related(reads.pages_by_draft_id, reads.counts_by_draft_id, reads.json_pages)
