"""GraphQL documents: parsed, measured against the limits and validated, once each."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import EllipsisType, NoneType
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.validation.validate import ValidationAbortedError

from execution import DocumentPlans
from repositories.cache import Cache
from repositories.criteria import AttributeMask
from schema.distinct import distinct
from schema.errors import LimitExceeded, TopLevelCode, with_code
from schema.limits import (
    Limits,
    Measures,
    Measuring,
    count_input_objects,
    count_values,
    measure,
    require,
    require_few_conditions,
    require_within,
)
from schema.parsing import extent, parsed
from schema.reads import selected_by

_SIZES: Final = frozenset({int, NoneType, EllipsisType})
"""The classes of page sizes; `...` stands for a variable that isn't there."""
_MEASURES_KEPT: Final = 16
"""Of a document, with other sizes each."""
AT_ONCE: Final = 4 * 1024
"""Characters of a document that is parsed and validated at once: it takes 10 to 20 ms at most."""
COMPARISONS = 100_000
"""What the search for fields that contradict each other may take: a tenth of a second."""


_CHARACTER_WEIGHT: Final = 1
_TOKEN_WEIGHT: Final = 400
"""What a document takes, in bytes, for each of its characters and tokens."""
_MEASURES_WEIGHT: Final = 600
_SIZE_WEIGHT: Final = 50
"""What measures take that are kept, in bytes, and each of the sizes that they are kept by."""


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A document, or the errors for which it isn't executed."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    measures: tuple[tuple[OperationDefinitionNode, Measures], ...] = ()
    """Of each operation, with the page sizes that variables give at their largest."""
    selected: AttributeMask | None = None
    """The attributes that any of its operations may look at; None: all of them."""
    plans: DocumentPlans = field(default_factory=DocumentPlans)
    conditional_variables: tuple[str, ...] = ()
    """The variables that what operations cost depends on."""
    known: dict[tuple[int, tuple[Any, ...]], Measures] = field(default_factory=dict)
    """Of its operations, by their ids, with values of these variables."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of this name, or the only one; None where there isn't just one such."""
        if len(self.measures) == 1 and not name:
            return self.measures[0][0]
        return None if self.node is None else get_operation_ast(self.node, name or None)


class Documents:
    """Keeps documents, with the plans of their operations, in a cache by their texts."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        introspection: bool,
        cache: Cache | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self.hides_names = not introspection
        """Whether messages must not tell names that introspection doesn't tell."""
        self._rules = (
            _BoundedOverlap,
            *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
            *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
        )
        self._cache = Cache() if cache is None else cache
        # Each more would make the event loop wait for its turn of the interpreter once more.
        self._thread = ThreadPoolExecutor(1, "documents")
        # No value takes less than two bytes, with what parts it from the next one.
        self._small = 2 * min(limits.variable_values, limits.input_objects)

    def prepare(self, text: str) -> Document:
        found: Document | None = self._cache.get(text)
        return self._kept(text, self._prepare(text)) if found is None else found

    async def prepare_apart(self, text: str) -> Document:
        """As `prepare`; a thread does it for a large text, and leaves others their turns."""
        if len(text) <= AT_ONCE:
            return self.prepare(text)
        found: Document | None = self._cache.get(text)
        if found is None:
            loop = asyncio.get_running_loop()
            prepared = await loop.run_in_executor(self._thread, self._prepare, text)
            # Somebody else may have asked for the same meanwhile.
            found = self._cache.get(text) or self._kept(text, prepared)
        return found

    def _kept(self, text: str, document: Document) -> Document:
        if document.node is not None and not document.errors:
            self._keep(text, document, document.node)
        return document

    def _keep(self, text: str, document: Document, node: DocumentNode) -> None:
        weight = _CHARACTER_WEIGHT * len(text) + _TOKEN_WEIGHT * node.token_count
        number = self._cache.keep(text, document, weight)
        document.plans.on_growth = partial(self._cache.grow, text, number)

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
            if node is operation:
                if measures.by_variables:
                    require_few_conditions(self._limits, measures, operation, variables)
                if measures.cost <= self._limits.cost:
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
        values = tuple([variables.get(name, ...) for name in document.conditional_variables])
        if not _SIZES.issuperset(map(type, values)):
            # It may be large, and isn't to be kept.
            return measure(self._schema, node, operation, variables)
        found = document.known.get(key := (id(operation), values))
        if found is None:
            found = measure(self._schema, node, operation, variables)
            if len(document.known) == _MEASURES_KEPT:
                document.known.pop(next(iter(document.known)))
            else:
                document.plans.on_growth(_MEASURES_WEIGHT + _SIZE_WEIGHT * len(values))
            document.known[key] = replace(found, by_variables={})
        return found

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
            measures, conditional_variables = self._measured(node)
        except GraphQLError as error:
            return Document(None, (error,))
        fewer = distinct(node, text)
        errors = self._errors(fewer)
        if errors and fewer is not node:
            # All of them are told, each at its own place.
            errors = self._errors(node)
        if errors:
            return Document(node, tuple(map(self._told, errors)))
        return Document(
            node,
            (),
            measures,
            selected_by(self._schema, fewer),
            conditional_variables=conditional_variables,
        )

    def _errors(self, node: DocumentNode) -> list[GraphQLError]:
        return validate(self._schema, node, self._rules, hide_suggestions=self.hides_names)

    def _told(self, error: GraphQLError) -> GraphQLError:
        if isinstance(error, ValidationAbortedError) and "too many" not in error.message.lower():
            return _too_complex()
        # One suggestion, about missing selections, is made even to whom none should be.
        message = error.message.partition(" Did you mean")[0] if self.hides_names else None
        return with_code(error, TopLevelCode.GRAPHQL_VALIDATION_FAILED, message)

    def _parsed(self, text: str) -> DocumentNode:
        node = parsed(text, self._limits.tokens)
        if node is not None:
            return node
        try:
            node = parse(
                text, max_lexical_tokens=self._limits.tokens, max_comments=self._limits.tokens
            )
        except GraphQLSyntaxError as error:
            if "Parsing aborted" in error.message:
                found = extent(text)
                require(self._limits, "tokens", max(found.tokens, found.comments))
                if found.nesting > MAX_NESTING_DEPTH:
                    raise LimitExceeded("nesting", found.nesting, MAX_NESTING_DEPTH) from None
            raise with_code(error, TopLevelCode.GRAPHQL_PARSE_FAILED) from None
        _unlink(node)
        return node

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
            ignored: dict[str, Any] = {"cost": 0} if operation.variable_definitions else {}
            require_within(self._limits, replace(measures, **ignored))
        require(self._limits, "fields", sum(measures.fields for _, measures in found))
        return found, tuple(measuring.looked_at)


class _BoundedOverlap(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS


def _unlink(node: DocumentNode) -> None:
    """Take a document's tokens apart.

    A chain that is linked both ways would be left to the collector when the document isn't kept any
    more, and nobody follows it.
    """
    token = node.loc.start_token if node.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following


def _too_complex() -> GraphQLError:
    return GraphQLError(
        "complexity: the document nests fragments too deeply, or selects fields too often.",
        extensions={"code": TopLevelCode.LIMIT_EXCEEDED.value, "limit": "complexity"},
    )
