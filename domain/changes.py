"""Changes of entities."""

from dataclasses import dataclass
from enum import StrEnum

from domain.entity import Entity


class ChangeKind(StrEnum):
    SAVED = "SAVED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change:
    """An entity of this type, with this business key, was saved or deleted."""

    kind: ChangeKind
    record_type: type[Entity]
    key: str
