"""The protocols that the repositories of all modules have in common.

Records come without their children: these are read by the methods named `<children>_by_<key>`, so
that nobody reads what isn't requested. A save returns the record with the children that it stored.

Callers that only pass entities on read them as JSON, which the database renders in one statement:
projections of the entities, and of what belongs to them. The texts equal those that `encode_json`
makes of the records.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from domain.entity import Entity
from domain.errors import DomainError
from repositories.criteria import Filter, Page, PageRequest
from repositories.projections import JsonProjection

R = TypeVar("R", bound=Entity)


class JsonPage(NamedTuple):
    """A page of entities, with a JSON text for each projection.

    With places, an item ends with the value that the page is ordered by, and the key.
    """

    page: Page[tuple[Any, ...]]
    total: int | None


class EntityReads(Protocol[R]):
    """Reads entities of one type by their business key."""

    async def get(self, key: str) -> R | None: ...

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        """The entities by key; keys that aren't stored are left out."""
        ...

    async def json_by_key(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The same entities as `get_many`, as JSON objects: one for each of the projections."""
        ...

    async def page(self, request: PageRequest) -> Page[R]:
        """A page of all entities."""
        ...

    async def json_page(
        self,
        request: PageRequest,
        projections: Sequence[JsonProjection],
        *,
        with_places: bool = False,
        with_total: bool = False,
        with_more: bool = True,
    ) -> JsonPage:
        """The same page as `page`, of JSON objects; `with_total`, also how many entities match.

        Without `with_more`, the page may say that no more entities follow although some do.
        """
        ...

    async def json_pages(
        self, values: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The pages of the entities that have a value under an attribute, by value: one page for
        each of the projections, whose only member it is. Values are keys that may be stored.
        """
        ...

    async def count(self, filter: Filter | None) -> int:
        """How many entities match."""
        ...


class EntityRepository(EntityReads[R], Protocol[R]):
    """Reads, saves and deletes entities of one type, inside a unit of work."""

    async def get_for_update(self, key: str) -> R | None:
        """The entity, which nobody else changes before this unit of work ends."""
        ...

    async def save(self, record: R, expected_revision: int | None = None) -> R:
        """Store the record under its key; the latest wins. Returns it as it is stored now.

        A stored entity is replaced: `created_at` stays, `revision` grows by one, `updated_at` is
        the later of the record's and the stored one. Children are replaced by the record's, whose
        positions are 0, 1, 2 … (or else: ValueError); where the record has None for them, the
        stored ones stay, and are those of the record that is returned. After a delete the revision
        goes on from the last one of the key, or of what revisions of the type count on for.

        Raises RevisionConflict unless `expected_revision` is None or the stored revision (0 when
        nothing is stored).
        """
        ...

    async def save_many(
        self, records: Sequence[R], expected_revisions: Sequence[int | None]
    ) -> Sequence[R | DomainError]:
        """Save each record as `save` does; they have different keys, and their children.

        Returns each as it is stored now, or why it was refused, in their order. A record that is
        refused leaves no trace, and no other is refused because of it. They are locked and saved in
        the order of their keys. Raises ValueError for two with the same key, or without children.
        """
        ...

    async def refusals_of(self, records: Sequence[R]) -> Sequence[DomainError | None]:
        """Why the caller may not save each of the records; None: it may.

        Saves look at it by themselves. It's for those who change something else before they save.
        """
        ...

    async def delete(self, key: str) -> bool:
        """Remove the entity and its children; False when it isn't there."""
        ...
