"""Renders records in memory as JSON objects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import orjson

from repositories.addresses import render_address
from repositories.criteria import Page
from repositories.json_encoding import base64url
from repositories.projections import (
    Address,
    Attribute,
    Children,
    Computed,
    Constant,
    Embedded,
    EncodedId,
    Fact,
    Facts,
    Items,
    Itself,
    JsonProjection,
    Paged,
    PagedMember,
    Part,
    Place,
    Reference,
)

Belonging = Callable[[Children | Computed | Reference | Paged, Sequence[Any]], Sequence[Any]]
"""The objects of what belongs to each of the records, or what is computed of it."""


def objects(
    projection: JsonProjection,
    records: Iterable[Any],
    belonging: Belonging,
    places: Sequence[orjson.Fragment] = (),
) -> list[dict[str, Any]]:
    """The objects of the records, which have these places, for `encode_json`."""
    given = list(records)
    keys = [key for key, _ in projection.members]
    columns = [_column(part, given, belonging, places) for _, part in projection.members]
    if not columns:
        return [{} for _ in given]
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


def are_carried(projection: JsonProjection, record: Any) -> bool:
    """Whether the record itself has all that is projected, its children included."""
    return not refers(projection) and not any(
        (isinstance(part, Children) and refers(part.projection))
        or ((name := _children_of(part)) is not None and getattr(record, name) is None)
        for _, part in projection.members
    )


def _children_of(part: Part) -> str | None:
    """The attribute under which a record has the children that the part is made of."""
    match part:
        case Children(attribute) | Address(of_children=(attribute, _)):
            return attribute
    return None


def refers(projection: JsonProjection) -> bool:
    """Whether the projected objects have something of other entities."""
    return any(isinstance(part, Computed | Reference | Paged) for _, part in projection.members)


def carried(part: Children | Computed | Reference | Paged, records: Sequence[Any]) -> Sequence[Any]:
    """The children that records carry, such as those that were just saved."""
    assert isinstance(part, Children)
    return [objects(part.projection, getattr(each, part.attribute), carried) for each in records]


def _column(
    part: Part, records: Sequence[Any], belonging: Belonging, places: Sequence[orjson.Fragment]
) -> Sequence[Any]:
    if type(part) is Attribute:  # as most are, which a pattern would take longer to tell
        return list(map(attrgetter(part.attribute), records))
    match part:
        case Constant(text):
            return [text] * len(records)
        case EncodedId(prefix, attribute):
            return [base64url(prefix + getattr(record, attribute)) for record in records]
        case Address():
            return _addresses(part, records, belonging)
        case Embedded(attribute, projection, is_many):
            held = [getattr(record, attribute) for record in records]
            if is_many:
                return [objects(projection, each, belonging) for each in held]
            made = iter(objects(projection, [one for one in held if one is not None], belonging))
            return [None if one is None else next(made) for one in held]
        case Itself(projection):
            return objects(projection, records, belonging)
        case Place():
            return places
        case _:
            return belonging(part, records)


def _addresses(part: Address, records: Sequence[Any], belonging: Belonging) -> Sequence[Any]:
    given: list[Any] = [None] * len(records)
    if part.given is not None:
        given = list(map(attrgetter(part.given), records))
    if None not in given:
        return given
    values = [[getattr(record, each) for each in part.attributes] for record in records]
    if part.of_children is not None:
        name, attribute = part.of_children
        children = belonging(Children(name, JsonProjection((("", Attribute(attribute)),))), records)
        for each, them in zip(values, children, strict=True):
            each.append(any(child[""] is not None for child in them))
    return [
        render_address(part.number, each) if address is None else address
        for address, each in zip(given, values, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """A page that was read: its records, their places, and the count of all that match."""

    page: Page[Any]
    places: Sequence[orjson.Fragment]
    total: Callable[[], int]


def paged(part: Paged, found: Sequence[Found], belonging: Belonging) -> list[dict[str, Any]]:
    """The objects of pages that were read."""
    return _told(part.members, found, belonging)


def _told(
    members: Iterable[tuple[str, PagedMember]],
    found: Sequence[Found],
    belonging: Belonging,
) -> list[dict[str, Any]]:
    columns = {key: _of_pages(member, found, belonging) for key, member in members}
    return [{key: column[place] for key, column in columns.items()} for place in range(len(found))]


def _of_pages(member: PagedMember, found: Sequence[Found], belonging: Belonging) -> Sequence[Any]:
    match member:
        case Items(projection):
            # All of them together, so that what belongs to them is found together.
            items = [item for each in found for item in each.page.items]
            places = [place for each in found for place in each.places]
            made = iter(objects(projection, items, belonging, places))
            return [list(islice(made, len(each.page.items))) for each in found]
        case Facts(members):
            return _told(members, found, belonging)
        case Constant(text):
            return [text] * len(found)
    return [_FACTS[member](each) for each in found]


_FACTS: Final[Mapping[Fact, Callable[[Found], Any]]] = {
    Fact.TOTAL: lambda found: found.total(),
    Fact.HAS_NEXT: lambda found: found.page.has_next,
    Fact.HAS_PREVIOUS: lambda found: found.page.has_previous,
    Fact.START: lambda found: found.places[0] if found.places else None,
    Fact.END: lambda found: found.places[-1] if found.places else None,
}
