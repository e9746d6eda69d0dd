"""Changes of entities, as clients see them."""

from domain.changes import ChangeKind
from schema.descriptions import describe_enum

__all__ = ["ChangeKind"]

describe_enum(
    ChangeKind,
    "What happened to an entity.",
    SAVED="It was saved: new, replaced or changed.",
    DELETED="It was deleted.",
)
