"""Carrying out bulks: commands of one kind, in one unit of work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from domain.bulk import Bulk, BulkRejected, ErrorPolicy, Row
from domain.entity import Entity
from domain.errors import (
    DomainError,
    InvalidTransition,
    NotAllowed,
    NotFound,
    RevisionConflict,
    ValidationFailed,
)
from domain.validation import require_valid
from repositories.contract import EntityRepository

C = TypeVar("C", bound=Row)
R = TypeVar("R", bound=Entity)

_REFUSALS: Final = (ValidationFailed, NotFound, RevisionConflict, InvalidTransition, NotAllowed)
"""What is wrong with a row. All other errors are of the bulk as a whole."""


class Rows(Generic[C, R]):
    """The rows of a bulk that is being carried out: each is refused, saved, or left to be saved.

    Raises ValidationFailed for the bulk as a whole; and BulkRejected as soon as a row is refused,
    where the policy then stores none.
    """

    def __init__(self, bulk: Bulk[C]) -> None:
        require_valid(bulk)
        self._rows = bulk.rows
        self._rejects_everything = bulk.error_policy is ErrorPolicy.REJECT_EVERYTHING
        self._records: dict[int, R] = {}
        self._refusals: list[DomainError | None] = [*bulk.refusals()]
        self._obey_policy()

    @property
    def left(self) -> Sequence[C]:
        """The rows that aren't refused."""
        return [self._rows[index] for index in self._indexes]

    @property
    def outcomes(self) -> Sequence[R | DomainError]:
        """The record as it is stored now, or the refusal, of each row."""
        return [
            self._records[index] if refusal is None else refusal
            for index, refusal in enumerate(self._refusals)
        ]

    def judge(self, require: Callable[[C], None]) -> None:
        """Refuse the rows that are left for which the function raises a DomainError."""

        def refusal_of(row: C) -> DomainError | None:
            try:
                require(row)
            except DomainError as error:
                return error
            return None

        self.refuse([*map(refusal_of, self.left)])

    def refuse(self, refusals: Sequence[DomainError | None]) -> None:
        """Refuse those of the rows that are left that have a refusal."""
        for index, refusal in zip(self._indexes, refusals, strict=True):
            self._refusals[index] = refusal
        self._obey_policy()

    async def save(
        self,
        repository: EntityRepository[R],
        records: Sequence[R],
        expected_revisions: Sequence[int | None] | None = None,
    ) -> None:
        """Save the records of the rows that are left. Without `expected_revisions`, those that the
        rows expect were looked at already."""
        indexes = self._indexes
        saved = await repository.save_many(records, expected_revisions or [None for _ in records])
        for index, outcome in zip(indexes, saved, strict=True):
            if isinstance(outcome, DomainError):
                self._refusals[index] = outcome
            else:
                self._records[index] = outcome
        self._obey_policy()

    async def save_each(self, save: Callable[[C], Awaitable[R]]) -> None:
        """Save the rows that are left one after the other: each is judged by what is stored after
        those before it. A save that refuses a row has stored nothing of it."""
        for index in self._indexes:
            try:
                self._records[index] = await save(self._rows[index])
            except _REFUSALS as error:
                self._refusals[index] = error
        self._obey_policy()

    @property
    def _indexes(self) -> Sequence[int]:
        return [index for index, refusal in enumerate(self._refusals) if refusal is None]

    def _obey_policy(self) -> None:
        if self._rejects_everything and any(self._refusals):
            raise BulkRejected(self._refusals)


async def save_rows(
    bulk: Bulk[C],
    repository: EntityRepository[R],
    made: Callable[[C], R],
    required: Callable[[Sequence[C]], Awaitable[Callable[[C], None]]] | None = None,
) -> Sequence[R | DomainError]:
    """Save a record that is made of each row. Raises ValidationFailed, BulkRejected.

    What is `required` of the rows raises a DomainError for those that are to be refused.
    """
    rows = Rows[C, R](bulk)
    if required is not None:
        rows.judge(await required(rows.left))
    left = rows.left
    await rows.save(repository, [*map(made, left)], [row.expected_revision for row in left])
    return rows.outcomes
