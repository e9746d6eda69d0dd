"""Delivery packages in memory."""

from collections.abc import Mapping, Sequence

from domain.delivery import LINEAGE, DeliveryArtifact, DeliveryPackage, Lineage
from domain.lineage import IS_STALE, is_stale, lineage_of, traced
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection
from repositories.records import constructor

_new_artifact = constructor(DeliveryArtifact)


class MemoryPackageRepository(MemoryRepository[DeliveryPackage]):
    record_type = DeliveryPackage
    table_name = "delivery_packages"
    children_table = "delivery_artifacts"
    children_attribute = "artifacts"
    traced = LINEAGE

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

    def _computed(self, attribute: str, records: Sequence[DeliveryPackage]) -> Sequence[bool]:
        assert attribute == IS_STALE
        drafts, results = self._of("Draft")._records, self._of("QcResult")
        visible, artifacts = results._records, self._children_by_key

        def present(draft_id: str) -> Lineage:
            result = results._with_second_key(draft_id)
            is_seen = result is not None and result.result_id in visible
            return lineage_of(drafts.get(draft_id), result if is_seen else None)

        return [
            is_stale(artifacts.get(each.package_id, ()), present(each.draft_id)) for each in records
        ]

    def _traced(self, record: DeliveryPackage, stored: DeliveryPackage | None) -> DeliveryPackage:
        before: Sequence[DeliveryArtifact] = ()
        if stored is not None and stored.draft_id == record.draft_id:
            before = self._session.table(self.children_table).get(stored.package_id, ())
        found = traced(record, before, self._present(record.draft_id), new=_new_artifact)
        assert found is not None
        return found

    def _present(self, draft_id: str) -> Lineage:
        """What the draft is now, visible or not."""
        draft = self._of("Draft")._all.get(draft_id)
        result = self._of("QcResult")._with_second_key(draft_id)
        return lineage_of(draft, result)
