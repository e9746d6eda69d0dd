"""The base of stored entities, the check of revisions, and the order of children."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import ClassVar, NamedTuple, Protocol, Self, TypeVar

from domain.errors import RevisionConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Bookkeeping of a stored entity.

    `revision` is 1 when first saved and grows by one with every change, also after a delete;
    `created_at` stays; `updated_at` never goes back. Times are aware and in UTC.
    """

    entity_type: ClassVar[str]
    """Names the type in the log: `strategy_plan`."""
    series_name: ClassVar[str | None] = None
    """The attribute whose entities share one series of revisions; None: each key has its own."""
    client_name: ClassVar[str | None] = None
    """The attribute that names the client; None: the client isn't known."""
    outcomes: ClassVar[tuple[str, ...]] = ("saved",)
    """The names of what saves do to an entity, in the past tense."""
    key_name: ClassVar[str]
    """The attribute that is the business key."""

    revision: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def outcome(self) -> str:
        """Which of the `outcomes` led to this record."""
        return self.outcomes[0]


class Reference(NamedTuple):
    """A reference of an entity to another one."""

    attribute: str
    """The attribute that has the other one's key."""
    type_name: str
    """The name of the other one's record type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned(Entity):
    """An entity that belongs to the client of the entity that it refers to, its owner.

    Storage decides `client_id`, and what a record that is saved has there doesn't matter. It's true
    after every commit, whatever was saved, moved or deleted, and no change of the entity: it moves
    no revision and has no event.
    """

    owner: ClassVar[Reference]
    """The reference that decides whose the entity is."""
    other_references: ClassVar[tuple[Reference, ...]] = ()
    """They don't decide whose the entity is."""
    client_name: ClassVar[str | None] = "client_id"

    client_id: str | None = None
    """The client of the brief that the references lead to; None where they lead to none."""


def require_revision(current: Entity | None, expected: int | None) -> None:
    """Raise RevisionConflict unless `expected` is None or the revision of `current` (None: 0)."""
    actual = 0 if current is None else current.revision
    if expected is not None and expected != actual:
        raise RevisionConflict(expected, actual)


class Positioned(Protocol):
    """A child, which has a position among its parent's children."""

    @property
    def position(self) -> int: ...


C = TypeVar("C", bound=Positioned)


class Movable(Positioned, Protocol):
    """A child that can have another position."""

    def at(self, position: int) -> Self:
        """The same child at this position."""


M = TypeVar("M", bound=Movable)


def in_places(children: Sequence[M]) -> tuple[M, ...]:
    """The children at the positions 0, 1, 2 …, in this order. Those that are there already, as the
    parts of inputs are, aren't copied."""
    return tuple(
        [
            child if child.position == position else child.at(position)
            for position, child in enumerate(children)
        ]
    )


def in_order(children: Sequence[C]) -> tuple[C, ...]:
    """The children in the order of their positions.

    Raises ValueError unless the positions are 0, 1, 2 …, in any order.
    """
    positions = [child.position for child in children]
    expected = [*range(len(positions))]
    if positions == expected:
        return tuple(children)
    if sorted(positions) != expected:
        raise ValueError("the positions of children are those from 0 on, each once")
    return tuple(sorted(children, key=attrgetter("position")))
