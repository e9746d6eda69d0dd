"""The protocols of the repositories of qc, which stores one result for each draft."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.qc import QcIssue, QcResult
from repositories.contract import EntityReads, EntityRepository
from repositories.projections import JsonProjection


class QcResultReads(EntityReads[QcResult], Protocol):
    """Reads results, by `result_id`."""

    async def get_many_by_draft_id(self, draft_ids: Sequence[str]) -> Mapping[str, QcResult]:
        """Results by draft; drafts without a result are left out."""
        ...

    async def json_by_draft_id(
        self, draft_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The same results as `get_many_by_draft_id`, as JSON objects, one for each projection."""
        ...

    async def issues_by_result_id(
        self, result_ids: Sequence[str]
    ) -> Mapping[str, tuple[QcIssue, ...]]:
        """The issues in position order; results without any are left out."""
        ...

    async def issues_json_by_result_id(
        self, result_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The issues of each stored result as JSON lists: one for each of the projections."""
        ...


class QcResultRepository(QcResultReads, EntityRepository[QcResult], Protocol):
    """Reads, saves and deletes results. Writers call `lock_drafts` first."""

    async def lock_drafts(self, draft_ids: Sequence[str]) -> None:
        """Wait until no other unit of work writes results of these drafts, and keep others out.

        All who write those of several drafts call it once, and so get their locks in one order.
        """
        ...
