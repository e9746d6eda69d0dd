"""The protocols of the repositories of delivery."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.contract import EntityReads, EntityRepository
from repositories.criteria import Filter, Page, PageRequest
from repositories.projections import JsonProjection


class PackageReads(EntityReads[DeliveryPackage], Protocol):
    """Reads packages, by `package_id`."""

    async def artifacts_by_package_id(
        self, package_ids: Sequence[str]
    ) -> Mapping[str, tuple[DeliveryArtifact, ...]]:
        """The artifacts in position order; packages without any are left out."""
        ...

    async def artifacts_json_by_package_id(
        self, package_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The artifacts of each stored package as JSON lists: one for each of the projections."""
        ...

    async def pages_by_draft_id(
        self, draft_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[DeliveryPackage]]:
        """The requested page of each draft's packages; every draft has one."""
        ...

    async def counts_by_draft_id(
        self, draft_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        """How many packages of each draft match; every draft has a count."""
        ...


class PackageRepository(PackageReads, EntityRepository[DeliveryPackage], Protocol):
    """Reads, saves and deletes packages."""
