"""Bindings of the schema's fields: the one place that decides in which ways they are resolved."""

from collections.abc import Callable
from functools import partial

import strawberry
from graphql import GraphQLField

from execution import OWN_RESOLVER, FieldBinding
from schema.declarations import declaration, is_extended, ways_of
from schema.rendering import Member, attribute_part
from schema.resolving import converted_batch, converted_renderer, resolver_of


def bindings_of(schema: strawberry.Schema) -> Callable[[GraphQLField], FieldBinding]:
    """Returns what has the binding of each field of the schema, for the engine.

    Raises ValueError for a schema with extensions of its own: the engine doesn't run them.
    """
    if schema.extensions:
        raise ValueError("The engine runs no extensions of schemas: add them to the fields.")
    return partial(_binding_of, schema)


def _binding_of(schema: strawberry.Schema, field: GraphQLField) -> FieldBinding:
    declared = declaration(field)
    if declared is None or is_extended(declared) or schema.exception_handlers:
        # Only Strawberry's resolver runs extensions, such as permissions, and handlers.
        return OWN_RESOLVER
    ways, name = ways_of(declared), declared.python_name
    if declared.base_resolver is None:
        return FieldBinding(attribute=name, member=Member(name, partial(attribute_part, name)))
    return FieldBinding(
        renderer=converted_renderer(schema, field, ways.renderer),
        resolve_batch=converted_batch(schema, field, ways.resolve_batch),
        resolve=resolver_of(schema, field, declared),
        member=Member(name, ways.part_of),
    )
