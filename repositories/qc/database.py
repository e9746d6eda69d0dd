"""QC results in the database."""

from collections.abc import Mapping, Sequence

from domain.qc import QcIssue, QcResult, QcSeverity
from repositories.drivers.compiled import Row
from repositories.projections import JsonProjection
from repositories.qc.tables import qc_issues, qc_results
from repositories.records import constructor
from repositories.sql.mapping import ChildMapping, EntityMapping, Values
from repositories.sql.repository import DatabaseRepository

_new_issue = constructor(QcIssue)
_new_result = constructor(QcResult)

_SEVERITIES = {severity.value: severity for severity in QcSeverity}


def _issue(row: Row) -> QcIssue:
    position, severity, section, reason, hint, benchmark_id, *_ = row
    return _new_issue(
        position=position,
        severity=_SEVERITIES[severity],
        section=section,
        reason=reason,
        hint=hint,
        benchmark_id=benchmark_id,
    )


def _issue_values(issue: QcIssue) -> Values:
    return {
        "severity": issue.severity.value,
        "section": issue.section,
        "reason": issue.reason,
        "hint": issue.hint,
        "benchmark_id": issue.benchmark_id,
    }


class DatabaseQcResultRepository(DatabaseRepository[QcResult]):
    mapping = EntityMapping(
        QcResult,
        qc_results,
        children=ChildMapping(
            qc_issues,
            "issues",
            ("position", "severity", "section", "reason", "hint", "benchmark_id"),
            _issue,
            _issue_values,
        ),
        references=("draft_id",),
        unchanging=("draft_id",),
    )

    async def get_many_by_draft_id(self, draft_ids: Sequence[str]) -> Mapping[str, QcResult]:
        return await self._by_column("draft_id", draft_ids)

    async def json_by_draft_id(
        self, draft_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._json_by_column("draft_id", draft_ids, projections)

    async def issues_by_result_id(
        self, result_ids: Sequence[str]
    ) -> Mapping[str, tuple[QcIssue, ...]]:
        return await self._children(result_ids)

    async def issues_json_by_result_id(
        self, result_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(result_ids, projections)

    async def lock_drafts(self, draft_ids: Sequence[str]) -> None:
        await self._lock("qc", sorted(draft_ids))

    def _from_row(self, row: Row) -> QcResult:
        result_id, draft_id, passed, score, evaluated_at, *stored = row
        client_id, created_at, updated_at, revision = stored
        return _new_result(
            result_id=result_id,
            draft_id=draft_id,
            passed=passed,
            score=score,
            evaluated_at=evaluated_at,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: QcResult) -> Values:
        return {
            "result_id": record.result_id,
            "draft_id": record.draft_id,
            "passed": record.passed,
            "score": record.score,
            "evaluated_at": record.evaluated_at,
        }
