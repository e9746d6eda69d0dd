"""Bulks: commands of one kind that are carried out together, and what becomes of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from domain import validation as check
from domain.errors import DomainError, ValidationFailed, Violation

MAX_ROWS: Final = 200
"""The most commands of a bulk: they share one transaction, and one answer."""

_REPEATED: Final = "another row has the same"


class ErrorPolicy(StrEnum):
    """What becomes of the other rows when one is refused."""

    REJECT_EVERYTHING = "REJECT_EVERYTHING"
    """None is stored."""
    REJECT_FAILED_ROWS = "REJECT_FAILED_ROWS"
    """They are stored."""


class Row(check.Checked, Protocol):
    """A command that may be a row of a bulk."""

    @property
    def expected_revision(self) -> int | None: ...


C = TypeVar("C", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk(Generic[C]):
    """The commands, in order. No two of them may be about the same entity."""

    unique: ClassVar[tuple[str, ...]]
    """The attributes in which no two rows may be equal."""

    rows: tuple[C, ...]
    error_policy: ErrorPolicy = ErrorPolicy.REJECT_EVERYTHING

    def violations(self) -> check.Violations:
        """Those of the bulk as a whole; rows have their own."""
        if len(self.rows) > MAX_ROWS:
            message = f"must have at most {MAX_ROWS} items, not {len(self.rows):,}"
            yield Violation(("rows",), message)

    def refusals(self) -> list[ValidationFailed | None]:
        """Why each row can't be carried out, as far as the bulk itself tells; None: it can."""
        repeated = {name: self._repeated(name) for name in self.unique}
        most = max(1, check.MAX_VIOLATIONS // max(1, len(self.rows)))
        refusals: list[ValidationFailed | None] = []
        for row in self.rows:
            found = [*islice(row.violations(), most)]
            found += [
                Violation((name,), _REPEATED)
                for name, keys in repeated.items()
                if keys and getattr(row, name) in keys
            ]
            refusals.append(ValidationFailed(found) if found else None)
        return refusals

    @property
    def may_be_undone(self) -> bool:
        """Whether storage may refuse a row, so that others that it stored have to be undone."""
        return self.error_policy is ErrorPolicy.REJECT_EVERYTHING and any(
            row.expected_revision is not None for row in self.rows
        )

    def _repeated(self, name: str) -> set[str]:
        counts = Counter(getattr(row, name) for row in self.rows)
        if len(counts) == len(self.rows):
            return set()
        return {key for key, count in counts.items() if count > 1 and key is not None}


class RowRejected(DomainError):
    """Nothing is wrong with the row, but another one was refused, and the policy stores none."""

    def __init__(self) -> None:
        super().__init__("Another row was refused, so nothing was stored.")


class BulkRejected(DomainError):
    """Rows were refused, and the policy stores none. Each row has its error, in order."""

    def __init__(self, refusals: Sequence[DomainError | None]) -> None:
        self.errors = [refusal or RowRejected() for refusal in refusals]
        refused = sum(refusal is not None for refusal in refusals)
        super().__init__(f"{refused} of {len(refusals)} rows were refused, so nothing was stored.")
