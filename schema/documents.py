"""GraphQL documents: parsed, measured against the limits and validated, once each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from schema.errors import LimitExceeded, TopLevelCode, with_code
from schema.limits import Limits, Measures, measure, require_within

DOCUMENTS_KEPT = 1_000
LONGEST_KEPT = 20_000
"""In characters: what clients repeat is shorter, and hostile documents don't fill the memory."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document, or the errors for which it isn't executed."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    measures: tuple[tuple[OperationDefinitionNode, Measures], ...] = ()
    """Of each operation, with the page sizes that variables give at their largest."""


class Documents:
    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._rules = (
            *specified_rules,
            *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
        )
        self._kept = lru_cache(DOCUMENTS_KEPT)(self._prepare)

    @property
    def hides_names(self) -> bool:
        """Whether messages must not tell names that introspection doesn't tell."""
        return not self._introspection

    def prepare(self, text: str) -> Document:
        return self._kept(text) if len(text) <= LONGEST_KEPT else self._prepare(text)

    def cost(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
    ) -> int:
        """The operation's cost with these variables. Raises LimitExceeded when it's too high."""
        assert document.node is not None
        for node, measures in document.measures:
            if node is operation and measures.cost <= self._limits.cost:
                return measures.cost
        measures = measure(self._schema, document.node, operation, variables or {})
        require_within(self._limits, measures)
        return measures.cost

    def _prepare(self, text: str) -> Document:
        try:
            node = parse(text, max_lexical_tokens=self._limits.tokens)
            measures = tuple(
                (operation, measure(self._schema, node, operation))
                for operation in node.definitions
                if isinstance(operation, OperationDefinitionNode)
            )
            for operation, found in measures:
                # What costs too much at most may cost less with the variables that come.
                ignored = {"cost": 0} if operation.variable_definitions else {}
                require_within(self._limits, replace(found, **ignored))
        except LimitExceeded as error:
            return Document(None, (error,))
        except GraphQLSyntaxError as error:
            is_too_long = "tokens. Parsing aborted" in error.message
            code = TopLevelCode.LIMIT_EXCEEDED if is_too_long else TopLevelCode.GRAPHQL_PARSE_FAILED
            return Document(None, (with_code(error, code),))
        except (GraphQLError, RecursionError):
            too_deep = GraphQLError("The document is nested too deeply.")
            return Document(None, (with_code(too_deep, TopLevelCode.LIMIT_EXCEEDED),))
        errors = validate(self._schema, node, self._rules, hide_suggestions=self.hides_names)
        coded = (with_code(error, TopLevelCode.GRAPHQL_VALIDATION_FAILED) for error in errors)
        return Document(node, tuple(coded), measures)
