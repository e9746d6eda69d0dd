"""JSON that came by another way than a request, read as the inputs of the API are."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    Undefined,
    coerce_input_value,
    get_nullable_type,
    is_required_input_field,
)
from graphql.utilities import validate_input_value

from domain.errors import PathSegment, ValidationFailed, Violation

_MAX_MISTAKES: Final = 100
"""How many mistakes of one value are told."""


def input_type(definition: strawberry.Schema, input: type) -> GraphQLInputObjectType:
    """The type of a schema that an input class describes."""
    type_ = definition._schema.type_map[input.__name__]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_


def coerced(
    value: object, type_: GraphQLInputObjectType, path: tuple[PathSegment, ...] = ()
) -> Any:
    """The value, as resolvers get inputs. Raises ValidationFailed, with the paths below `path`."""
    if mistakes := [*islice(_mistakes(value, type_, path), _MAX_MISTAKES)]:
        raise ValidationFailed(mistakes)
    return coerce_input_value(value, type_)


def _mistakes(
    value: object, type_: GraphQLInputType, path: tuple[PathSegment, ...]
) -> Iterator[Violation]:
    """Why the value isn't one of the type. Unlike GraphQL's own messages, they name the fields that
    are missing, or unknown, by their path."""
    nullable = get_nullable_type(type_)
    if value is not None and isinstance(nullable, GraphQLInputObjectType):
        yield from _mistakes_of_object(value, nullable, path)
    elif isinstance(value, list) and isinstance(nullable, GraphQLList):
        for index, item in enumerate(value):
            yield from _mistakes(item, nullable.of_type, (*path, index))
    elif value is None and nullable is not type_:
        yield Violation(path, "must not be null")
    else:
        found = list[str]()
        validate_input_value(
            value, type_, lambda error, _: found.append(error.message), hide_suggestions=True
        )
        for message in found:
            yield Violation(path, message.removesuffix("."))


def _mistakes_of_object(
    value: object, type_: GraphQLInputObjectType, path: tuple[PathSegment, ...]
) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, "must be a JSON object")
        return
    for name in value:
        if name not in type_.fields:
            yield Violation((*path, name), f"isn't a field of `{type_.name}`")
    for name, field in type_.fields.items():
        given: Any = value.get(name, Undefined)
        if given is not Undefined:
            yield from _mistakes(given, field.type, (*path, name))
        elif is_required_input_field(field):
            yield Violation((*path, name), "must be given")
