"""How transfers look to clients, whose types of values this room doesn't know."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.bulk import Row
from domain.entity import Entity
from domain.errors import DomainError
from domain.transfers import TransferEntity
from repositories.criteria import Filter


class TransferFormat(Protocol):
    """Rows, errors and filters as the API has them where it saves and reads single entities."""

    def command_of(self, entity: TransferEntity, value: object) -> Row:
        """The command that a JSON value describes, as the mutation's input does.

        Raises ValidationFailed.
        """
        ...

    def row_of(self, entity: TransferEntity, record: Entity) -> Mapping[str, object]:
        """The JSON object by which the record, with its children, can be saved again."""
        ...

    def errors_of(self, error: DomainError) -> Sequence[Mapping[str, object]]:
        """The members of the mutation's errors, as JSON."""
        ...

    def criteria_of(
        self, entity: TransferEntity, filter: Mapping[str, object] | None
    ) -> Filter | None:
        """What the filter of a list of such entities means. Raises ValidationFailed."""
        ...
