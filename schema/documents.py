"""GraphQL documents: parsed, measured against the limits and validated, once each."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import EllipsisType, NoneType
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Lexer,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    Source,
    TokenKind,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.validation.validate import ValidationAbortedError

from execution.recent import Recent
from repositories.unit_of_work import Selected
from schema.errors import LimitExceeded, TopLevelCode, with_code
from schema.limits import (
    Limits,
    Measures,
    Measuring,
    count_input_objects,
    count_values,
    measure,
    require,
    require_within,
)
from schema.reads import selected_by

DOCUMENTS_KEPT = 1_000
CHARACTERS_KEPT = 500_000
"""Of all documents that are kept, which take up to 200 bytes a character."""
LONGEST_KEPT = 20_000
"""In characters: what clients repeat is shorter, and hostile documents don't fill the memory."""
_SIZES = frozenset({int, NoneType, EllipsisType})
"""The classes of page sizes; `...` stands for a variable that isn't there."""
_MEASURES_KEPT = 100
"""Of a document, with other sizes each."""
COMPARISONS = 100_000
"""What the search for fields that contradict each other may take: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document, or the errors for which it isn't executed."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    measures: tuple[tuple[OperationDefinitionNode, Measures], ...] = ()
    """Of each operation, with the page sizes that variables give at their largest."""
    selected: Selected | None = None
    """The attributes that any of its operations may look at; None: all of them."""
    steering: tuple[str, ...] = ()
    """The variables that what operations cost depends on."""
    known: Recent[tuple[int, tuple[Any, ...]], Measures] = field(
        default_factory=lambda: Recent(_MEASURES_KEPT)
    )
    """Of its operations, by their ids, with values of these variables."""


class Documents:
    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._rules = (
            _BoundedOverlap,
            *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
            *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
        )
        self._kept = _Kept()
        # No value takes less than two bytes, with what parts it from the next one.
        self._small = 2 * min(limits.variable_values, limits.input_objects)

    @property
    def hides_names(self) -> bool:
        """Whether messages must not tell names that introspection doesn't tell."""
        return not self._introspection

    def prepare(self, text: str) -> Document:
        document = self._kept.get(text)
        if document is None:
            document = self._prepare(text)
            if not document.errors:
                self._kept.add(text, document)
        return document

    def cost(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        size: int | None = None,
    ) -> int:
        """The operation's cost with these variables, which came in a JSON text of this size.

        Raises LimitExceeded when it's too high, or the variables are too much.
        """
        assert document.node is not None
        if size is None or size > self._small:
            self._require_within(operation, variables)
        for node, measures in document.measures:
            if node is operation and measures.cost <= self._limits.cost:
                return measures.cost
        measures = self._measures(document, operation, variables or {})
        require_within(self._limits, measures)
        return measures.cost

    def _measures(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> Measures:
        node = document.node
        assert node is not None
        values = tuple([variables.get(name, ...) for name in document.steering])
        if not _SIZES.issuperset(map(type, values)):
            # It may be large, and isn't to be kept.
            return measure(self._schema, node, operation, variables)
        return document.known.get(
            (id(operation), values), lambda: measure(self._schema, node, operation, variables)
        )

    def _require_within(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> None:
        values = count_values(variables)
        require(self._limits, "variable_values", values)
        # There are no more objects than values, and values are easier to count.
        if values > self._limits.input_objects:
            inputs = count_input_objects(self._schema, operation, variables)
            require(self._limits, "input_objects", inputs)

    def _prepare(self, text: str) -> Document:
        try:
            require(self._limits, "characters", len(text))
            node = self._parsed(text)
            measures, steering = self._measured(node)
        except GraphQLError as error:
            return Document(None, (error,))
        errors = validate(self._schema, node, self._rules, hide_suggestions=self.hides_names)
        if errors:
            return Document(node, tuple(map(self._told, errors)))
        selected = selected_by(self._schema, node)
        return Document(node, (), measures, selected, steering)

    def _told(self, error: GraphQLError) -> GraphQLError:
        if isinstance(error, ValidationAbortedError) and "too many" not in error.message.lower():
            return _too_complex()
        # One suggestion, about missing selections, is made even to whom none should be.
        message = error.message.partition(" Did you mean")[0] if self.hides_names else None
        return with_code(error, TopLevelCode.GRAPHQL_VALIDATION_FAILED, message)

    def _parsed(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_lexical_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            if "Parsing aborted" in error.message:
                tokens, nesting = _extent(text)
                require(self._limits, "tokens", tokens)
                if nesting > MAX_NESTING_DEPTH:
                    raise LimitExceeded("nesting", nesting, MAX_NESTING_DEPTH) from None
            raise with_code(error, TopLevelCode.GRAPHQL_PARSE_FAILED) from None

    def _measured(
        self, node: DocumentNode
    ) -> tuple[tuple[tuple[OperationDefinitionNode, Measures], ...], tuple[str, ...]]:
        """The measures of its operations, and the variables that these depend on."""
        measuring = Measuring(self._schema, node)
        try:
            found = tuple(
                (operation, measuring.operation(operation))
                for operation in node.definitions
                if isinstance(operation, OperationDefinitionNode)
            )
        except RecursionError:
            raise _too_complex() from None
        for operation, measures in found:
            # What costs too much at most may cost less with the variables that come.
            ignored = {"cost": 0} if operation.variable_definitions else {}
            require_within(self._limits, replace(measures, **ignored))
        return found, tuple(measuring.looked_at)


class _Kept:
    """The documents that were used last."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> Document | None:
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
        return document

    def add(self, text: str, document: Document) -> None:
        if len(text) > LONGEST_KEPT:
            return
        self._documents[text] = document
        self._characters += len(text)
        while self._characters > CHARACTERS_KEPT or len(self._documents) > DOCUMENTS_KEPT:
            dropped, _ = self._documents.popitem(last=False)
            self._characters -= len(dropped)


class _BoundedOverlap(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS


def _extent(text: str) -> tuple[int, int]:
    """How many tokens the document has, and how deep its brackets are nested."""
    lexer = Lexer(Source(text))
    tokens = depth = deepest = 0
    try:
        while (kind := lexer.advance().kind) is not TokenKind.EOF:
            tokens += 1
            if kind in (TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L):
                depth += 1
                deepest = max(deepest, depth)
            elif kind in (TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R):
                depth -= 1
    except GraphQLSyntaxError:
        pass  # this far it could be read
    return tokens, deepest


def _too_complex() -> GraphQLError:
    return GraphQLError(
        "complexity: the document nests fragments too deeply, or selects fields too often.",
        extensions={"code": TopLevelCode.LIMIT_EXCEEDED.value, "limit": "complexity"},
    )
