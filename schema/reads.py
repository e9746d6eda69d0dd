"""The attributes that the operations of a document will read."""

from collections import defaultdict

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from repositories.criteria import AttributeMask
from schema.declarations import declaration, is_extended


def attribute_mask(schema: GraphQLSchema, document: DocumentNode) -> AttributeMask | None:
    """The attributes that operations of the document may look at, by the record's type.

    None: all of them, since a field has an extension, such as a permission. An extension may look
    at more of a record than its field does.
    """
    type_info = TypeInfo(schema)
    fields = _Fields(type_info)
    visit(document, TypeInfoVisitor(type_info, fields))
    if fields.has_extended:
        return None
    return {name: frozenset(found) for name, found in fields.found.items()}


class _Fields(Visitor):
    """Collects the attributes of the fields, by their parent type."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self.found = defaultdict[str, set[str]](set)
        self.has_extended = False
        self._type_info = type_info

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self._type_info.get_parent_type(), self._type_info.get_field_def()
        if parent is not None and field is not None:
            declared = declaration(field)
            self.has_extended |= declared is not None and is_extended(declared)
            name = declared.python_name if declared is not None else node.name.value
            self.found[parent.name].add(name)
