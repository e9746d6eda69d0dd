"""What the repositories of all modules have in common.

Records come without their children: these are read by the methods named `<children>_by_<key>`,
or with the records, so that nobody reads what isn't asked for. What a write returns carries the
children it wrote.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from domain.entity import Entity
from repositories.criteria import Filter, Page, PageRequest

R = TypeVar("R", bound=Entity)


class EntityReads(Protocol[R]):
    """Reading entities of one kind by their business key."""

    async def get(self, key: str) -> R | None: ...

    async def get_many(
        self, keys: Sequence[str], *, with_children: bool = False
    ) -> Mapping[str, R]:
        """By key; keys that aren't stored are left out. Perhaps with the children, at once."""
        ...

    async def page(self, request: PageRequest) -> Page[R]:
        """A page of all entities."""
        ...

    async def count(self, filter: Filter | None) -> int:
        """How many entities match."""
        ...


class EntityRepository(EntityReads[R], Protocol[R]):
    """Reading and writing, inside a unit of work."""

    async def get_for_update(self, key: str) -> R | None:
        """The entity, which nobody else changes before this unit of work ends."""
        ...

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        """Store the record under its key; the latest wins. Returns it as it is stored now.

        A stored entity is replaced: `created_at` stays, `revision` grows by one, `updated_at` is
        the later of the record's and the stored one. Children are replaced by the record's, in
        its order; where the record has None for them, the stored ones stay.

        Raises RevisionConflict unless `expected_revision` is None or the stored revision (0 when
        nothing is stored).
        """
        ...

    async def delete(self, key: str) -> bool:
        """Remove the entity and its children; False when it isn't there."""
        ...
