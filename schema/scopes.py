"""Scopes that fields require: declared where the field is, and obeyed however it is resolved.

A field states its rule by a directive, so the schema's file says the same as what is enforced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from graphql import GraphQLField, GraphQLSchema, is_object_type
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from domain.callers import Caller
from domain.scopes import NO_SCOPES, Scope, Scopes
from schema.declarations import declaration
from schema.errors import Forbidden
from schema.scalars import ScopeName


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="requiresScopes",
    description=(
        "The field is for callers with all scopes of one of these lists; others get the error "
        "FORBIDDEN. It's the directive of Apollo Federation."
    ),
)
class RequiresScopes:
    scopes: list[list[ScopeName]]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="authenticated",
    description=(
        "The field is for all callers whom the server lets in, whatever their scopes. It's the "
        "directive of Apollo Federation."
    ),
)
class Authenticated:
    pass


DIRECTIVES: Final = (RequiresScopes, Authenticated)


@dataclass(frozen=True, slots=True)
class Rule:
    """The scopes of one of the alternatives are required."""

    alternatives: tuple[Scopes, ...]

    def allows(self, scopes: Scopes) -> bool:
        return any(required <= scopes for required in self.alternatives)

    def require(self, caller: Caller) -> None:
        """Raise Forbidden unless the caller has the scopes."""
        if not self.allows(caller.scopes):
            raise Forbidden([sorted(required) for required in self.alternatives])

    @property
    def mentioned(self) -> Scopes:
        """All scopes of the rule: who has them is allowed."""
        return frozenset[Scope]().union(*self.alternatives)


EVERYBODY: Final = Rule((NO_SCOPES,))


def for_scope(scope: Scope, description: str) -> dict[str, Any]:
    """The description and the directive of a field that requires a scope."""
    return _declared(f"{description} Requires the scope `{scope}`.", [[scope]])


def for_all_scopes(scopes: list[Scope], description: str) -> dict[str, Any]:
    """The description and the directive of a field that requires several scopes together."""
    named = f"{', '.join(f'`{scope}`' for scope in scopes[:-1])} and `{scopes[-1]}`"
    return _declared(f"{description} Requires the scopes {named}.", [sorted(scopes)])


def for_any_scope(scopes: list[Scope], description: str) -> dict[str, Any]:
    """The description and the directive of a field that requires one of several scopes."""
    named = ", ".join(f"`{scope}`" for scope in scopes)
    sentence = f"Requires the scope of each type that is looked up, so one of {named}."
    return _declared(f"{description} {sentence}", [[scope] for scope in scopes])


def for_everybody(description: str) -> dict[str, Any]:
    """The description and the directive of a field that requires no scope."""
    return {"description": description, "directives": [Authenticated()]}


def _declared(description: str, scopes: list[list[Scope]]) -> dict[str, Any]:
    directive = RequiresScopes(scopes=scopes)  # type: ignore[arg-type]
    return {"description": description, "directives": [directive]}


def field_of(declared: dict[str, Any], **ways: Any) -> Any:
    """A field that is declared by its description and directive, and resolved in these ways."""
    return strawberry.field(**declared, **ways)


def rule_of(declared: StrawberryField) -> Rule | None:
    """The rule that the field states; None: it goes with what it's a field of."""
    for directive in declared.directives:
        if isinstance(directive, RequiresScopes):
            return Rule(tuple(frozenset(map(Scope, each)) for each in directive.scopes))
        if isinstance(directive, Authenticated):
            return EVERYBODY
    return None


def obey_rules(schema: GraphQLSchema) -> None:
    """Have the schema's own resolvers refuse callers without the scopes.

    All faster ways to resolve a field ask nobody: they are for operations that were found to
    require no scope that the caller doesn't have.
    """
    for type_ in schema.type_map.values():
        for field in type_.fields.values() if is_object_type(type_) else ():
            declared = declaration(field)
            rule = None if declared is None else rule_of(declared)
            if rule is not None and rule is not EVERYBODY:
                _guard(field, rule)


def _guard(field: GraphQLField, rule: Rule) -> None:
    if field.resolve is not None:
        field.resolve = _guarded(field.resolve, rule)
    if field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe, rule)


def _guarded(resolve: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        rule.require(info.context.caller)
        return resolve(source, info, **arguments)

    return guarded
