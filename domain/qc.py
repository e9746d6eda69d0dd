"""Quality control: one scored result for each draft, with the issues that were found."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Final

from domain import validation as check
from domain.actions import Action
from domain.bulk import Bulk
from domain.entity import Owned, Reference, in_places


class QcSeverity(StrEnum):
    CRITICAL = "CRITICAL"
    MAJOR = "MAJOR"
    MINOR = "MINOR"


@dataclass(frozen=True, slots=True)
class QcIssue(check.RuledPart):
    """Something that is wrong with a draft."""

    rules = (
        check.TextRule("section", check.NAME_LENGTH),
        check.TextRule("reason", check.PROSE_LENGTH),
        check.OptionalTextRule("hint", check.PROSE_LENGTH),
        check.OptionalKeyRule("benchmark_id"),
    )

    severity: QcSeverity
    section: str
    reason: str
    position: int = 0
    hint: str | None = None
    """What a writer can do about it; None where nobody said."""
    benchmark_id: str | None = None
    """The benchmark that found it; None where something else did."""

    def at(self, position: int) -> "QcIssue":
        return QcIssue(
            self.severity, self.section, self.reason, position, self.hint, self.benchmark_id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QcResult(Owned):
    """The verdict on a draft: `score` from 0 to 1.

    `issues` in position order, or None where the result was read without them.
    """

    entity_type: ClassVar[str] = "qc_result"
    series_name: ClassVar[str | None] = "draft_id"
    outcomes: ClassVar[tuple[str, ...]] = ("recorded",)
    key_name: ClassVar[str] = "result_id"
    owner: ClassVar[Reference] = Reference("draft_id", "Draft")

    result_id: str
    draft_id: str
    passed: bool
    score: float
    evaluated_at: datetime
    issues: tuple[QcIssue, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQcResult:
    result_id: str | None = None
    draft_id: str
    passed: bool
    score: float
    evaluated_at: datetime | None = None
    issues: tuple[QcIssue, ...] = ()
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("result_id", self.result_id)
        yield from check.key("draft_id", self.draft_id)
        yield from check.between("score", self.score, 0, 1)
        yield from check.moment("evaluated_at", self.evaluated_at)
        yield from check.items("issues", self.issues)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQcResults(Bulk[RecordQcResult]):
    unique: ClassVar[tuple[str, ...]] = ("result_id", "draft_id")

    rows: tuple[RecordQcResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateDraft:
    """Check a draft for benchmarks, for all of them where none are named.

    `expected_revision` is that of the draft's present result.
    """

    draft_id: str
    benchmark_ids: tuple[str, ...] = ()
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("draft_id", self.draft_id)
        yield from check.texts("benchmark_ids", self.benchmark_ids, check.KEY_LENGTH)
        yield from check.expected_revision(self.expected_revision)


def new_result(command: RecordQcResult, result_id: str, now: datetime) -> QcResult:
    """The result as the command describes it."""
    return QcResult(
        result_id=result_id,
        draft_id=command.draft_id,
        passed=command.passed,
        score=command.score + 0.0,
        evaluated_at=(command.evaluated_at or now).astimezone(UTC),
        issues=in_places(command.issues),
        created_at=now,
        updated_at=now,
    )


ACTIONS: Final = (Action("recordQcResult"), Action("deleteQcResult"))
