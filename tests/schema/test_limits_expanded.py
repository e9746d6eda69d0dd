"""The measures of an operation equal those of counting in its expansion."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from hypothesis import given
from hypothesis import strategies as some

from schema.limits import CHILDREN, Measures, measure
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from tests.support.graphql import Json

RULES = [
    rule
    for rule in specified_rules
    if rule not in (NoUnusedFragmentsRule, NoUnusedVariablesRule, OverlappingFieldsCanBeMergedRule)
]
"""Documents below that broke another rule would be mistakes of their generator."""

SMALL = build_schema("""
    type Query implements Named {
        name: String item: Item items(first: Int, last: Int): ItemConnection! list: [Item!]!
        nodes(ids: [ID!]!): [Item]!
    }
    interface Named { name: String item: Item }
    type Item implements Named {
        name: String item: Item parts: [Item]! items(first: Int, last: Int): ItemConnection!
    }
    type ItemConnection {
        nodes: [Item!]! edges: [ItemEdge!]! pageInfo: PageInfo! totalCount: Int!
    }
    type ItemEdge { node: Item! cursor: String! }
    type PageInfo { hasNextPage: Boolean! }
""")
_SIZES = ["", "(first: 1)", "(first: 3)", "(last: 200)", "(first: $size)", "(first: null)"]
_FIELDS: dict[str, list[tuple[str, str | None]]] = {
    "Query": [
        ("name", None),
        ("item", "Item"),
        *((f"items{size}", "ItemConnection") for size in _SIZES),
        ("list", "Item"),
        ('nodes(ids: ["1", "2"])', "Item"),
        ("nodes(ids: $ids)", "Item"),
    ],
    "Named": [("name", None), ("item", "Item")],
    "Item": [
        ("name", None),
        ("item", "Item"),
        ("parts", "Item"),
        *((f"items{size}", "ItemConnection") for size in _SIZES),
    ],
    "ItemConnection": [
        ("nodes", "Item"),
        ("edges", "ItemEdge"),
        ("pageInfo", "PageInfo"),
        ("totalCount", None),
    ],
    "ItemEdge": [("node", "Item"), ("cursor", None)],
    "PageInfo": [("hasNextPage", None)],
}
_CONDITIONS = {"Query": ["Query", "Named"], "Item": ["Item", "Named"], "Named": ["Item", "Named"]}


@some.composite
def selections(draw: some.DrawFn, on: str, fragments: list[tuple[str, str]], depth: int) -> str:
    """The inside of a selection on a type; fragments are (name, type) of those it may spread."""
    found = []
    for number in range(draw(some.integers(1, 3))):
        directive = draw(some.sampled_from(["", " @skip(if: false)"]))
        spreadable = [name for name, kind in fragments if kind in _CONDITIONS.get(on, [on])]
        choice = draw(some.integers(0, 5))
        if choice == 0 and spreadable:
            found.append(f"...{draw(some.sampled_from(spreadable))}{directive}")
        elif choice == 1 and depth > 0:
            condition = draw(some.sampled_from(["", *_CONDITIONS.get(on, [on])]))
            inner = draw(selections(condition or on, fragments, depth - 1))
            found.append(f"...{condition and f' on {condition}'}{directive} {{ {inner} }}")
        else:
            name, kind = draw(some.sampled_from(_FIELDS[on]))
            if kind is not None and depth == 0:
                name, kind = "__typename", None
            inner = f" {{ {draw(selections(kind, fragments, depth - 1))} }}" if kind else ""
            alias = draw(some.sampled_from(["", f"a{number}: "]))
            found.append(f"{alias}{name}{directive}{inner}")
    return " ".join(found)


@some.composite
def documents_of_all_kinds(draw: some.DrawFn) -> str:
    kinds = draw(some.lists(some.sampled_from(sorted(_FIELDS)), max_size=4))
    fragments = [(f"F{number}", kind) for number, kind in enumerate(kinds)]
    parts = [f"query ($size: Int, $ids: [ID!]!) {{ {draw(selections('Query', fragments, 3))} }}"]
    for number, (name, kind) in enumerate(fragments):
        inside = draw(selections(kind, fragments[number + 1 :], 2))
        parts.append(f"fragment {name} on {kind} {{ {inside} }}")
    return " ".join(parts)


class Expansion:
    """Counts by going through everything, as often as it's there."""

    def __init__(self, document: Any, variables: Json | None) -> None:
        self.operation = document.definitions[0]
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.variables = variables

    def measures(self) -> Measures:
        fields = list(self.fields(self.operation.selection_set, "Query"))
        return Measures(
            depth=max((self.depth(*field) for field in fields), default=0),
            aliases=sum(self.aliases(*field) for field in fields),
            directives=self.directives(self.operation.selection_set),
            root_fields=len(fields),
            list_nesting=max((self.nesting(*field) for field in fields), default=0),
            cost=sum(self.cost(field, on, 0) for field, on in fields),
            fields=sum(self.all_fields(*field) for field in fields),
        )

    def fields(self, selection: Any, on: str) -> Any:
        """(field, type that it's selected on), through all fragments."""
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node, on
            elif isinstance(node, InlineFragmentNode):
                kind = node.type_condition.name.value if node.type_condition else on
                yield from self.fields(node.selection_set, kind)
            else:
                fragment = self.fragments[node.name.value]
                yield from self.fields(fragment.selection_set, fragment.type_condition.name.value)

    def inner(self, field: FieldNode, on: str) -> list[tuple[FieldNode, str]]:
        if field.selection_set is None:
            return []
        kinds = {name.partition("(")[0]: kind for name, kind in _FIELDS[on]}
        kind = kinds[field.name.value]
        assert kind is not None
        return list(self.fields(field.selection_set, kind))

    def all_fields(self, field: FieldNode, on: str) -> int:
        return 1 + sum(self.all_fields(*inner) for inner in self.inner(field, on))

    def depth(self, field: FieldNode, on: str) -> int:
        return 1 + max((self.depth(*inner) for inner in self.inner(field, on)), default=0)

    def aliases(self, field: FieldNode, on: str) -> int:
        own = field.alias is not None
        return own + sum(self.aliases(*inner) for inner in self.inner(field, on))

    def directives(self, selection: Any) -> int:
        found = 0
        for node in selection.selections:
            found += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                found += self.directives(self.fragments[node.name.value].selection_set)
            elif node.selection_set is not None:
                found += self.directives(node.selection_set)
        return found

    def nesting(self, field: FieldNode, on: str) -> int:
        own = field.name.value in ("list", "parts", "nodes", "edges")
        return own + max((self.nesting(*inner) for inner in self.inner(field, on)), default=0)

    def cost(self, field: FieldNode, on: str, page: int) -> int:
        if field.selection_set is None:
            return 0
        name = field.name.value
        arguments = {argument.name.value: argument.value for argument in field.arguments or ()}
        own_page, items = 0, 1
        if name == "items":
            own_page = self.page(arguments)
        elif name in ("list", "parts"):
            items = CHILDREN
        elif on == "ItemConnection" and name in ("nodes", "edges"):
            items = page
        elif name == "nodes":
            ids: Any = arguments["ids"]
            if ids.kind == "variable":
                items = MAX_PAGE_SIZE if self.variables is None else len(self.variables["ids"])
            else:
                items = len(ids.values)
        inside = sum(self.cost(*inner, own_page) for inner in self.inner(field, on))
        return items * (1 + inside)

    def page(self, arguments: dict[str, Any]) -> int:
        value = arguments.get("first", arguments.get("last"))
        if value is None or value.kind == "null_value":
            return DEFAULT_PAGE_SIZE
        if value.kind == "variable":
            return MAX_PAGE_SIZE if self.variables is None else self.variables["size"]
        return min(int(value.value), MAX_PAGE_SIZE)


@given(documents_of_all_kinds(), some.none() | some.just({"size": 5, "ids": ["1", "2", "3"]}))
def test_measures_are_those_of_the_expanded_document(text: str, variables: Json | None) -> None:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    found = measure(SMALL, document, operation, variables)

    assert found == Expansion(document, variables).measures()
    assert validate(SMALL, document, RULES) == []
