"""A schema of inputs of every kind, and random values for them, most of them right."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

SDL: Final = """
enum Colour { RED GREEN BLUE ULTRAVIOLET INFRARED }
scalar Odd
scalar Any

input Point {
  x: Int!  y: Int! = 5  z: Float  flag: Boolean! = true  colour: Colour = GREEN
  name: String  ids: [ID]  tags: [String!]! = ["a", "b"]  colours: [Colour!]
  odd: Odd  any: Any! = 1  next: Point  rows: [[Point!]]  either: Either
}
input Either @oneOf { x: Int  point: Point  names: [String!]  odd: Odd }
input Made { someName: String! = "x"  parts: [Part!]  either: Either }
input Part { at: Int }

type Query {
  f(
    x: Int  must: Int!  y: Int! = 5  z: Float = 1.5  name: String = null  id: ID  flag: Boolean
    colour: Colour = RED  colours: [Colour!]! = [RED]  odd: Odd  any: Any
    point: Point  points: [[Point]]  either: Either  made: Made = {someName: "y"}
  ): String
}
"""


class Colour(Enum):
    RED = 1
    GREEN = (2, 3)
    BLUE = None
    ULTRAVIOLET = 4
    INFRARED = 5


@dataclass(frozen=True, slots=True)
class Made:
    """The result of coercing an input."""

    some_name: Any
    parts: Any = ()
    either: Any = None


def inputs_schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    colour, odd, made = (schema.type_map[name] for name in ("Colour", "Odd", "Made"))
    assert isinstance(colour, GraphQLEnumType)
    assert isinstance(odd, GraphQLScalarType)
    assert isinstance(made, GraphQLInputObjectType)
    for name, value in colour.values.items():
        value.value = Colour[name]
    vars(colour)["coerce_input_value"] = partial(_visible, colour.coerce_input_value)
    vars(odd)["coerce_input_value"] = _odd
    made.fields["someName"].out_name = "some_name"
    vars(made)["out_type"] = _made
    return schema


def _visible(coerce: Callable[..., Any], name: Any, *more: Any) -> Any:
    """Not all colours are."""
    if name == "ULTRAVIOLET":
        raise ValueError(f"{name} is invisible")
    return Undefined if name == "INFRARED" else coerce(name, *more)


def _odd(value: Any) -> Any:
    """Of some numbers it makes nothing, in all the ways that there are."""
    if value == 5:
        return Undefined
    if value == 7:
        return None
    if value % 2 == 0:
        raise ValueError(f"{value} is even")
    return value + 0.5


def _made(fields: dict[str, Any]) -> Any:
    if fields.get("some_name") == "nothing":
        return Undefined
    return Made(**fields)


class Text(str):
    """A text, but of no class that JSON has."""

    __slots__ = ()


_LEAVES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "Int": st.integers(-(2**31) - 1, 2**31) | st.sampled_from([3.0, -0.0]),
    "ByteCount": st.integers(-1, 2**53) | st.sampled_from([3.0, 2.5]),
    "Float": st.floats() | st.integers() | st.just(10**400),
    "String": st.text(max_size=3) | st.sampled_from([Text("t"), "nothing"]),
    "ID": st.text(max_size=3) | st.integers() | st.sampled_from([2.0, 2.5]),
    "Boolean": st.booleans(),
    "Odd": st.integers(0, 9),
    "Any": st.sampled_from([0, None, "a", {"b": [None]}, [1]]),
    "DateTime": st.sampled_from(["2026-03-01T09:30:00Z", "1971-01-01t00:00:00.5+01:00", "now"]),
    "JSON": st.sampled_from([{}, {"a": [1, None, {}]}, []]),
    "Scope": st.sampled_from(["qc:read", "", "nothing"]),
    "JSONValue": st.sampled_from([0, None, "a", {}, [1, {}]]),
}

_WRONG: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [
        *(None, Undefined, True, 1, 0.5, 2**31, "RED", "", b"", [], [None], (), (1,), [[[]]]),
        *({}, {"x": 1}, {"x": 1, "more": 2}, {"x": Undefined}, {"names": None}),
        *(frozenset({1}), object),
    ]
)


def values_of(type_: GraphQLInputType, depth: int = 3) -> st.SearchStrategy[Any]:
    """One of 12 is most likely wrong, on each level."""
    return st.integers(0, 11).flatmap(
        lambda chance: _WRONG if chance == 0 else _right(type_, depth)
    )


def _right(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    if is_non_null_type(type_):
        return _of(type_.of_type, depth)
    return st.integers(0, 4).flatmap(lambda chance: st.none() if chance == 0 else _of(type_, depth))


def _of(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    if is_list_type(type_):
        items = values_of(type_.of_type, depth - 1)
        lists = st.lists(items, max_size=2 if depth > 0 else 0)
        return st.one_of(lists, lists, lists.map(tuple), items if depth > 0 else lists)
    if is_enum_type(type_):
        return st.sampled_from([*type_.values, *map(Text, type_.values)])
    if is_input_object_type(type_):
        return st.deferred(lambda: _objects(type_, depth))
    return _LEAVES[type_.name]


@st.composite
def _objects(draw: st.DrawFn, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
    names = [
        name
        for name, field in type_.fields.items()
        if depth > 0 or isinstance(field.type, GraphQLNonNull)
    ]
    if type_.is_one_of:
        names = draw(st.lists(st.sampled_from(names), min_size=1, max_size=1)) if names else []
    else:
        required = {name for name in names if isinstance(type_.fields[name].type, GraphQLNonNull)}
        names = [name for name in names if name in required or draw(st.booleans())]
    return {name: draw(values_of(type_.fields[name].type, depth - 1)) for name in names}
