"""A schema whose resolvers give everything that goes wrong, and the world that they read.

What a field has depends on nothing but its object's place in that world and a seed: whoever asks,
and however often, gets the same.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_interface_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_union_type,
)

from execution import FieldBinding

SDL = """
interface Node { id: ID!  name: String  strict: String!  near: Node }
union Thing = A | B | C
enum Colour { RED GREEN BLUE }
scalar Odd

type A implements Node {
  id: ID!  name: String  strict: String!  near: Node
  int: Int  strictInt: Int!  float: Float!  colour: Colour  odd: Odd  flag: Boolean
  texts: [String!]  strictTexts: [String]!  colours: [Colour!]!
  kids: [A!]!  others: [B]  mustNear: Node!  things: [Thing]  strictThings: [Thing!]
  square: [[A]]  cube: [[[Int!]]!]
}

type B implements Node {
  id: ID!  name: String  strict: String!  near: Node
  flag: Boolean  self: B  selves: [B!]  a: A  mustA: A!  nodes(first: Int = 2): [Node!]
}

type C { one: C  many: [C!]!  int: Int!  thing: Thing! }

type Query {
  a: A  as: [A]  strictAs: [A!]!  b: B!  bs(first: Int = 3, odd: Odd): [B!]  c: C
  node: Node  nodes: [Node]!  things: [Thing!]  text: String  must: Int!
}

type Mutation { a: A  b(first: Int): B!  text: String  things: [Thing!] }
"""

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the world; its type may be anything, too."""

    place: Place
    type_name: Any


class Later:
    """Has to be awaited, once more than once."""

    def __init__(self, value: Any, turns: int) -> None:
        self._value = value
        self._turns = turns

    def __await__(self) -> Generator[Any, Any, Any]:
        for _ in range(self._turns):
            yield
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class Refused(Exception):
    """With extensions."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.extensions = {"code": "REFUSED"}


@dataclass(eq=False, slots=True)
class World:
    """`failing` and `waiting` say how often something does, between 0 and 1."""

    seed: int
    failing: float
    waiting: float
    schema: GraphQLSchema

    def resolved(
        self, source: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> Any:
        """The value that a resolver returns or raises, at once or later."""
        chance, value = self._of(source, info, arguments)
        if self._waits(chance):
            return Later(value, turns=chance.choice([1, 1, 1, 2, 3]))
        if isinstance(value, Exception) and chance.random() < 0.5:
            raise value
        return value

    async def resolved_all(
        self, sources: Sequence[Any], info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> list[Any]:
        """The values that a batch resolver returns or raises, at once or later."""
        await asyncio.sleep(0)
        return [self._of(source, info, arguments)[1] for source in sources]

    def type_of(self, thing: Thing) -> Any:
        """The result of `resolve_type`."""
        if isinstance(thing.type_name, Exception):
            raise thing.type_name
        chance = self._chance(*thing.place, "type")
        return Later(thing.type_name, 1) if self._waits(chance) else thing.type_name

    def accepts(self, thing: Thing, type_name: str) -> Any:
        """The result of `is_type_of`."""
        chance = self._chance(*thing.place, "accepts")
        verdict = thing.type_name == type_name and chance.random() >= self.failing / 4
        return Later(verdict, 1) if self._waits(chance) else verdict

    def _of(
        self, source: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> tuple[Random, Any]:
        place = source.place if isinstance(source, Thing) else ()
        place = (*place, info.field_name, *map(str, arguments.values()))
        chance = self._chance(*place)
        if chance.random() < self.failing / 2:
            error = chance.choice([ValueError, Refused, GraphQLError])
            return chance, error(f"{place} fails")
        return chance, self._value(info.return_type, place, chance)

    def _chance(self, *place: str | int) -> Random:
        return Random(crc32(repr((self.seed, place)).encode()))

    def _waits(self, chance: Random) -> bool:
        return chance.random() < self.waiting

    def _fails(self, chance: Random, weight: float) -> bool:
        return chance.random() < self.failing * weight

    def _value(self, type_: GraphQLOutputType, place: Place, chance: Random) -> Any:
        if is_non_null_type(type_):
            if self._fails(chance, 0.3):
                return chance.choice([None, Undefined])
            return self._value(type_.of_type, place, chance)
        if chance.random() < 0.1 + self.failing * 0.3:
            return None
        if self._fails(chance, 0.3):
            return ValueError(f"{place} is broken")
        if is_list_type(type_):
            return self._list(type_.of_type, place, chance)
        if is_leaf_type(type_):
            return self._leaf(type_.name, chance)
        if is_abstract_type(type_):
            return Thing(place, self._type_name(type_, chance))
        return Thing(place, get_named_type(type_).name)

    def _list(self, item_type: GraphQLOutputType, place: Place, chance: Random) -> Any:
        if self._fails(chance, 0.2):
            return chance.choice([17, "text", {"a": 1}])
        count = chance.choice([0, 1, 2, 3])
        items = [self._value(item_type, (*place, number), chance) for number in range(count)]
        if self._waits(chance):
            items = [Later(item, 1) if chance.random() < 0.5 else item for item in items]
        if chance.random() < self.waiting / 4:
            return _streamed(items)
        kinds: list[Callable[[list[Any]], Any]] = [list, list, tuple, iter]
        return chance.choice(kinds)(items)

    def _type_name(self, type_: Any, chance: Random) -> Any:
        names: list[Any] = [one.name for one in self.schema.get_possible_types(type_)]
        if self._fails(chance, 0.5):
            names += ["Query", "Nothing", "Node", None, 5, ValueError("no type")]
        return chance.choice(names)

    def _leaf(self, name: str, chance: Random) -> Any:
        if self._fails(chance, 0.4):
            return chance.choice([2**40, "zz", float("nan"), object, [1], {}, "", True, -1, 0.5])
        return {
            "ID": "i",
            "String": "s",
            "Int": 5,
            "Float": 1.5,
            "Boolean": True,
            "Colour": chance.choice(["RED", "GREEN", "BLUE"]),
            "Odd": chance.choice([1, 3, 2, 4]) if self._fails(chance, 1) else 7,
        }[name]


async def _streamed(items: Sequence[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


def hostile_schema() -> GraphQLSchema:
    """The resolvers find their world in the context."""
    schema = build_schema(SDL)
    for type_ in schema.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for of_type in type_.fields.values():
                of_type.resolve = _resolve
        if is_interface_type(type_) or is_union_type(type_):
            type_.resolve_type = lambda thing, info, _: info.context.type_of(thing)
    for name in ("B", "C"):
        checked = schema.type_map[name]
        assert is_object_type(checked)
        checked.is_type_of = _accepting(name)
    odd = schema.type_map["Odd"]
    assert isinstance(odd, GraphQLScalarType)
    vars(odd)["coerce_output_value"] = _odd
    return schema


def _resolve(source: Any, info: GraphQLResolveInfo[World], **arguments: Any) -> Any:
    return info.context.resolved(source, info, arguments)


def _accepting(name: str) -> Callable[..., Any]:
    return lambda thing, info: info.context.accepts(thing, name)


def _odd(value: int) -> int | None:
    """Of an even number it makes nothing, or nothing good."""
    if value == 2:
        raise ValueError("2 is even")
    return None if value % 2 == 0 else value


BATCHED = {
    "A": {"kids", "name", "mustNear", "colour", "square"},
    "B": {"a", "strict", "nodes", "self"},
    "C": {"many", "thing"},
}


def binding_of(schema: GraphQLSchema) -> Callable[[GraphQLField], FieldBinding]:
    """Has batch resolvers for some of the fields."""
    batched: set[int] = set()
    for type_name, names in BATCHED.items():
        type_ = schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        batched |= {id(type_.fields[name]) for name in names}

    async def resolve(sources: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
        world: World = info.context
        return await world.resolved_all(sources, info, arguments)

    return lambda of: FieldBinding(resolve_batch=resolve if id(of) in batched else None)
