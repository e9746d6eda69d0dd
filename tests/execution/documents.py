"""Random documents that are valid against a schema, the same at every run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    parse,
    print_ast,
    validate,
)

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

VARIABLES: Final = "$yes: Boolean!, $no: Boolean!, $perhaps: Boolean = true, $first: Int"
DIRECTIVES: Final = (
    *("@skip(if: $yes)", "@include(if: $yes)", "@skip(if: $no)", "@include(if: $no)"),
    *("@include(if: $perhaps)", "@skip(if: false) @include(if: $yes)", "@skip(if: true)"),
)
_RULES: Final = [OverlappingFieldsCanBeMergedRule]


@dataclass(slots=True)
class _Writer:
    """Writes the parts of one document."""

    random: Random
    schema: GraphQLSchema
    arguments: Mapping[str, Sequence[str]]
    steered: int
    fragments: list[str] = field(default_factory=list)

    def selections(self, type_: Composite, depth: int) -> str:
        return " ".join(self._selection(type_, depth) for _ in range(self._number(1, 4)))

    def _selection(self, type_: Composite, depth: int) -> str:
        match self._number(0, 11):
            case 1 if depth > 0:
                return f"... {self._directive()} {{ {self.selections(type_, depth - 1)} }}"
            case 2 | 3 if depth > 0:
                return f"...{self._fragment(type_, depth - 1)} {self._directive()}"
            case 4 | 5 | 6 | 7 if depth >= 0 and is_abstract_type(type_):
                chosen = self._one([*self.schema.get_possible_types(type_), type_])
                return f"... on {chosen.name} {{ {self.selections(chosen, depth - 1)} }}"
            case number if number > 0 and (fields := self._fields(type_, depth)):
                name, of = self._one(fields)
                return self._field(name, of, depth)
            case _:
                return "__typename"

    def _fields(self, type_: Composite, depth: int) -> list[tuple[str, GraphQLField]]:
        """The fields that can be selected here."""
        return [
            (name, of)
            for name, of in ({} if isinstance(type_, GraphQLUnionType) else type_.fields).items()
            if depth > 0 or not is_composite_type(get_named_type(of.type))
            if name in self.arguments or not any(map(is_required_argument, of.args.values()))
        ]

    def _field(self, name: str, of: GraphQLField, depth: int) -> str:
        # Selections of one key are merged, so they have the same arguments.
        number = max(self._number(-9, 6), 0)
        alias = f"{name}{number}: " if number else ""
        given = self.arguments.get(name) if of.args else None
        arguments = f"({given[number % len(given)]})" if given else ""
        inner: GraphQLNamedType = get_named_type(of.type)
        below = f" {{ {self.selections(inner, depth - 1)} }}" if is_composite_type(inner) else ""
        return f"{alias}{name}{arguments} {self._directive()}{below}"

    def _fragment(self, type_: Composite, depth: int) -> str:
        name = f"F{len(self.fragments)}"
        self.fragments.append("")
        written = f"fragment {name} on {type_.name} {{ {self.selections(type_, depth)} }}"
        self.fragments[int(name[1:])] = written
        return name

    def _directive(self) -> str:
        return self._one(DIRECTIVES) if self._number(1, self.steered) == 1 else ""

    def _number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def _one(self, among: Any) -> Any:
        return self.random.choice(among)


def documents(
    schema: GraphQLSchema,
    number: int,
    *,
    kinds: Sequence[str] = ("query",),
    depth: int = 4,
    arguments: Mapping[str, Sequence[str]],
    steered: int = 8,
) -> Iterator[DocumentNode]:
    """Different ones, with one operation each, of one of these kinds.

    `arguments` are those that fields of these names are given; one of so many selections has
    directives as is `steered`. Nothing here would be told by smaller examples, so a generator of
    numbers is enough: to draw them from Hypothesis takes longer than what is tested by them.
    """
    random = Random(number)
    texts: set[str] = set()
    while len(texts) < number:
        kind = random.choice(kinds)
        root = schema.get_root_type(OperationType(kind))
        assert root is not None
        writer = _Writer(random, schema, arguments, steered)
        operation = f"{kind} Q({VARIABLES}) {{ {writer.selections(root, depth)} }}"
        text = "\n".join([operation, *writer.fragments])
        document = parse(text)
        # Fields of different types may have got one key. All other rules are kept as it's written.
        if text not in texts and not validate(schema, document, _RULES):
            texts.add(text)
            yield document


@contextmanager
def told(document: DocumentNode) -> Iterator[None]:
    """Tell by which document something fails."""
    try:
        yield
    except Exception as error:
        error.add_note(print_ast(document))
        raise
