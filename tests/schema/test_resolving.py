"""Resolvers are called as Strawberry calls them, and get what Strawberry gives them."""

from collections.abc import Awaitable, Callable
from enum import Enum
from inspect import isawaitable
from typing import Any, Final

import pytest
import strawberry
from graphql import GraphQLField, GraphQLResolveInfo, parse
from graphql import execute as graphql_execute
from strawberry import UNSET, Info, Parent
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission
from strawberry.relay import GlobalID
from strawberry.schema.exception_handlers import ExceptionHandler
from strawberry.types.field import StrawberryField

from execution import OWN_RESOLVER, Engine
from schema.bindings import bindings_of
from schema.commands import command_input, optional, required
from schema.root import CompiledSchema
from tests.execution.equality import operation_of


@strawberry.enum
class Size(Enum):
    SMALL = 1
    LARGE = 2


@strawberry.input
class Box:
    width: int
    size: Size | None = Size.SMALL
    inner: "Box | None" = UNSET
    labels: list[str] | None = UNSET


@command_input(dict, "A parcel.")
class ParcelInput:
    from_whom: str = required("Who sends it.")
    weights: list[float] | None = optional("Its weights.")
    parts: list["ParcelInput"] | None = optional("What is in it.")


class Denied(BasePermission):
    message = "denied"

    def has_permission(self, *_: Any, **__: Any) -> bool:
        return False


class Twice(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **given: Any) -> Any:
        return next_(source, info, **given) * 2


class _Loud(StrawberryField):
    def get_result(self, *_: Any, **__: Any) -> Any:
        return "loud"


def _told(*what: Any) -> str:
    return repr(what)


def _of_parent(parent: Parent[Any]) -> str:
    return _told(parent)


def _of_root(root: Any, info: Info[Any, Any]) -> str:
    return _told(root, info.context, info.python_name, info.path.key)


def _later() -> Awaitable[str]:
    async def value() -> str:
        return "later"

    return value()


@strawberry.type
class Query:
    of_parent: str = strawberry.field(resolver=_of_parent)
    of_root: str = strawberry.field(resolver=_of_root)
    later: str = strawberry.field(resolver=_later)
    plain: str = "plain"

    @strawberry.field
    def leaves(
        self,
        some_int: int,
        text: str | None = UNSET,
        size: Size = Size.LARGE,
        id: strawberry.ID | None = None,
    ) -> str:
        return _told(self, some_int, text, size, id)

    @strawberry.field
    async def waits(
        self,
        info: Info[Any, Any],
        named: strawberry.Maybe[int | None],
        number: strawberry.Maybe[int],
    ) -> str:
        return _told(self, type(info), named, number)

    @strawberry.field
    def boxes(self, box: Box, boxes: list[Box] | None = None, sizes: list[Size] = []) -> str:  # noqa: B006
        return _told(box, boxes, sizes)

    @strawberry.field
    def sends(self, parcel: ParcelInput, other: ParcelInput | None = None) -> str:
        return _told(parcel, other)

    @strawberry.field
    def by_global_id(self, id: GlobalID) -> str:
        return _told(id)

    @strawberry.field
    def fails(self) -> str:
        raise ValueError("out of order")

    permitted: str = strawberry.field(resolver=_of_root, permission_classes=[Denied])
    extended: str = strawberry.field(resolver=_of_root, extensions=[Twice()])
    permitted_attribute: str = strawberry.field(permission_classes=[Denied], default="plain")
    of_its_class: str = _Loud(default="plain")  # type: ignore[assignment]

    @staticmethod
    @strawberry.field
    def static() -> str:
        return "static"


SCHEMA: Final = strawberry.Schema(query=Query)


def field(name: str, schema: strawberry.Schema = SCHEMA) -> GraphQLField:
    query = schema._schema.query_type
    assert query is not None
    found: GraphQLField = query.fields[name]
    return found


@pytest.mark.parametrize(
    "selected",
    [
        *("ofParent", "ofRoot", "aliased: ofRoot", "later", "fails", "static", "plain"),
        *("leaves(someInt: 5)", "leaves(someInt: 5, text: null, size: SMALL, id: 7)"),
        *("waits", "waits(named: null)", "waits(named: 3, number: 4)"),
        "boxes(box: {width: 1})",
        'boxes(box: {width: 1, size: null, inner: {width: 2, labels: ["a"]}}, boxes: {width: 3})',
        "boxes(box: {width: 1, inner: null}, boxes: null, sizes: [SMALL, LARGE])",
        'sends(parcel: {fromWhom: "a"})',
        'sends(parcel: {fromWhom: "a", weights: 5, parts: [{fromWhom: "b", weights: null}]})',
        'sends(parcel: {fromWhom: "a"}, other: null)',
        *('byGlobalId(id: "VHlwZToxMg==")', 'byGlobalId(id: "garbage")'),
        *("permitted", "extended", "permittedAttribute", "ofItsClass"),
    ],
)
async def test_fields_are_resolved_as_by_strawberry(selected: str) -> None:
    document = parse(f"{{ {selected} }}")
    engine = Engine(SCHEMA._schema, binding_of=bindings_of(SCHEMA))

    theirs = graphql_execute(SCHEMA._schema, document, "the root", "the context")
    theirs = await theirs if isawaitable(theirs) else theirs
    ours = await engine.execute(
        document, operation_of(document), root_value="the root", context_value="the context"
    )

    assert ours.formatted == theirs.formatted
    assert engine.counts.by_plan == 1


@pytest.mark.parametrize("name", ["permitted", "extended", "permittedAttribute", "ofItsClass"])
def test_what_strawberry_does_more_for_is_left_to_it(name: str) -> None:
    assert bindings_of(SCHEMA)(field(name)) is OWN_RESOLVER


def test_so_is_everything_where_exceptions_are_handled() -> None:
    class Handler(ExceptionHandler[Any]):
        exception_types = (ValueError,)

        def handle(self, *_: Any, **__: Any) -> Any:
            return None

    schema = strawberry.Schema(query=Query)
    for name in ("fails", "plain"):
        assert bindings_of(schema)(field(name, schema)) is not OWN_RESOLVER
    schema.exception_handlers = (Handler(),)

    for name in ("fails", "plain"):
        assert bindings_of(schema)(field(name, schema)) is OWN_RESOLVER


def test_extensions_of_a_schema_are_refused_since_nothing_would_run_them() -> None:
    schema = strawberry.Schema(query=Query, extensions=[SchemaExtension])

    with pytest.raises(ValueError, match="runs no extensions of schemas"):
        bindings_of(schema)


def test_all_of_our_own_resolvers_are_called_without_strawberry(schema: CompiledSchema) -> None:
    for root in (schema.graphql.query_type, schema.graphql.mutation_type):
        assert root is not None
        for name, of in root.fields.items():
            assert schema.engine.sources.binding_of(of).resolve is not None, name


async def test_a_resolver_gets_info_only_when_it_asks_for_it() -> None:
    info: GraphQLResolveInfo[Any] = None  # type: ignore[assignment]
    resolve = bindings_of(SCHEMA)(field("ofParent")).resolve
    assert resolve is not None

    assert resolve("the parent", info) == "('the parent',)"
