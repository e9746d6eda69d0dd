"""Operations that cost as much as the limits let them: made at random, and then changed bit by bit.

Everything follows from the seed of the random numbers. An operation is a tree, so that a part of it
can be exchanged for another one, or be repeated under aliases.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)

from schema.execute import GraphQLRequest

KINDS: Final = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}

_DEEPEST: Final = 9
_INPUTS_DEEPEST: Final = 5
_PAGES: Final = (1, 2, 20, 100)
_TIMES: Final = (*[1] * 12, 2, 5, 20, 50, 99)
_LENGTHS: Final = (0, 1, 2, 20, 500)
_CHARACTERS: Final = (1, 10, 200, 2_000, 10_000, 200_000, 1_000_000)
_MAX_CHARACTERS: Final = 9_000_000
"""In a list, an object or a text that is an argument."""
_MAX_VALUES: Final = 100_000
"""In an argument."""
MAX_FIELDS: Final = 3_000
"""In an operation, each as often as it's there."""

Keys = Mapping[str, Sequence[str]]
"""Keys that are stored, by the names of the arguments that take them; `ids` are global."""


@dataclass(frozen=True, slots=True)
class Node:
    """A field, under one alias or several; or `... on` a type, without arguments.

    Arguments are names, types and values; all values come by variables.
    """

    name: str
    parent: str
    arguments: tuple[tuple[str, str, Any], ...] = ()
    nodes: tuple["Node", ...] = ()
    times: int = 1

    @property
    def size(self) -> int:
        return self.times * (1 + sum(node.size for node in self.nodes))


@dataclass(frozen=True, slots=True)
class Case:
    """An operation, of the type that its fields are of.

    With fragments, what is selected of an object is written once, however often it's selected.
    """

    root: str
    nodes: tuple[Node, ...]
    has_fragments: bool = False

    @property
    def size(self) -> int:
        """How many fields there are, each as often as it's there."""
        return sum(node.size for node in self.nodes)

    def operation(self) -> GraphQLRequest:
        text = _Text(has_fragments=self.has_fragments)
        selected = text.selected(self.nodes)
        declared = " ".join(f"${name}: {kind}" for name, kind in text.types.items())
        head = f"{KINDS[self.root]} Costly{f'({declared})' if declared else ''}"
        query = " ".join([f"{head} {{ {selected} }}", *text.fragments.values()])
        return GraphQLRequest(query, text.variables)


def body_of(operation: GraphQLRequest) -> bytes:
    """The body of its request over HTTP."""
    asked = {"query": operation.query, "variables": operation.variables}
    return json.dumps(asked, ensure_ascii=False).encode()


@dataclass(slots=True)
class _Text:
    """The fragments and variables that the text of one operation refers to."""

    has_fragments: bool
    variables: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)

    def selected(self, nodes: Sequence[Node]) -> str:
        used: Counter[str] = Counter()
        return " ".join(text for node in nodes for text in self._node(node, used))

    def _node(self, node: Node, used: Counter[str]) -> Iterator[str]:
        given = " ".join(f"{name}: {self._variable(kind, it)}" for name, kind, it in node.arguments)
        text = f"{node.name}{f'({given})' if given else ''}{self._below(node.nodes)}"
        for _ in range(node.times):
            number = used[node.name]
            used[node.name] += 1
            is_field = not node.name.startswith("...")
            yield f"{node.name}{number}: {text}" if number and is_field else text

    def _below(self, nodes: Sequence[Node]) -> str:
        if not nodes:
            return ""
        selected = self.selected(nodes)
        if not self.has_fragments:
            return f" {{ {selected} }}"
        name = f"F{len(self.fragments)}"
        text = self.fragments.setdefault(
            f"{nodes[0].parent} {selected}",
            f"fragment {name} on {nodes[0].parent} {{ {selected} }}",
        )
        return f" {{ ...{text.split(' ', 2)[1]} }}"

    def _variable(self, kind: str, value: Any) -> str:
        for name, known in self.variables.items():
            if known is value and self.types[name] == kind:
                return f"${name}"
        name = f"v{len(self.variables)}"
        self.variables[name], self.types[name] = value, kind
        return f"${name}"


class Search:
    """Makes cases, and changes them into others that may cost more."""

    def __init__(
        self, schema: GraphQLSchema, keys: Keys, random: Random, share: float = 1.0
    ) -> None:
        """Of the lengths that texts in arguments may have, theirs have a share."""
        self._schema = schema
        self._keys = keys
        self._random = random
        self._share = share

    def case(self, root: str = "Query") -> Case:
        """A new one, with fields of the root's type."""
        while True:
            nodes = self._nodes(self._type(root), 0)
            case = Case(root, nodes, self._random.random() < 0.5)
            if case.size <= MAX_FIELDS:
                return case

    def changed(self, case: Case) -> Case:
        """Another one with a part that is new, gone, or there more or less often."""
        if self._random.random() < 0.1:
            return replace(case, has_fragments=not case.has_fragments)
        other = replace(case, nodes=self._changed(case.nodes, case.root, 0))
        return other if other.size <= MAX_FIELDS else case

    def _changed(self, nodes: tuple[Node, ...], parent: str, depth: int) -> tuple[Node, ...]:
        place = self._random.randrange(len(nodes))
        node = nodes[place]
        match self._random.randrange(8):
            case 0:
                return (*nodes, *self._nodes(self._type(parent), depth)[:2])
            case 1 if len(nodes) > 1:
                return nodes[:place] + nodes[place + 1 :]
            case 2:
                node = replace(node, times=self._random.choice(_TIMES))
            case 3 if not node.name.startswith("..."):
                node = self._node(self._type(parent).fields[node.name], node.name, parent, depth)
            case _ if node.nodes:
                below = self._changed(node.nodes, node.nodes[0].parent, depth + 1)
                node = replace(node, nodes=below)
            case _:
                node = replace(node, times=min(99, 2 * node.times))
        return (*nodes[:place], node, *nodes[place + 1 :])

    def _type(self, name: str) -> GraphQLObjectType | GraphQLInterfaceType:
        type_ = self._schema.get_type(name)
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        return type_

    def _nodes(
        self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int
    ) -> tuple[Node, ...]:
        if is_abstract_type(type_):
            possible = self._schema.get_possible_types(type_)
            one = self._random.choice(sorted(possible, key=lambda each: each.name))
            return (Node(f"... on {one.name}", type_.name, (), self._nodes(one, depth)),)
        names = [
            name
            for name, found in type_.fields.items()
            if depth < _DEEPEST or not is_composite_type(get_named_type(found.type))
        ]
        number = 1 if type_ is self._schema.subscription_type else self._random.randint(1, 4)
        chosen = self._random.sample(names, min(number, len(names))) or ["__typename"]
        return tuple(
            self._node(type_.fields[name], name, type_.name, depth)
            if name in type_.fields
            else Node(name, type_.name)
            for name in chosen
        )

    def _node(self, found: GraphQLField, name: str, parent: str, depth: int) -> Node:
        arguments = tuple(
            (each, str(argument.type), self._argument(each, argument.type))
            for each, argument in found.args.items()
            if self._is_given(each, argument.type)
        )
        type_ = get_named_type(found.type)
        nodes = self._nodes(self._type(type_.name), depth + 1) if is_composite_type(type_) else ()
        is_event = parent == "Subscription"
        return Node(name, parent, arguments, nodes, 1 if is_event else self._random.choice(_TIMES))

    # Values of arguments

    def _is_given(self, name: str, type_: Any) -> bool:
        if name in ("after", "before", "last", "expectedRevision"):
            return False
        return is_non_null_type(type_) or self._random.random() < 0.5

    def _argument(self, name: str, type_: Any) -> Any:
        if name == "first":
            return self._random.choice(_PAGES)
        while _weight(value := self._value(name, type_, 0, 1)) > _MAX_VALUES:
            pass
        return value

    def _value(self, name: str, type_: Any, depth: int, times: int) -> Any:
        """A value that is there so many times, in lists."""
        inner = type_.of_type if is_non_null_type(type_) else type_
        if is_list_type(inner):
            if name == "ids":
                return self._random.choices(self._keys["ids"], k=100)
            length = min(self._random.choice(_LENGTHS), _MAX_VALUES // times)
            if not length:
                return []
            # Items that are the same are made at once, and take as long as others.
            return [self._value(name, inner.of_type, depth + 1, times * length)] * length
        if is_enum_type(inner):
            return self._random.choice(sorted(inner.values))
        if is_input_object_type(inner):
            return self._object(inner, depth, times)
        return self._SCALARS[inner.name](self, name, times)

    def _object(self, type_: GraphQLInputObjectType, depth: int, times: int) -> dict[str, Any]:
        return {
            name: self._value(name, each.type, depth, times)
            for name, each in type_.fields.items()
            if is_non_null_type(each.type)
            or (depth < _INPUTS_DEEPEST and self._is_given(name, each.type))
        }

    def _text(self, name: str, times: int) -> str:
        if name in self._keys and self._random.random() < 0.9:
            return self._random.choice(self._keys[name])
        length = min(self._random.choice(_CHARACTERS), _MAX_CHARACTERS // times)
        character = self._random.choice(("a", "é", "\n", "\u2028"))
        return character * math.ceil(self._share * length)

    def _json(self, name: str, times: int) -> dict[str, Any]:
        match self._random.randrange(3):
            case 0:
                return {"a": self._text(name, times)}
            case 1:
                number = self._random.choice((10, 1_000, 50_000))
                return {"many": [1] * min(number, _MAX_VALUES // times)}
        deep: dict[str, Any] = {}
        for _ in range(self._random.choice((2, 30, 200))):
            deep = {"deeper": deep}
        return deep

    _SCALARS: Final[Mapping[str, Callable[["Search", str, int], Any]]] = {
        "ID": _text,
        "String": _text,
        "Int": lambda self, *_: self._random.choice((0, 1, 3, 2**31 - 1)),
        "ByteCount": lambda self, *_: self._random.choice((0, 1, 2**53 - 1)),
        "Float": lambda self, *_: self._random.choice((0, 0.5, 1.2, 1e300)),
        "Boolean": lambda self, *_: self._random.random() < 0.5,
        "DateTime": lambda self, *_: self._random.choice(
            ("2026-03-01T09:30:00Z", "9998-01-01T00:00:00.123456+01:00")
        ),
        "JSON": _json,
        "Scope": _text,
    }


def _weight(value: Any) -> int:
    """How many values there are in one; the items of a list are all the same."""
    match value:
        case dict():
            return 1 + sum(map(_weight, value.values()))
        case list() if value:
            return 1 + len(value) * _weight(value[0])
    return 1
