"""Reading delivery packages."""

from functools import cached_property

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.delivery.contract import PackageReads
from resolvers.dataloaders import (
    DataLoader,
    EntityLoaders,
    JsonLoader,
    Related,
    children_by_key,
)


class PackageLoaders(EntityLoaders[DeliveryPackage]):
    """Packages by `package_id`."""

    def __init__(self, reads: PackageReads, *, with_children: bool = False) -> None:
        super().__init__(reads, with_children=with_children)
        self._packages = reads

    @cached_property
    def artifacts_by_package_id(self) -> DataLoader[str, tuple[DeliveryArtifact, ...]]:
        return children_by_key(self._packages.artifacts_by_package_id)

    @cached_property
    def artifacts_json_by_package_id(self) -> JsonLoader:
        return JsonLoader(self._packages.artifacts_json_by_package_id)

    @cached_property
    def packages_by_draft_id(self) -> Related[DeliveryPackage]:
        return Related(self._packages.pages_by_draft_id, self._packages.counts_by_draft_id)
