"""What qc promises about the results it keeps: one for each draft."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.qc import QcIssue, QcResult
from repositories.contract import EntityReads, EntityRepository
from repositories.projections import JsonProjection


class QcResultReads(EntityReads[QcResult], Protocol):
    """Reading results, by `result_id`."""

    async def get_many_by_draft_id(self, draft_ids: Sequence[str]) -> Mapping[str, QcResult]:
        """By draft; drafts without a result are left out."""
        ...

    async def json_by_draft_id(
        self, draft_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """As get_many_by_draft_id, as JSON objects: one for each of the projections."""
        ...

    async def issues_by_result_id(
        self, result_ids: Sequence[str]
    ) -> Mapping[str, tuple[QcIssue, ...]]:
        """In position order; results without any are left out."""
        ...

    async def issues_json_by_result_id(
        self, result_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """Of each that is stored, as JSON lists: one for each of the projections."""
        ...


class QcResultRepository(QcResultReads, EntityRepository[QcResult], Protocol):
    """Reading and writing results. A writer first calls `lock_draft`."""

    async def lock_draft(self, draft_id: str) -> None:
        """Wait until no other unit of work writes this draft's result, and keep others out."""
        ...
