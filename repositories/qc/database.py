"""QC results in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from domain.qc import QcIssue, QcResult, QcSeverity
from repositories.database_repository import Children, DatabaseRepository, Values
from repositories.qc.tables import qc_issues, qc_results


def _issue(row: Row[Any]) -> QcIssue:
    return QcIssue(
        position=row.position,
        severity=QcSeverity(row.severity),
        section=row.section,
        reason=row.reason,
    )


def _issue_values(issue: QcIssue) -> Values:
    return {
        "severity": issue.severity.value,
        "section": issue.section,
        "reason": issue.reason,
    }


class DatabaseQcResultRepository(DatabaseRepository[QcResult]):
    record_type = QcResult
    table = qc_results
    key_name = "result_id"
    unchanging = ("draft_id",)
    children = Children(qc_issues, "issues", _issue, _issue_values)

    async def get_many_by_draft_id(self, draft_ids: Sequence[str]) -> Mapping[str, QcResult]:
        return await self._by_column("draft_id", draft_ids)

    async def issues_by_result_id(
        self, result_ids: Sequence[str]
    ) -> Mapping[str, tuple[QcIssue, ...]]:
        return await self._children(result_ids)

    async def lock_draft(self, draft_id: str) -> None:
        await self._lock("qc", draft_id)

    def _from_row(self, row: Row[Any]) -> QcResult:
        return QcResult(
            result_id=row.result_id,
            draft_id=row.draft_id,
            passed=row.passed,
            score=row.score,
            evaluated_at=row.evaluated_at,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def _to_values(self, record: QcResult) -> Values:
        return {
            "result_id": record.result_id,
            "draft_id": record.draft_id,
            "passed": record.passed,
            "score": record.score,
            "evaluated_at": record.evaluated_at,
        }
