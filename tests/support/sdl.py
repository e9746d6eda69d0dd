"""The schema that clients see, for tests that look at all of it."""

from collections.abc import Iterator
from functools import cache

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.export import exported_schema

Fielded = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


@cache
def client_schema() -> GraphQLSchema:
    return build_schema(exported_schema())


def own_types() -> list[GraphQLNamedType]:
    """All types but those that every GraphQL schema has."""
    return [
        type_
        for type_ in client_schema().type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    ]


def type_named(name: str) -> GraphQLNamedType:
    return client_schema().type_map[name]


def object_type(name: str) -> GraphQLObjectType:
    type_ = type_named(name)
    assert isinstance(type_, GraphQLObjectType)
    return type_


def input_type(name: str) -> GraphQLInputObjectType:
    type_ = type_named(name)
    assert isinstance(type_, GraphQLInputObjectType)
    return type_


def enum_type(name: str) -> GraphQLEnumType:
    type_ = type_named(name)
    assert isinstance(type_, GraphQLEnumType)
    return type_


def object_types() -> list[GraphQLObjectType]:
    return [type_ for type_ in own_types() if isinstance(type_, GraphQLObjectType)]


def input_types() -> list[GraphQLInputObjectType]:
    return [type_ for type_ in own_types() if isinstance(type_, GraphQLInputObjectType)]


def entity_types() -> list[GraphQLObjectType]:
    node = type_named("Node")
    return [type_ for type_ in object_types() if node in type_.interfaces]


def root_fields(root: str) -> dict[str, str]:
    """The types of the root's fields, by their names."""
    return {name: str(field.type) for name, field in object_type(root).fields.items()}


def fields_of(type_: Fielded) -> dict[str, str]:
    return {name: str(field.type) for name, field in type_.fields.items()}


MADE_FOR_REQUESTS = {
    "File.url",
    "Upload.request",
    "DeliveryPackage.archiveUrl",
    "DeliveryPackage.isStale",
}
"""Fields that may be another whenever they are asked for."""


def own_fields(entity: GraphQLObjectType) -> dict[str, str]:
    """The fields that tell of the entity itself, as it is: not its global id, nor what it leads
    to, its history and its versions included."""
    ends = {other.name for other in entity_types()}
    ends |= {f"{name}Connection" for name in (*ends, "Event", "DeliveryPackageVersion")}
    ends |= {"DeliveryPackageDiff", "Node"}
    return {
        name: str(field.type)
        for name, field in entity.fields.items()
        if name != "id" and get_named_type(field.type).name not in ends
    }


def selection_of(type_: GraphQLObjectType) -> str:
    """A selection of all that the type has of its own, without its global id, and what is the same
    whenever it's asked for."""
    selected = (
        (name, get_named_type(type_.fields[name].type))
        for name in own_fields(type_)
        if f"{type_.name}.{name}" not in MADE_FOR_REQUESTS
    )
    return " ".join(
        f"{name} {{ {selection_of(inner)} }}" if isinstance(inner, GraphQLObjectType) else name
        for name, inner in selected
    )


def decapitalized(name: str) -> str:
    """The name of a type as that of a field."""
    return name[0].lower() + name[1:]


def arguments() -> Iterator[tuple[str, str, str]]:
    """(type.field, argument, type) of every argument."""
    for type_ in object_types():
        for name, field in type_.fields.items():
            for argument, definition in field.args.items():
                yield f"{type_.name}.{name}", argument, str(definition.type)
