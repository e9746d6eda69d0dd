"""A permission on a field is asked however the field is selected, and whoever resolves it.

Each test plants a permission on one field of the schema, which is made anew with it. Documents then
select the field in each place where it can be: `%s` stands for it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from graphql import GraphQLField, GraphQLObjectType, OperationType
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission, PermissionExtension

from domain.delivery import DeliveryPackage
from execution import FieldBinding
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.declarations import declaration
from schema.encoding import encode
from schema.errors import execution_failure
from schema.execute import (
    ExecutableOperation,
    GraphQLRequest,
    Response,
    Subscription,
    execute,
    parse_and_validate,
)
from schema.node import global_id
from schema.root import CompiledSchema, create_schema, define_schema
from tests import builders as build
from tests import inputs
from tests.support.graphql import InProcess, Json
from tests.work.counting import with_engine

PLAIN: Final = create_schema()
"""Without any permission."""

_SAVE: Final = (
    'saveDeliveryPackage(input: {packageId: "package-1", draftId: "draft-1", '
    'artifacts: [{name: "new", url: "https://files.example/new", format: "pdf"}]})'
)
_DELETE: Final = 'deleteDeliveryPackage(input: {packageId: "package-1"})'
_SAVED_DRAFT: Final = (
    'saveDraft(input: {draftId: "draft-1", strategyId: "plan-1", contentType: "ad", '
    'title: "New", body: "New"})'
)
_CHANGED: Final = 'deliveryPackageChanged(packageId: "package-1")'
_NODE: Final = f'node(id: "{global_id(DeliveryPackage, "package-1")}")'

PLACES: Final = {
    "Query": ["{ %s }"],
    "Mutation": ["mutation { %s }"],
    "Subscription": ["subscription { %s }"],
    "DeliveryPackageConnection": [
        "{ deliveryPackages { %s } }",
        "{ drafts { nodes { deliveryPackages { %s } } } }",
        '{ draft(draftId: "draft-1") { deliveryPackages { %s } } }',
    ],
    "DeliveryPackageEdge": [
        "{ deliveryPackages { edges { %s } } }",
        "{ drafts { nodes { deliveryPackages { edges { %s } } } } }",
    ],
    "PageInfo": [
        "{ deliveryPackages { pageInfo { %s } } }",
        "{ drafts { nodes { deliveryPackages { pageInfo { %s } } } } }",
    ],
    "DeliveryPackage": [
        "{ deliveryPackages { nodes { %s } } }",
        "{ deliveryPackages { edges { node { %s } } } }",
        '{ deliveryPackage(packageId: "package-1") { %s } }',
        f"{{ {_NODE} {{ ... on DeliveryPackage {{ %s }} }} }}",
        "{ drafts { nodes { deliveryPackages { nodes { %s } } } } }",
        "{ drafts { edges { node { deliveryPackages { edges { node { %s } } } } } } }",
        f"mutation {{ {_SAVE} {{ deliveryPackage {{ %s }} }} }}",
        f"subscription {{ {_CHANGED} {{ deliveryPackage {{ %s }} }} }}",
    ],
    "DeliveryArtifact": [
        "{ deliveryPackages { nodes { artifacts { %s } } } }",
        '{ deliveryPackage(packageId: "package-1") { artifacts { %s } } }',
        f"mutation {{ {_SAVE} {{ deliveryPackage {{ artifacts {{ %s }} }} }} }}",
        f"subscription {{ {_CHANGED} {{ deliveryPackage {{ artifacts {{ %s }} }} }} }}",
    ],
    "Draft": [
        "{ drafts { nodes { %s } } }",
        '{ draft(draftId: "draft-1") { %s } }',
        "{ all: deliveryPackages { nodes { draft { %s } } } }",
        '{ deliveryPackage(packageId: "package-1") { draft { %s } } }',
        f"mutation {{ {_SAVED_DRAFT} {{ draft {{ %s }} }} }}",
        f"subscription {{ {_CHANGED} {{ deliveryPackage {{ draft {{ %s }} }} }} }}",
    ],
    "SaveDeliveryPackagePayload": [f"mutation {{ {_SAVE} {{ %s }} }}"],
    "DeleteDeliveryPackagePayload": [f"mutation {{ {_DELETE} {{ %s }} }}"],
    "DeliveryPackageChange": [f"subscription {{ {_CHANGED} {{ %s }} }}"],
}
"""Operations that select something of a type."""

FIELDS: Final = {
    "Query.deliveryPackages": "deliveryPackages { nodes { packageId } totalCount }",
    "Query.deliveryPackage": 'deliveryPackage(packageId: "package-1") { packageId }',
    "Query.node": f"{_NODE} {{ id }}",
    "Query.nodes": _NODE.replace("node(id: ", "nodes(ids: ") + " { id }",
    "DeliveryPackageConnection.nodes": "nodes { packageId }",
    "DeliveryPackageConnection.edges": "edges { node { packageId } }",
    "DeliveryPackageConnection.pageInfo": "pageInfo { hasNextPage }",
    "DeliveryPackageConnection.totalCount": "totalCount",
    "DeliveryPackageEdge.cursor": "cursor",
    "DeliveryPackageEdge.node": "node { packageId }",
    "PageInfo.hasNextPage": "hasNextPage",
    "PageInfo.endCursor": "endCursor",
    "DeliveryPackage.id": "id",
    "DeliveryPackage.packageId": "packageId",
    "DeliveryPackage.artifacts": "artifacts { name }",
    "DeliveryPackage.draft": "draft { title }",
    "DeliveryArtifact.url": "url",
    "Draft.title": "title",
    "Draft.metadata": "metadata",
    "Draft.qcResult": "qcResult { passed }",
    "Draft.deliveryPackages": "deliveryPackages(first: 5) { nodes { packageId } }",
    "Mutation.saveDeliveryPackage": f"{_SAVE} {{ deliveryPackage {{ packageId }} }}",
    "Mutation.deleteDeliveryPackage": f"{_DELETE} {{ deletedId }}",
    "SaveDeliveryPackagePayload.deliveryPackage": "deliveryPackage { packageId }",
    "SaveDeliveryPackagePayload.errors": "errors { message }",
    "DeleteDeliveryPackagePayload.deletedId": "deletedId",
    "Subscription.deliveryPackageChanged": f"{_CHANGED} {{ kind }}",
    "DeliveryPackageChange.packageId": "packageId",
    "DeliveryPackageChange.deliveryPackage": "deliveryPackage { packageId }",
}
"""The fields that permissions are planted on, and how each is selected: one of each kind."""

every_field = pytest.mark.parametrize("name", FIELDS)


class Denied(BasePermission):
    message = "Not for you."

    def has_permission(self, *_: Any, **__: Any) -> bool:
        return False


class DeniedLater(Denied):
    async def has_permission(self, *_: Any, **__: Any) -> bool:  # type: ignore[override]
        return False


class Allowed(BasePermission):
    def has_permission(self, *_: Any, **__: Any) -> bool:
        return True


DENIED: Final = Denied()
ALLOWED: Final = Allowed()


def graphql_field(schema: CompiledSchema, name: str) -> GraphQLField:
    type_name, _, field_name = name.partition(".")
    type_ = schema.graphql.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    field: GraphQLField = type_.fields[field_name]
    return field


@contextmanager
def extended(name: str, extension: FieldExtension) -> Iterator[CompiledSchema]:
    """The schema, where the field has an extension until the end."""
    declared = declaration(graphql_field(PLAIN, name))
    assert declared is not None
    declared.extensions.append(extension)
    try:
        yield _schema_with(name, extension)
    finally:
        declared.extensions.remove(extension)


@cache
def _schema_with(name: str, extension: FieldExtension) -> CompiledSchema:
    """The schema, made while the field has the extension; it's that of one field."""
    return create_schema(definition=define_schema())


@cache
def _asking(permission: BasePermission) -> FieldExtension:
    return PermissionExtension([permission], use_directives=False)


def planted(name: str, permission: BasePermission) -> AbstractContextManager[CompiledSchema]:
    """The schema, where the field has the permission until the end.

    The same permission at the same place makes the same schema again, which is made once.
    """
    return extended(name, _asking(permission))


def operations(name: str) -> Iterator[str]:
    """Operations that select the field: alone and not, named and not, directly and by fragments."""
    type_name = name.partition(".")[0]
    field = FIELDS[name]
    for place in PLACES[type_name]:
        alone = place % field
        by_name = f"{place % '...more'} fragment more on {type_name} {{ {field} }}"
        yield from (alone, by_name)
        if type_name != "Subscription":  # it has one field
            yield place % f"__typename {field} ... on {type_name} {{ again: {field} }}"
        if place.startswith("{"):
            # Of two fields, none is all of the operation.
            for query in (alone, by_name):
                yield query.replace("{", '{ other: brief(briefId: "none") { stage }', 1)


def _sent(response: Response) -> Json:
    sent: Json = json.loads(encode(response.as_json()))
    return sent


class Api:
    """Executes operations of a schema on stored entities."""

    def __init__(self, schema: CompiledSchema, storage: Storage) -> None:
        self.schema = schema
        self.storage = storage
        self._plain = InProcess(PLAIN, storage)

    async def store(self) -> None:
        await self._plain.do("saveDraft", inputs.save_draft(draftId="draft-1"))
        await self._plain.do("recordQcResult", inputs.record_result(draftId="draft-1"))
        await self._plain.do("saveDeliveryPackage", inputs.save_package(draftId="draft-1"))
        # Subscribers hear of events that have their positions.
        await self.storage.sequence_events()

    async def stored(self) -> Json:
        return await self._plain.everything()

    async def response_to(self, query: str, *, with_renderers: bool = True) -> Json:
        prepared = parse_and_validate(self.schema, GraphQLRequest(query))
        assert isinstance(prepared, ExecutableOperation), prepared
        if prepared.kind is OperationType.SUBSCRIPTION:
            return await self._first_event(prepared)
        if prepared.kind is OperationType.MUTATION:
            await self.store()
        if not with_renderers:
            return await self._resolved(prepared)
        response = await execute(self.schema, GraphQLRequest(query), self._context())
        return _sent(response)

    def _context(self) -> Context:
        return Context(self.storage, build.caller())

    async def _resolved(self, prepared: ExecutableOperation) -> Json:
        """The response when nothing of it may be rendered."""
        assert prepared.document.node is not None
        async with self._context() as context:
            context.selected = prepared.document.selected
            result = await self.schema.engine.execute(
                prepared.document.node, prepared.node, context_value=context, unrestricted=True
            )
        errors = [execution_failure(error, "request-1").formatted for error in result.errors or ()]
        sent: Json = json.loads(encode({"data": result.data, "errors": errors}))
        return sent

    async def _first_event(self, prepared: ExecutableOperation) -> Json:
        async with Subscription(self.schema, prepared, self._context) as responses:
            await self.store()
            response = await anext(aiter(responses))
        return _sent(response)


@pytest.fixture
async def stored(storage: Storage) -> Api:
    api = Api(PLAIN, storage)
    await api.store()
    return api


@pytest.fixture
async def in_memory() -> Api:
    api = Api(PLAIN, create_storage(PersistenceMode.INMEMORY))
    await api.store()
    return api


def values(data: Any, name: str) -> list[Any]:
    """The values that the data has under the field's name, or its alias, on any level."""
    keys = (name.partition(".")[2], "again")
    found: list[Any] = []
    if isinstance(data, dict):
        found = [value for key, value in data.items() if key in keys and value is not None]
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        found += values(each, name)
    return found


def is_denied(response: Json, name: str) -> bool:
    """Whether permissions denied the field, and nothing of it is there."""
    errors = response.get("errors") or []
    codes = {error["extensions"]["code"] for error in errors}
    keys = {error["path"][-1] for error in errors}
    if codes != {"FORBIDDEN"} or not keys <= {name.partition(".")[2], "again"}:
        return False
    # The operations reach a field below another one of its name, such as a package's node.
    return all(error["message"] == "Not for you." for error in errors) and not values(
        response["data"], name
    )


def is_answered(response: Json, name: str) -> bool:
    return not response.get("errors") and bool(values(response["data"], name))


@every_field
async def test_a_field_is_denied_however_it_is_selected_and_executed(
    stored: Api, name: str
) -> None:
    for query, with_renderers in product(operations(name), (True, False)):
        assert is_answered(await stored.response_to(query, with_renderers=with_renderers), name), (
            query
        )

    with planted(name, DENIED) as schema:
        api = Api(schema, stored.storage)
        for query, with_renderers in product(operations(name), (True, False)):
            response = await api.response_to(query, with_renderers=with_renderers)

            assert is_denied(response, name), (query, with_renderers, response)
    assert schema.engine.counts.by_graphql_core == 0


@pytest.mark.parametrize("name", ["saveDeliveryPackage", "deleteDeliveryPackage"])
async def test_a_denied_mutation_stores_nothing(stored: Api, name: str) -> None:
    before = await stored.stored()

    with planted(f"Mutation.{name}", DENIED) as schema:
        for query in operations(f"Mutation.{name}"):
            response = await InProcess(schema, stored.storage).send(query)

            assert is_denied(response, f"Mutation.{name}")
            assert await stored.stored() == before


@every_field
async def test_a_permission_that_allows_changes_nothing(in_memory: Api, name: str) -> None:
    with planted(name, ALLOWED) as schema:
        api = Api(schema, in_memory.storage)
        for query in operations(name):
            assert await api.response_to(query) == await in_memory.response_to(query)


def _ways() -> Iterator[tuple[str, str]]:
    ways = {*FieldBinding.__slots__} - {"is_restricted"}
    for name, way in product(FIELDS, sorted(ways)):
        has_way = getattr(PLAIN.engine.sources.binding_of(graphql_field(PLAIN, name)), way)
        # Nothing is above a root field, and nothing above an event is rendered.
        is_below = name.partition(".")[0] not in (
            *("Query", "Mutation", "Subscription", "DeliveryPackageChange"),
        )
        if has_way is not None and (way != "member" or is_below):
            yield name, way


@pytest.mark.parametrize(("name", "way"), list(_ways()))
async def test_a_way_that_forgets_the_permission_would_be_seen(
    in_memory: Api, name: str, way: str
) -> None:
    forgotten = getattr(PLAIN.engine.sources.binding_of(graphql_field(PLAIN, name)), way)

    with planted(name, DENIED) as schema:
        field, binding_of = graphql_field(schema, name), schema.engine.sources.binding_of

        def forgetting(of: GraphQLField) -> FieldBinding:
            changes: dict[str, Any] = {way: forgotten} if of is field else {}
            return replace(binding_of(of), **changes)

        api = Api(with_engine(schema, binding_of=forgetting), in_memory.storage)
        for query, with_renderers in product(operations(name), (True, False)):
            if not is_denied(await api.response_to(query, with_renderers=with_renderers), name):
                return
    pytest.fail("nothing that was asked noticed")


async def test_an_extension_sees_the_whole_record(stored: Api) -> None:
    """Although only what is selected would be read without it."""
    seen: list[Any] = []

    class Looking(FieldExtension):
        def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **given: Any) -> Any:
            seen.append((source.body, source.content_type, source.updated_at))
            return next_(source, info, **given)

    with extended("Draft.title", Looking()) as schema:
        for query in operations("Draft.title"):
            await Api(schema, stored.storage).response_to(query)

    assert len(seen) > 20
    assert all(None not in each for each in seen)


class _Raising(BasePermission):
    """Denies by an error of its own, as permissions may."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def has_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def on_unauthorized(self) -> None:
        raise self._error


class _Told(Denied):
    error_extensions = {"reason": "too early"}  # noqa: RUF012


class _Unauthenticated(Denied):
    error_extensions = {"code": "UNAUTHENTICATED"}  # noqa: RUF012


@pytest.mark.parametrize(
    ("permission", "extensions"),
    [
        (Denied(), {"code": "FORBIDDEN"}),
        (DeniedLater(), {"code": "FORBIDDEN"}),
        (_Told(), {"code": "FORBIDDEN", "reason": "too early"}),
        (_Unauthenticated(), {"code": "UNAUTHENTICATED"}),
        (_Raising(PermissionError("Not for you.")), {"code": "FORBIDDEN"}),
    ],
)
async def test_a_denial_has_its_code(
    in_memory: Api, permission: BasePermission, extensions: Json
) -> None:
    with planted("Draft.title", permission) as schema:
        response = await Api(schema, in_memory.storage).response_to(
            "{ drafts { nodes { title } } }"
        )

    [error] = response["errors"]
    assert error["message"] == "Not for you."
    assert error["extensions"] == extensions
    assert error["path"] == ["drafts", "nodes", 0, "title"]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied", "/etc/secret"), ValueError("a bug")]
)
async def test_a_fault_in_a_permission_denies_and_is_masked(
    in_memory: Api, error: Exception
) -> None:
    """The operating system's PermissionError is such a fault."""
    with planted("Draft.title", _Raising(error)) as schema:
        response = await Api(schema, in_memory.storage).response_to(
            "{ drafts { nodes { title } } }"
        )

    assert response["data"] is None
    [told] = response["errors"]
    assert told["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in told["message"]
