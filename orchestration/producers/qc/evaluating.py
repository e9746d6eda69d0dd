"""The evaluation of a draft, and its score."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from domain.qc import QcSeverity
from domain.validation import NAME_LENGTH
from orchestration.producers.ports import QcEvaluation, QcFinding, QcSubject
from orchestration.producers.qc.checking import Draft, Issue, Registered
from orchestration.producers.qc.registry import BY_ID

PENALTIES: Final = {QcSeverity.CRITICAL: 0.5, QcSeverity.MAJOR: 0.15, QcSeverity.MINOR: 0.03}
"""How much an issue takes off the score."""
MAX_COUNTED: Final = 3
"""So many issues of one benchmark count; more of the same tell nothing new."""
MAX_LISTED: Final = 15
"""So many issues of one benchmark are listed. All benchmarks together stay below what a result may
have (500)."""
_ORDER: Final = {severity: place for place, severity in enumerate(QcSeverity)}


def evaluated(subject: QcSubject, benchmark_ids: Sequence[str], pass_score: float) -> QcEvaluation:
    """The draft's evaluation by the benchmarks of these ids, which are known."""
    draft = Draft(subject)
    chosen = [BY_ID[benchmark_id] for benchmark_id in benchmark_ids]
    checked = [registered for registered in chosen if registered.applies_to(draft)]
    findings = [finding for registered in checked for finding in _findings(registered, draft)]
    score = score_of(findings)
    is_critical = any(finding.severity is QcSeverity.CRITICAL for finding in findings)
    return QcEvaluation(
        passed=score >= pass_score and not is_critical,
        score=score,
        findings=tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity])),
        checked=tuple(registered.benchmark.benchmark_id for registered in checked),
        skipped=tuple(
            registered.benchmark.benchmark_id for registered in chosen if registered not in checked
        ),
    )


def score_of(findings: Sequence[QcFinding]) -> float:
    """1 less the penalties of all issues, `MAX_COUNTED` of a benchmark and severity; 0 at least."""
    counts = Counter((finding.benchmark_id, finding.severity) for finding in findings)
    lost = sum(
        PENALTIES[severity] * min(count, MAX_COUNTED) for (_, severity), count in counts.items()
    )
    return round(max(0.0, 1.0 - lost), 4)


def _findings(registered: Registered, draft: Draft) -> list[QcFinding]:
    return [_finding(registered, issue) for issue in islice(registered.check(draft), MAX_LISTED)]


def _finding(registered: Registered, issue: Issue) -> QcFinding:
    benchmark = registered.benchmark
    section = " ".join(issue.section.split())[:NAME_LENGTH].strip() or "Whole text"
    return QcFinding(
        benchmark.benchmark_id,
        issue.severity or benchmark.severity,
        section,
        issue.reason,
        issue.hint,
    )
