"""Deduplicated documents, which are validated in place of the whole ones.

Generated documents often have the same field under a hundred aliases. Only one of these is
validated, because validation takes longest before a document runs for the first time.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from operator import is_
from typing import Any, Final, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
)

MIN_ALIASES: Final = 8
"""Documents with fewer aliases aren't deduplicated."""

_VALUE: Final = re.compile(r'"[^"]*"|(?<![\w.])\d{1,9}(?![\w.])')
_YEAR: Final = re.compile(r'"\d{4}-')


def deduplicated(document: DocumentNode, text: str) -> DocumentNode:
    """The document, which was parsed from `text`, without duplicate fields.

    A field is a duplicate if it differs from an earlier field of the same selection set only in its
    alias, in small whole numbers and in texts that aren't times. The result is valid exactly when
    the whole document is, and has the same fields of the same types. A field whose alias occurs
    elsewhere is kept, since the two may conflict.
    """
    # Escapes and comments could hide the end of a string from the patterns.
    if any(mark in text for mark in ("\\", '"""', "#")) or _has_subscription(document):
        return document
    try:
        keys = Counter(_response_keys(document.definitions))
        if len(keys) < MIN_ALIASES:
            return document
        definitions = tuple(map(_Deduplication(keys, text).within, document.definitions))
        return _changed(document, definitions=definitions)
    except RecursionError:
        return document


N = TypeVar("N", bound=Node)


class _Deduplication:
    def __init__(self, keys: Counter[str], text: str) -> None:
        self._keys = keys
        self._text = text

    def _selection(self, selection: SelectionSetNode) -> SelectionSetNode:
        kept: list[SelectionNode] = []
        seen: set[str] = set()
        for node in selection.selections:
            if isinstance(node, FieldNode) and node.alias and self._keys[node.alias.value] == 1:
                pattern = self._pattern(node)
                if pattern in seen:
                    continue
                seen.add(pattern)
            kept.append(self.within(node))
        if len(kept) == len(selection.selections) and all(map(is_, kept, selection.selections)):
            return selection
        return _changed(selection, selections=tuple(kept))

    def within(self, node: Any) -> Any:
        """The node without duplicate fields in it."""
        inner = getattr(node, "selection_set", None)
        return node if inner is None else self._with(node, self._selection(inner))

    def _with(self, node: Any, selection: SelectionSetNode) -> Any:
        return node if selection is node.selection_set else _changed(node, selection_set=selection)

    def _pattern(self, node: FieldNode) -> str:
        """The field's text without its alias, with placeholders for equally valid values."""
        assert node.loc is not None
        assert node.name.loc is not None
        return _VALUE.sub(_like, self._text[node.name.loc.start : node.loc.end])


def _like(found: re.Match[str]) -> str:
    value = found[0]
    if not value.startswith('"'):
        return "0"
    return value if _YEAR.match(value) else '""'


def _has_subscription(document: DocumentNode) -> bool:
    """Whether the document has a subscription, which may have only one root field."""
    return any(
        isinstance(definition, OperationDefinitionNode)
        and definition.operation is OperationType.SUBSCRIPTION
        for definition in document.definitions
    )


def _response_keys(nodes: Sequence[Any]) -> Iterator[str]:
    left = list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, FieldNode):
            yield (node.alias or node.name).value
        selected = getattr(node, "selection_set", None)
        if selected is not None:
            left += selected.selections


def _changed(node: N, **changes: Any) -> N:
    """A copy of the node with changed attributes; graphql-core's constructors are slow."""
    changed = copy(node)
    changed.__dict__.update(changes)
    return changed
