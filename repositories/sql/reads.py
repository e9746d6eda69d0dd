"""Reading entities of any type from a database.

The SQL is in `repositories/sql/statements.py`, and that of JSON in `json_statements.py` beside it.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Generic, TypeVar

from domain.entity import Entity
from repositories.contract import JsonPage
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row
from repositories.lazy import lazy
from repositories.projections import JsonProjection
from repositories.sql import statements as sql
from repositories.sql.criteria import (
    page_shape_of,
    page_values_of,
    shape_of,
    storable,
    values_of,
)
from repositories.sql.json_statements import shaped
from repositories.sql.mapping import EntityMapping, EntityTable
from repositories.sql.session import DatabaseSession

_NONE: frozenset[str] = frozenset()
_SMALLEST_BOUND = 7
"""Pages of up to 127 entities share a statement."""

R = TypeVar("R", bound=Entity)


class DatabaseReads(Generic[R]):
    """Reads the entities of one table, and their children, in the transaction of one session.

    A subclass maps rows to records.
    """

    mapping: ClassVar[EntityMapping]

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    @lazy
    def _entities(self) -> EntityTable:
        selected = self._session.selected
        return EntityTable(
            self.mapping,
            self._session.dialect,
            selected=None if selected is None else selected.get(self._type_name, _NONE),
            rule=self._session.rules.get(self._type_name),
        )

    @property
    def _type_name(self) -> str:
        return self.mapping.record.__name__

    @abstractmethod
    def _from_row(self, row: Row) -> R:
        """The record of a row of the table, whose columns come in the table's order, without `id`.

        Columns that the attribute mask leaves out are None.
        """

    async def get(self, key: str) -> R | None:
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self._by_column(self.mapping.record.key_name, keys)

    async def json_by_key(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._json_by_column(self.mapping.record.key_name, keys, projections)

    async def json_page(
        self,
        request: PageRequest,
        projections: Sequence[JsonProjection],
        *,
        with_places: bool = False,
        with_total: bool = False,
        with_more: bool = True,
    ) -> JsonPage:
        shapes, values = shaped(projections)
        most = 2 ** max(request.limit.bit_length(), _SMALLEST_BOUND)
        statement = await self._session.compiled(
            self._session.json.page,
            self._session.rules,
            self._type_name,
            page_shape_of(request),
            most,
            shapes,
            with_places,
            with_total,
        )
        values |= page_values_of(request, more=with_more)
        rows = await self._session.rows(statement, values)
        items = (
            self._items_of_rows if self._session.dialect.counts_by_row else self._items_of_columns
        )
        found, total = items(rows, with_total)
        return JsonPage(Page.of(request, found), total)

    async def page(self, request: PageRequest) -> Page[R]:
        statement = await self._session.compiled(sql.page, self._entities, page_shape_of(request))
        rows = await self._session.rows(statement, page_values_of(request))
        return Page.of(request, map(self._from_row, rows))

    async def count(self, filter: Filter | None) -> int:
        statement = await self._session.compiled(sql.count, self._entities, shape_of(filter))
        return int((await self._session.rows(statement, values_of(filter)))[0][0])

    async def _by_column(self, name: str, values: Sequence[str]) -> Mapping[str, R]:
        statement = await self._session.compiled(sql.by_column, self._entities, name)
        rows = await self._session.rows(statement, {"values": storable(values)})
        index = self.mapping.column_indexes[name]
        return {row[index]: self._from_row(row) for row in rows}

    async def _children(self, keys: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        assert self.mapping.children is not None
        statement = await self._session.compiled(sql.children, self._entities)
        rows = await self._session.rows(statement, {"values": storable(keys)})
        from_row = self.mapping.children.from_row
        # The parent's key stands last, and rows come parent by parent.
        return {
            key: tuple(map(from_row, items)) for key, items in groupby(rows, key=itemgetter(-1))
        }

    async def _json_by_column(
        self, name: str, values: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        wanted = storable(values)
        is_single_key = len(wanted) == 1
        shapes, parameters = shaped(projections)
        statement = await self._session.compiled(
            self._session.json.by,
            self._session.rules,
            self._type_name,
            (name,),
            shapes,
            is_single_key,
        )
        parameters |= {name: wanted[0] if is_single_key else wanted}
        rows = await self._session.rows(statement, parameters)
        return {value: tuple(texts) for value, *texts in rows}

    async def _children_json(
        self, keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        statement = await self._session.compiled(
            self._session.json.children, self._session.rules, self._type_name, tuple(projections)
        )
        rows = await self._session.rows(statement, {"values": storable(keys)})
        return {key: tuple(lists) for key, *lists in rows}

    def _items_of_rows(
        self, rows: Sequence[Row], with_total: bool
    ) -> tuple[Iterable[tuple[Any, ...]], int | None]:
        if not with_total:
            return map(tuple, rows), None
        # The total has a row even without any entity.
        return [tuple(row) for *row, key, _ in rows if key is not None], rows[0][-1]

    def _items_of_columns(
        self, rows: Sequence[Row], with_total: bool
    ) -> tuple[Iterable[tuple[Any, ...]], int | None]:
        [row] = rows
        columns, total = (row[:-1], row[-1]) if with_total else (row, None)
        # Without any entity there are no lists.
        return zip(*(column or () for column in columns), strict=True), total

    async def _pages_by(
        self, reference: str, values: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[R]]:
        statement = await self._session.compiled(
            sql.pages_by, self._entities, reference, page_shape_of(request)
        )
        rows = await self._session.rows(
            statement, {**page_values_of(request), "values": storable(list(dict.fromkeys(values)))}
        )
        index = self.mapping.column_indexes[reference]
        found: dict[str, list[R]] = {value: [] for value in values}
        for row in rows:
            found[row[index]].append(self._from_row(row))
        return {value: Page.of(request, items) for value, items in found.items()}

    async def json_pages(
        self, values: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        shapes, parameters = shaped(projections)
        parameters |= {"values": storable(values)}
        rows = await self._session.rows(
            await self._session.compiled(self._session.json.pages, self._session.rules, shapes),
            parameters,
        )
        return {value: tuple(pages) for value, *pages in rows}

    async def _counts_by(
        self, reference: str, values: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        statement = await self._session.compiled(
            sql.counts_by, self._entities, reference, shape_of(filter)
        )
        rows = await self._session.rows(
            statement, {**values_of(filter), "values": storable(values)}
        )
        return dict.fromkeys(values, 0) | dict(map(tuple, rows))
