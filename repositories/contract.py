"""What the repositories of all modules have in common.

Records come without their children: these are read by the methods named `<children>_by_<key>`, so
that nobody reads what isn't asked for. What a write returns carries the children it wrote.

Whoever only passes entities on reads them as JSON, which the database writes, with all that is
selected of them and of what belongs to them, in one statement. The texts are what `encode_json`
would make of the records.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from domain.entity import Entity
from repositories.criteria import Filter, Page, PageRequest
from repositories.projections import JsonProjection

R = TypeVar("R", bound=Entity)


class JsonPage(NamedTuple):
    """Of each entity of a page, an object for each projection, as texts.

    With places, what it's ordered by and its key stand last.
    """

    page: Page[tuple[Any, ...]]
    total: int | None


class EntityReads(Protocol[R]):
    """Reading entities of one type by their business key."""

    async def get(self, key: str) -> R | None: ...

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        """By key; keys that aren't stored are left out."""
        ...

    async def json_by_key(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """As get_many, as JSON objects: one for each of the projections."""
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
        """As page, of JSON objects: perhaps with how many entities match on all pages together.

        Without `with_more`, nobody asks whether there are more, and they may not be looked for.
        """
        ...

    async def json_pages(
        self, values: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """For each of the values, pages of those entities that have it under an attribute: one for
        each of the projections, whose only member it is. Values are keys that may be stored.
        """
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
        stored ones stay, and are those of the record that is returned. After a delete the revision
        goes on from the last one of the key, or of what revisions of the type count on for.

        Raises RevisionConflict unless `expected_revision` is None or the stored revision (0 when
        nothing is stored).
        """
        ...

    async def delete(self, key: str) -> bool:
        """Remove the entity and its children; False when it isn't there."""
        ...
