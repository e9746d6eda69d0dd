"""Pagination: the arguments of connections, and the information about a page."""

from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from repositories.criteria import NEWEST_FIRST, Direction, Order
from schema.errors import BadUserInput

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"How many items from the start, 0 to {MAX_PAGE_SIZE} (default {DEFAULT_PAGE_SIZE}). "
            "Not together with `last`."
        )
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Only items after the one with this cursor."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items from the end, 0 to {MAX_PAGE_SIZE}. Not together with `first`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Only items before the one with this cursor."),
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items stand before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the page's first item, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the page's last item, for `after`; null on an empty page."
    )


def order_of(order_by: Any) -> Order:
    """The order of an `<Entity>Order`; newest first without one."""
    if order_by is UNSET or order_by is None:
        return NEWEST_FIRST
    field: Enum = order_by.field
    return Order(field.value, Direction(order_by.direction))


def page_size(first: int | None, last: int | None) -> tuple[int, bool]:
    """How many items a page has, and whether they are those from the end. Raises BadUserInput."""
    sizes = {
        name: size
        for name, size in (("first", first), ("last", last))
        if size is not UNSET and size is not None
    }
    if len(sizes) == 2:
        raise BadUserInput("first, last: give one of them, not both.")
    for name, size in sizes.items():
        if not 0 <= size <= MAX_PAGE_SIZE:
            raise BadUserInput(f"{name}: must be from 0 to {MAX_PAGE_SIZE}, not {size}.")
    return next(iter(sizes.values()), DEFAULT_PAGE_SIZE), "last" in sizes
