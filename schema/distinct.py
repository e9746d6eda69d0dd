"""A document with what is distinct in it: enough to check it by, and to see what it reads.

Documents that programs write often have the same field under a hundred aliases. Only one of them is
checked then: validation is what takes longest before a document runs for the first time.
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

FEWEST_ALIASES: Final = 8
"""Documents with fewer aliases have little that is worth looking for."""

_VALUE: Final = re.compile(r'"[^"]*"|(?<![\w.])\d{1,9}(?![\w.])')
_YEAR: Final = re.compile(r'"\d{4}-')


def distinct(document: DocumentNode, text: str) -> DocumentNode:
    """The document without fields that differ from an earlier one of the same selection in nothing
    but their alias, small whole numbers, and texts that aren't times. Its `text` is what it was
    parsed from.

    It's valid if the whole document is, and has the same fields of the same types. An alias that
    stands somewhere else too is kept, since the two may contradict each other.
    """
    # With escapes and comments, a text may look as if it ended somewhere else.
    if any(mark in text for mark in ("\\", '"""', "#")) or _has_subscription(document):
        return document
    try:
        keys = Counter(_response_keys(document.definitions))
        if len(keys) < FEWEST_ALIASES:
            return document
        definitions = tuple(map(_Fewer(keys, text).within, document.definitions))
        return _changed(document, definitions=definitions)
    except RecursionError:
        return document


N = TypeVar("N", bound=Node)


class _Fewer:
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
        """The node with less selected in it."""
        inner = getattr(node, "selection_set", None)
        return node if inner is None else self._with(node, self._selection(inner))

    def _with(self, node: Any, selection: SelectionSetNode) -> Any:
        return node if selection is node.selection_set else _changed(node, selection_set=selection)

    def _pattern(self, node: FieldNode) -> str:
        """The field's text without its alias, and without values that are as valid as others."""
        assert node.loc is not None
        assert node.name.loc is not None
        return _VALUE.sub(_like, self._text[node.name.loc.start : node.loc.end])


def _like(found: re.Match[str]) -> str:
    value = found[0]
    if not value.startswith('"'):
        return "0"
    return value if _YEAR.match(value) else '""'


def _has_subscription(document: DocumentNode) -> bool:
    """Whether it matters how many fields an operation has."""
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
    """The node with other attributes. Those of graphql-core are slow to be made anew."""
    changed = copy(node)
    changed.__dict__.update(changes)
    return changed
