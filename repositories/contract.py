"""What the repositories of all modules have in common.

Records come without their children: these are read by the methods named `<children>_by_<key>`,
or with the records, so that nobody reads what isn't asked for. What a write returns carries the
children it wrote.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

from domain.entity import Entity
from repositories.criteria import Filter, Page, PageRequest

R = TypeVar("R", bound=Entity)


class Member(NamedTuple):
    """A member of a JSON object: the value of an attribute, or a text where there is none."""

    key: str
    attribute: str | None = None
    text: str = ""


class Selection:
    """What JSON objects are to have of records. Each is another one, whatever it has."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.members = tuple(members)

    def of(self, records: Iterable[object]) -> list[dict[str, Any]]:
        """The objects of the records."""
        return self._objects(records)

    @cached_property
    def _objects(self) -> Callable[[Iterable[object]], list[dict[str, Any]]]:
        """A dict display in a loop, which is the fastest that Python has."""
        pairs = (
            f"{key!r}: {repr(text) if attribute is None else f'record.{attribute}'}"
            for key, attribute, text in self.members
        )
        source = f"lambda records: [{{{', '.join(pairs)}}} for record in records]"
        # Attributes are the records' own, and all else is quoted.
        made: Callable[[Iterable[object]], list[dict[str, Any]]] = eval(source)  # noqa: S307
        return made


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
        the later of the record's and the stored one. Children are replaced by the record's, whose
        positions are 0, 1, 2 … (or else: ValueError); where the record has None for them, the
        stored ones stay.

        Raises RevisionConflict unless `expected_revision` is None or the stored revision (0 when
        nothing is stored).
        """
        ...

    async def delete(self, key: str) -> bool:
        """Remove the entity and its children; False when it isn't there."""
        ...
