"""Bindings of the schema's fields: the one place that decides how they may be resolved."""

from collections.abc import Callable
from functools import partial

import strawberry
from graphql import GraphQLField

from execution import OWN_RESOLVER, FieldBinding
from schema.declarations import declaration, is_extended, resolution_of
from schema.rendering import Member, attribute_part
from schema.resolving import converted_batch, converted_renderer, resolver_of
from schema.scopes import EVERYBODY, rule_of


def bindings_of(schema: strawberry.Schema) -> Callable[[GraphQLField], FieldBinding]:
    """Returns the function that the engine gets the binding of each field from.

    Raises ValueError for a schema with extensions: the engine doesn't run them.
    """
    if schema.extensions:
        raise ValueError("The engine runs no extensions of schemas: add them to the fields.")
    return partial(_binding_of, schema)


def _binding_of(schema: strawberry.Schema, field: GraphQLField) -> FieldBinding:
    declared = declaration(field)
    if declared is None or is_extended(declared) or schema.exception_handlers:
        # Only Strawberry's resolver runs extensions, such as permissions, and handlers.
        return OWN_RESOLVER
    resolution, name = resolution_of(declared), declared.python_name
    is_restricted = rule_of(declared) not in (None, EVERYBODY)
    if declared.base_resolver is None:
        member = Member(name, partial(attribute_part, name))
        return FieldBinding(attribute=name, member=member, is_restricted=is_restricted)
    return FieldBinding(
        renderer=converted_renderer(schema, field, resolution.renderer),
        resolve_batch=converted_batch(schema, field, resolution.resolve_batch),
        resolve=resolver_of(schema, field, declared),
        member=Member(name, resolution.part_of),
        is_restricted=is_restricted,
    )
