"""The types of connections: https://relay.dev/graphql/connections.htm, also `totalCount`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import strawberry

from repositories.criteria import Page, PageRequest
from resolvers.dataloaders import Listing
from schema.cursors import Cursors
from schema.declarations import FieldResolution
from schema.pagination import PageInfo

T = TypeVar("T")


@strawberry.type(description="An item of a list, and its place in it.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="The item's place in this order, for `after` and `before`; opaque."
    )
    node: T = strawberry.field(description="The item.")


async def _pages(connections: Sequence[Any]) -> list[Page[Any]]:
    """The pages of the connections of one field, which have the same request."""
    first = connections[0]
    pages: list[Page[Any]] = await first.listing.pages(
        first.request, [each.key for each in connections]
    )
    return pages


async def _edges(connections: Sequence[Any]) -> list[list[Edge[Any]]]:
    encode = connections[0].cursors.encode
    return [
        [Edge(cursor=encode(record), node=record) for record in page.items]
        for page in await _pages(connections)
    ]


async def _nodes(connections: Sequence[Any]) -> list[list[Any]]:
    return [list(page.items) for page in await _pages(connections)]


async def _page_info(connections: Sequence[Any]) -> list[PageInfo]:
    encode = connections[0].cursors.encode
    return [
        PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=encode(page.items[0]) if page.items else None,
            end_cursor=encode(page.items[-1]) if page.items else None,
        )
        for page in await _pages(connections)
    ]


async def _totals(connections: Sequence[Any]) -> list[int]:
    first = connections[0]
    counts: list[int] = await first.listing.counts(
        first.request.filter, [each.key for each in connections]
    )
    return counts


def _read(read: Callable[[Sequence[Any]], Awaitable[list[Any]]], description: str) -> Any:
    """A field that is read for all connections of a level at once."""

    async def resolve(parent: strawberry.Parent[Any]) -> Any:
        [value] = await read([parent])
        return value

    async def resolve_all(connections: Sequence[Any], _: Any) -> Sequence[Any]:
        return await read(connections)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata=FieldResolution(resolve_batch=resolve_all).metadata,
    )


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Its fields read when they are resolved, for all connections of a level at once."""

    listing: strawberry.Private[Listing[Any]]
    key: strawberry.Private[str]
    request: strawberry.Private[PageRequest]
    cursors: strawberry.Private[Cursors]

    edges: list[Edge[T]] = _read(_edges, "The items with their cursors, in order.")
    nodes: list[T] = _read(_nodes, "The items alone, in order.")
    page_info: PageInfo = _read(_page_info, "Where this page stands in the list.")
    total_count: int = _read(
        _totals,
        "How many items match the filter on all pages together. They are counted for it each "
        "time, so ask for it only where it's shown.",
    )
