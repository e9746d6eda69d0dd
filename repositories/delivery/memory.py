"""Delivery packages in memory."""

from collections.abc import Mapping, Sequence

from domain.delivery import DeliveryArtifact, DeliveryPackage
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection


class MemoryPackageRepository(MemoryRepository[DeliveryPackage]):
    record_type = DeliveryPackage
    table_name = "delivery_packages"
    children_table = "delivery_artifacts"
    children_attribute = "artifacts"

    async def artifacts_by_package_id(
        self, package_ids: Sequence[str]
    ) -> Mapping[str, tuple[DeliveryArtifact, ...]]:
        return await self._children(package_ids)

    async def artifacts_json_by_package_id(
        self, package_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(package_ids, projections)

    async def pages_by_draft_id(
        self, draft_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[DeliveryPackage]]:
        return await self._pages_by("draft_id", draft_ids, request)

    async def counts_by_draft_id(
        self, draft_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("draft_id", draft_ids, filter)
