"""What the operations of a document read: attributes of records, and the scopes for it."""

from collections import defaultdict
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from domain.scopes import Scope, Scopes
from repositories.criteria import AttributeMask
from schema.declarations import declaration, is_extended, resolution_of
from schema.scopes import rule_of


class Reads(NamedTuple):
    """What operations of a document may look at."""

    selected: AttributeMask | None
    """The attributes, by the record's type. None: all of them, since a field has an extension, such
    as a permission. An extension may look at more of a record than its field does."""
    scopes: Scopes
    """Who has these scopes may have every field of every operation."""


def reads_of(schema: GraphQLSchema, document: DocumentNode) -> Reads:
    type_info = TypeInfo(schema)
    fields = _Fields(type_info)
    visit(document, TypeInfoVisitor(type_info, fields))
    selected = None
    if not fields.has_extended:
        selected = {name: frozenset(found) for name, found in fields.found.items()}
    return Reads(selected, frozenset(fields.scopes))


class _Fields(Visitor):
    """Collects the attributes of the fields, by their parent type, and the scopes of all."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self.found = defaultdict[str, set[str]](set)
        self.scopes = set[Scope]()
        self.has_extended = False
        self._type_info = type_info

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self._type_info.get_parent_type(), self._type_info.get_field_def()
        if parent is not None and field is not None:
            declared = declaration(field)
            self.has_extended |= declared is not None and is_extended(declared)
            rule = None if declared is None else rule_of(declared)
            if rule is not None:
                self.scopes |= rule.mentioned
            name = declared.python_name if declared is not None else node.name.value
            self.found[parent.name].add(name)
            if declared is not None:
                resolution = resolution_of(declared)
                self.found[parent.name].update(resolution.attributes)
                for name, attributes in resolution.attributes_of_others.items():
                    self.found[name].update(attributes)
