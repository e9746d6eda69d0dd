"""GraphQL documents: each is parsed, validated and checked against the limits once."""

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

from domain.scopes import NO_SCOPES, Scopes
from execution import DocumentPlans
from repositories.cache import Cache
from repositories.criteria import AttributeMask
from schema.deduplication import deduplicated
from schema.errors import LimitExceeded, TopLevelCode, with_code
from schema.limits import (
    Limits,
    Measures,
    Measuring,
    cost_of_rows,
    count_input_objects,
    count_values,
    measure,
    require,
    require_few_conditions,
    require_within,
)
from schema.parsing import extent, parsed
from schema.reads import reads_of

_SIZE_CLASSES: Final = frozenset({int, NoneType, EllipsisType})
"""The classes of page sizes; `...` stands for an absent variable."""
_MAX_MEASURES: Final = 16
"""How many measures of a document are cached, each with other page sizes."""
MAX_INLINE_CHARACTERS: Final = 4 * 1024
"""A document of so many characters is parsed and validated in the event loop, in 10 to 20 ms."""
MAX_COMPARISONS = 100_000
"""How many pairs of fields are compared for conflicts: that takes a tenth of a second."""


_CHARACTER_WEIGHT: Final = 1
_TOKEN_WEIGHT: Final = 400
"""The memory that a document takes, in bytes, for each of its characters and tokens."""
_MEASURES_WEIGHT: Final = 600
_SIZE_WEIGHT: Final = 50
"""The memory that cached measures take, in bytes, and each page size in their key."""


@dataclass(frozen=True, eq=False, slots=True)
class Document:
    """A document that may be executed, or the errors of one that may not."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    measures: tuple[tuple[OperationDefinitionNode, Measures], ...] = ()
    """The measures of each operation, at the largest page sizes that variables may give."""
    selected: AttributeMask | None = None
    """The attributes that its operations read; None for all attributes."""
    scopes: Scopes = NO_SCOPES
    """Who has these scopes may have every field of its operations."""
    plans: DocumentPlans = field(default_factory=DocumentPlans)
    conditional_variables: tuple[str, ...] = ()
    """The variables that the cost of its operations depends on."""
    known: dict[tuple[int, tuple[Any, ...]], Measures] = field(default_factory=dict)
    """The measures of its operations, by their ids and the values of these variables."""

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of this name, or without a name the only one; None if there is none."""
        if len(self.measures) == 1 and not name:
            return self.measures[0][0]
        return None if self.node is None else get_operation_ast(self.node, name or None)


class Documents:
    """Caches documents, with the plans of their operations, by their texts."""

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
        """Whether messages hide names, as introspection does."""
        self._rules = (
            _BoundedOverlap,
            *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
            *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
        )
        self._cache = Cache() if cache is None else cache
        # With more threads, the event loop would wait longer for the interpreter lock.
        self._thread = ThreadPoolExecutor(1, "documents")
        # Each value takes at least two bytes, with its separator.
        self._small = 2 * min(limits.variable_values, limits.input_objects)

    def parse_and_validate(self, text: str) -> Document:
        found: Document | None = self._cache.get(text)
        return self._kept(text, self._parse_and_validate(text)) if found is None else found

    async def parse_and_validate_apart(self, text: str) -> Document:
        """Like `parse_and_validate`, but in a thread for a large text, beside other requests."""
        if len(text) <= MAX_INLINE_CHARACTERS:
            return self.parse_and_validate(text)
        found: Document | None = self._cache.get(text)
        if found is None:
            loop = asyncio.get_running_loop()
            prepared = await loop.run_in_executor(self._thread, self._parse_and_validate, text)
            # Another request may have cached the same document meanwhile.
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
                cost = measures.cost + cost_of_rows(measures, operation, variables)
                if cost <= self._limits.cost:
                    return cost
        measures = self._measures(document, operation, variables or {})
        cost = measures.cost + cost_of_rows(measures, operation, variables)
        require_within(self._limits, replace(measures, cost=cost))
        return cost

    def _measures(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> Measures:
        node = document.node
        assert node is not None
        values = tuple([variables.get(name, ...) for name in document.conditional_variables])
        if not _SIZE_CLASSES.issuperset(map(type, values)):
            # It may be large, and isn't to be kept.
            return measure(self._schema, node, operation, variables)
        found = document.known.get(key := (id(operation), values))
        if found is None:
            found = measure(self._schema, node, operation, variables)
            if len(document.known) == _MAX_MEASURES:
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

    def _parse_and_validate(self, text: str) -> Document:
        try:
            require(self._limits, "characters", len(text))
            node = self._parsed(text)
            measures, conditional_variables = self._measured(node)
        except GraphQLError as error:
            return Document(None, (error,))
        fewer = deduplicated(node, text)
        errors = self._errors(fewer)
        if errors and fewer is not node:
            # Report all errors, each with its own location.
            errors = self._errors(node)
        if errors:
            return Document(node, tuple(map(self._told, errors)))
        reads = reads_of(self._schema, fewer)
        return Document(
            node,
            (),
            measures,
            reads.selected,
            reads.scopes,
            conditional_variables=conditional_variables,
        )

    def _errors(self, node: DocumentNode) -> list[GraphQLError]:
        return validate(self._schema, node, self._rules, hide_suggestions=self.hides_names)

    def _told(self, error: GraphQLError) -> GraphQLError:
        if isinstance(error, ValidationAbortedError) and "too many" not in error.message.lower():
            return _too_complex()
        # graphql-core suggests subselections even with `hide_suggestions`.
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
            # An operation whose greatest cost is too high may cost less with its variables.
            ignored: dict[str, Any] = {"cost": 0} if operation.variable_definitions else {}
            require_within(self._limits, replace(measures, **ignored))
        require(self._limits, "fields", sum(measures.fields for _, measures in found))
        return found, tuple(measuring.used_variables)


class _BoundedOverlap(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS


def _unlink(node: DocumentNode) -> None:
    """Unlink the tokens of a document, which nothing reads any more.

    A doubly linked list would be left to the garbage collector when the document is dropped.
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
