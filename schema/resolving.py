"""Calls resolvers as Strawberry does; it computes once what Strawberry computes for each call."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import MISSING
from functools import cached_property, partial
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLResolveInfo
from strawberry import UNSET
from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import get_object_definition
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from execution import (
    ArgumentsOf,
    BatchResolver,
    Bind,
    ConstantBind,
    Render,
    Renderer,
    Resolver,
    SelectedField,
)
from schema.commands import command_of
from schema.filtering import require_few_conditions
from schema.rendering import BindConverted

Convert = Callable[[Any], Any]
Path = tuple[str, ...]
Conversion = Callable[[dict[str, Any]], dict[str, Any]]

_DECLARED = GraphQLCoreConverter.DEFINITION_BACKREF


def resolver_of(
    schema: strawberry.Schema, field: GraphQLField, definition: StrawberryField
) -> Resolver | None:
    """Does the same as Strawberry's resolver for a field without extensions.

    None for subscriptions, which Strawberry resolves to their events.
    """
    resolver = definition.base_resolver
    if resolver is None or definition.is_subscription:
        return None
    converted = _conversion_of(schema, field)
    function: Any = resolver.wrapped_func
    info_class = schema.config.info_class
    info_name = resolver.info_parameter.name if resolver.info_parameter else None
    source_names = [
        parameter.name
        for parameter in (resolver.parent_parameter, resolver.root_parameter)
        if parameter
    ]
    takes_self = resolver.self_parameter is not None

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        arguments = converted(given)
        if info_name is not None:
            arguments[info_name] = info_class(_raw_info=info, _field=definition)
        for name in source_names:
            arguments[name] = source
        return function(source, **arguments) if takes_self else function(**arguments)

    return resolve


def converted_batch(
    schema: strawberry.Schema, field: GraphQLField, resolve_batch: BatchResolver | None
) -> BatchResolver | None:
    """The batch resolver of a field, which gets arguments as resolvers do."""
    if resolve_batch is None or not field.args:
        return resolve_batch
    return _converting(_conversion_of(schema, field), resolve_batch)


def converted_renderer(
    schema: strawberry.Schema,
    field: GraphQLField,
    renderer: Callable[[Sequence[SelectedField]], BindConverted | None] | None,
) -> Renderer | None:
    """The renderer of a field, which gets arguments as resolvers do."""
    if renderer is None:
        return None

    own = _conversion_of(schema, field) if field.args else None
    conversions: dict[int, Conversion] = {}
    """The conversions of fields below, made once for all selections."""

    def with_arguments(selected: Sequence[SelectedField]) -> Bind | None:
        bind = renderer(selected)
        if bind is None:
            return None
        if isinstance(bind, ConstantBind):
            return bind if own is None else ConstantBind(_converting(own, bind.render))

        def bind_converted(given: ArgumentsOf) -> Render | None:
            def arguments_of(below: SelectedField) -> dict[str, Any]:
                assert below.arguments is not None
                if id(below.field) not in conversions:
                    conversions[id(below.field)] = _conversion_of(schema, below.field)
                return conversions[id(below.field)](given(below.arguments))

            render = bind(arguments_of)
            return render if render is None or own is None else _converting(own, render)

        return bind_converted

    return with_arguments


def _converting(
    convert: Conversion, function: Render | BatchResolver
) -> Callable[..., Awaitable[Sequence[Any]]]:
    """The function, which gets converted arguments."""

    async def with_converted(parents: Sequence[Any], told: Any, **given: Any) -> Sequence[Any]:
        return await function(parents, told, **convert(given))

    return with_converted


def _conversion_of(schema: strawberry.Schema, field: GraphQLField) -> Conversion:
    """The conversion of coerced arguments to those of a resolver or renderer."""
    conversions = {
        name: _conversion(schema, name, argument.extensions[_DECLARED])
        for name, argument in field.args.items()
    }

    def converted(given: dict[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for name, value in given.items():
            python_name, convert = conversions[name]
            arguments[python_name] = value if convert is None else convert(value)
        return arguments

    return converted


def _conversion(
    schema: strawberry.Schema, name: str, argument: StrawberryArgument
) -> tuple[str, Convert | None]:
    """The argument's name in Python, and the conversion of its coerced value, if it needs one."""
    convert = conversion_to(schema, argument.type, (name,))
    if name == "filter" and convert is not None:
        convert = _of_few_conditions(convert)
    return argument.python_name, convert


def _of_few_conditions(convert: Convert) -> Convert:
    def converted(filter: Any) -> Any:
        require_few_conditions(filter)
        return convert(filter)

    return converted


def conversion_to(schema: strawberry.Schema, type_: Any, path: Path) -> Convert | None:
    """The conversion of coerced values to a type at this path; None if none is needed."""
    registry = schema.schema_converter.scalar_registry
    inner = type_.of_type if type(type_) is StrawberryOptional else type_
    inner = inner.resolve_type() if isinstance(inner, LazyType) else inner
    is_leaf = is_scalar(inner, registry) or isinstance(inner, StrawberryEnumDefinition)
    if is_leaf and inner is not GlobalID:
        return None
    definition = get_object_definition(inner)
    if definition is not None and definition.is_input and definition.from_input is None:
        return _ObjectOf(schema, definition, path)
    return command_of(type_) or partial(
        convert_argument,
        type_=type_,
        scalar_registry=registry,
        config=schema.config,
        path=path,
    )


class _ObjectOf:
    """Makes the object of an input; None of null. The conversions are computed once."""

    def __init__(
        self, schema: strawberry.Schema, definition: StrawberryObjectDefinition, path: Path
    ) -> None:
        self._schema = schema
        self._definition = definition
        self._path = path

    def __call__(self, given: Any) -> Any:
        if given is None or given is UNSET:
            return given
        conversions = self._conversions
        values = self._absent.copy()
        for name, value in given.items():
            python_name, convert = conversions[name]
            values[python_name] = value if convert is None else convert(value)
        return self._definition.origin(**values)

    @cached_property
    def _absent(self) -> dict[str, Any]:
        """None for each field without a default, for inputs that leave it out."""
        return {
            field.python_name: None
            for field in self._definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }

    @cached_property
    def _conversions(self) -> dict[str, tuple[str, Convert | None]]:
        """The Python name and the conversion of each field, by its name in the API."""
        named = {
            self._schema.config.name_converter.from_field(field): field
            for field in self._definition.fields
        }
        return {
            name: (field.python_name, self._conversion_of(name, field))
            for name, field in named.items()
        }

    def _conversion_of(self, name: str, field: StrawberryField) -> Convert | None:
        type_ = field.resolve_type(type_definition=self._definition)
        convert = conversion_to(self._schema, type_, (*self._path, name))
        # Filters are within filters, as deep as clients like.
        is_same = isinstance(convert, _ObjectOf) and convert._definition is self._definition
        return self if is_same else convert
