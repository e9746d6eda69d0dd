"""Reading entities of any type in memory."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from domain.entity import Entity
from repositories.answer_size import ANSWER
from repositories.contract import JsonPage
from repositories.criteria import Filter, Page, PageRequest
from repositories.json_encoding import encode_json, size_of
from repositories.memory.criteria import matches, page_of
from repositories.memory.session import MemorySession
from repositories.places import Scope, render_place
from repositories.projections import Children, Computed, JsonProjection, Paged, Reference
from repositories.rendering import Found, objects, paged

K = TypeVar("K")
R = TypeVar("R", bound=Entity)


class MemoryReads(Generic[R]):
    """Reads the entities of one type, and their children, as one session sees them."""

    record_type: ClassVar[type[Entity]]
    table_name: ClassVar[str]
    children_table: ClassVar[str | None] = None
    children_attribute: ClassVar[str | None] = None
    second_key: ClassVar[tuple[str, ...]] = ()
    """Fields in which no two entities may be equal."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session
        self.key_name = self.record_type.key_name

    @property
    def _records(self) -> Mapping[str, R]:
        """The records that the caller may see."""
        if not self._session.rules:
            return self._session.table(self.table_name)
        return self._session.rows(self.record_type.__name__, self.table_name)

    @property
    def _all(self) -> Mapping[str, R]:
        """All records, visible or not: a taken key is taken for every caller."""
        return self._session.table(self.table_name)

    @property
    def _by_second_key(self) -> str:
        """Names the table of the keys of all entities, by their second keys."""
        return f"{self.table_name} by second key"

    def _with_second_key(self, *values: Any) -> R | None:
        """The entity with this second key, visible or not."""
        key = self._session.table(self._by_second_key).get(values)
        return None if key is None else self._all[key]

    @property
    def _children_by_key(self) -> Mapping[str, tuple[Any, ...]]:
        """The children of the records that the caller may see."""
        assert self.children_table is not None
        if not self._session.rules:
            return self._session.table(self.children_table)
        type_name = self.record_type.__name__
        return self._session.rows(type_name, self.table_name, self.children_table)

    async def get(self, key: str) -> R | None:
        return self._records.get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        records = self._records
        return {key: records[key] for key in keys if key in records}

    async def json_by_key(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return self._json(await self.get_many(keys), projections)

    async def page(self, request: PageRequest) -> Page[R]:
        await self._session.scan()
        return page_of(self._records.values(), self.key_name, request)

    async def json_page(
        self,
        request: PageRequest,
        projections: Sequence[JsonProjection],
        *,
        with_places: bool = False,
        with_total: bool = False,
        with_more: bool = True,
    ) -> JsonPage:
        found = await self.page(request)
        columns = [self._texts(found.items, projection) for projection in projections]
        if with_places:
            names = (request.order.field, self.key_name)
            columns += [[getattr(record, name) for record in found.items] for name in names]
        items = tuple(zip(*columns, strict=True))
        total = await self.count(request.filter) if with_total else None
        return JsonPage(Page(items, found.has_previous, found.has_next), total)

    async def count(self, filter: Filter | None) -> int:
        await self._session.scan()
        return sum(matches(record, filter) for record in self._records.values())

    async def _children(self, keys: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        stored = self._children_by_key
        return {key: stored[key] for key in keys if stored.get(key)}

    async def _children_json(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        found = await self._children(keys)
        columns = [
            list(map(_counted_json, self._lists(projection, found.values(), ())))
            for projection in projections
        ]
        return dict(zip(found, zip(*columns, strict=True), strict=True))

    def _json(
        self, records: Mapping[K, R], projections: Sequence[JsonProjection]
    ) -> Mapping[K, tuple[str, ...]]:
        columns = [self._texts(records.values(), projection) for projection in projections]
        return dict(zip(records, zip(*columns, strict=True), strict=True))

    def _texts(self, records: Iterable[R], projection: JsonProjection) -> list[str]:
        belonging = partial(self._belonging, projection.pages)
        return [_counted_json(each) for each in objects(projection, records, belonging)]

    def _of(self, type_name: str) -> "MemoryReads[Any]":
        reads: MemoryReads[Any] = self._session.repositories[type_name](self._session)
        return reads

    def _belonging(
        self,
        pages: Sequence[PageRequest],
        part: Children | Computed | Reference | Paged,
        records: Sequence[Any],
    ) -> Sequence[Any]:
        match part:
            case Computed(attribute):
                return self._computed(attribute, records)
            case Paged(attribute, type_name):
                other = self._of(type_name)
                return other._paged(pages, part, [getattr(each, attribute) for each in records])
            case Children(_, projection):
                stored = self._children_by_key
                lists = [stored.get(getattr(each, self.key_name), ()) for each in records]
                return self._lists(projection, lists, pages)
            case Reference(attribute, type_name, by, projection):
                other = self._of(type_name)
                found = other._records
                if by != other.key_name:
                    found = {getattr(each, by): each for each in found.values()}
                referenced = [found.get(getattr(each, attribute)) for each in records]
                belonging = partial(other._belonging, pages)
                made = iter(objects(projection, [it for it in referenced if it], belonging))
                return [it and next(made) for it in referenced]

    def _computed(self, attribute: str, _records: Sequence[R]) -> Sequence[bool]:
        """What is computed of the records under the attribute."""
        raise NotImplementedError(attribute)

    def _lists(
        self,
        projection: JsonProjection,
        lists: Iterable[Sequence[Any]],
        pages: Sequence[PageRequest],
    ) -> list[list[dict[str, Any]]]:
        """The objects of children, list by list. What they refer to is found for all together."""
        children = [child for each in lists for child in each]
        made = iter(objects(projection, children, partial(self._belonging, pages)))
        return [list(islice(made, len(each))) for each in lists]

    async def json_pages(
        self, values: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        columns = []
        for projection in projections:
            [(_, part)] = projection.members
            assert isinstance(part, Paged)
            found = self._paged(projection.pages, part, values)
            columns.append(list(map(_counted_json, found)))
        return dict(zip(values, zip(*columns, strict=True), strict=True))

    def _paged(
        self, pages: Sequence[PageRequest], part: Paged, values: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """For each value, the page of the records that have it under the part's attribute `by`."""
        request = pages[part.number]
        groups = self._grouped(part.by, values)
        found = [self._found(part.type_name, groups[value], request) for value in values]
        return paged(part, found, partial(self._belonging, pages))

    def _found(self, type_name: str, records: Sequence[R], request: PageRequest) -> Found:
        page = page_of(records, self.key_name, request)
        scope = Scope(type_name, request.order)
        return Found(
            page,
            [
                render_place(scope, getattr(it, request.order.field), getattr(it, self.key_name))
                for it in page.items
            ],
            lambda: sum(matches(record, request.filter) for record in records),
        )

    async def _pages_by(
        self, reference: str, values: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[R]]:
        return {
            value: page_of(records, self.key_name, request)
            for value, records in self._grouped(reference, values).items()
        }

    async def _counts_by(
        self, reference: str, values: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return {
            value: sum(matches(record, filter) for record in records)
            for value, records in self._grouped(reference, values).items()
        }

    def _grouped(self, reference: str, values: Sequence[str]) -> dict[str, list[R]]:
        groups: dict[str, list[R]] = {value: [] for value in values}
        for record in self._records.values():
            group = groups.get(getattr(record, reference))
            if group is not None:
                group.append(record)
        return groups


def _counted_json(value: Any) -> str:
    """The JSON text, counted before it's made. Raises AnswerTooLarge."""
    answer = ANSWER.get()
    if answer is not None:
        answer.add(size_of(value))
    return encode_json(value).decode()
