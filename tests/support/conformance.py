"""Whether a response is one that the schema allows for its document.

It needs graphql-core alone: whoever tests the server from another environment imports it too.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)


class DoesNotFit(Exception):
    """The response isn't allowed; the message says where and why."""


def require_fit(schema: GraphQLSchema, text: str, response: Any) -> None:
    """Raise DoesNotFit unless the response fits the (one) operation of the document."""
    if not isinstance(response, dict):
        raise DoesNotFit("the response is no object")
    unknown = response.keys() - {"data", "errors", "extensions"}
    if unknown or not response.keys() & {"data", "errors"}:
        raise DoesNotFit(f"the response has {sorted(response)}")
    errors = response.get("errors")
    if errors is not None:
        _require_errors(errors)
    data = response.get("data")
    if data is None:
        if not errors:
            raise DoesNotFit("neither data nor errors")
        return
    fitting = _Fitting(schema, parse(text))
    root = schema.get_root_type(fitting.operation.operation)
    assert root is not None
    nulls = list(fitting.nulls_of(root, [fitting.operation.selection_set], data, ()))
    blamed = [tuple(error.get("path", ())) for error in errors or ()]
    for path in blamed:
        if not any(path[: len(null)] == null for null in nulls):
            raise DoesNotFit(f"an error at {path}, where nothing is null")


def _require_errors(errors: Any) -> None:
    if not isinstance(errors, list) or not errors:
        raise DoesNotFit("errors must be a list that isn't empty")
    for error in errors:
        if not error.keys() <= {"message", "locations", "path", "extensions"}:
            raise DoesNotFit(f"an error has {sorted(error)}")
        if not isinstance(error["message"], str) or not error["message"]:
            raise DoesNotFit("an error without a message")


class _Fitting:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        [self.operation] = [
            node for node in document.definitions if isinstance(node, OperationDefinitionNode)
        ]
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def nulls_of(
        self, kind: Any, selections: list[SelectionSetNode], value: Any, path: tuple[Any, ...]
    ) -> Iterator[tuple[Any, ...]]:
        """The places that are null. Raises DoesNotFit."""
        if isinstance(kind, GraphQLNonNull):
            if value is None:
                raise DoesNotFit(f"null at {path}")
            yield from self.nulls_of(kind.of_type, selections, value, path)
        elif value is None:
            yield path
        elif isinstance(kind, GraphQLList):
            if not isinstance(value, list):
                raise DoesNotFit(f"no list at {path}")
            for index, item in enumerate(value):
                yield from self.nulls_of(kind.of_type, selections, item, (*path, index))
        elif isinstance(kind, GraphQLScalarType | GraphQLEnumType):
            if not _is_leaf(kind, value):
                raise DoesNotFit(f"{value!r} at {path} is no {kind.name}")
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            yield from self._of_some_type(kind, selections, value, path)
        else:
            assert isinstance(kind, GraphQLObjectType)
            yield from self._of_object(kind, selections, value, path)

    def _of_some_type(
        self, kind: Any, selections: list[SelectionSetNode], value: Any, path: tuple[Any, ...]
    ) -> list[tuple[Any, ...]]:
        for possible in self._schema.get_possible_types(kind):
            try:
                return list(self.nulls_of(possible, selections, value, path))
            except DoesNotFit:
                continue
        raise DoesNotFit(f"none of the possible types of {kind.name} at {path}")

    def _of_object(
        self,
        kind: GraphQLObjectType,
        selections: list[SelectionSetNode],
        value: Any,
        path: tuple[Any, ...],
    ) -> Iterator[tuple[Any, ...]]:
        if not isinstance(value, dict):
            raise DoesNotFit(f"no object at {path}")
        expected: dict[str, list[FieldNode]] = {}
        for selection in selections:
            for field in self._fields(selection, kind):
                name = (field.alias or field.name).value
                expected.setdefault(name, []).append(field)
        if list(value) != list(expected):
            raise DoesNotFit(f"{list(value)} instead of {list(expected)} at {path}")
        for name, nodes in expected.items():
            if nodes[0].name.value == "__typename":
                if value[name] != kind.name:
                    raise DoesNotFit(f"{value[name]} instead of {kind.name} at {path}")
                continue
            inner = [node.selection_set for node in nodes if node.selection_set]
            field_type = kind.fields[nodes[0].name.value].type
            yield from self.nulls_of(field_type, inner, value[name], (*path, name))

    def _fields(self, selection: SelectionSetNode, kind: GraphQLObjectType) -> Iterator[FieldNode]:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node
                continue
            inner: Any = node
            if not isinstance(node, InlineFragmentNode):
                inner = self._fragments[inner.name.value]
            condition = inner.type_condition
            on: Any = self._schema.get_type(condition.name.value) if condition else kind
            if on is kind or (on != kind and self._is_kind_of(kind, on)):
                yield from self._fields(inner.selection_set, kind)

    def _is_kind_of(self, kind: GraphQLObjectType, on: Any) -> bool:
        return isinstance(on, GraphQLInterfaceType) and on in kind.interfaces


def _is_leaf(kind: GraphQLScalarType | GraphQLEnumType, value: Any) -> bool:
    if isinstance(kind, GraphQLEnumType):
        return value in kind.values
    match kind.name:
        case "Int":
            return type(value) is int and -(2**31) <= value < 2**31
        case "Float":
            return type(value) in (int, float) and math.isfinite(value)
        case "Boolean":
            return isinstance(value, bool)
        case "DateTime":
            return isinstance(value, str) and _DATE_TIME.fullmatch(value) is not None
        case "JSON":
            return isinstance(value, dict)
        case _:
            return isinstance(value, str)
