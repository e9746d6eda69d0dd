"""QC results in memory."""

from collections.abc import Mapping, Sequence

from domain.qc import QcIssue, QcResult
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection


class MemoryQcResultRepository(MemoryRepository[QcResult]):
    record_type = QcResult
    table_name = "qc_results"
    children_table = "qc_issues"
    children_attribute = "issues"
    second_key = ("draft_id",)
    unchanging = ("draft_id",)

    async def get_many_by_draft_id(self, draft_ids: Sequence[str]) -> Mapping[str, QcResult]:
        wanted = set(draft_ids)
        return {
            result.draft_id: result
            for result in self._records.values()
            if result.draft_id in wanted
        }

    async def json_by_draft_id(
        self, draft_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return self._json(await self.get_many_by_draft_id(draft_ids), projections)

    async def issues_by_result_id(
        self, result_ids: Sequence[str]
    ) -> Mapping[str, tuple[QcIssue, ...]]:
        return await self._children(result_ids)

    async def issues_json_by_result_id(
        self, result_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(result_ids, projections)

    async def lock_drafts(self, draft_ids: Sequence[str]) -> None:
        """Does nothing: this unit of work holds the write lock."""
