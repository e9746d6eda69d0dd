"""Operations that reach each field, made from the schema, with keys that entities have."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from domain.delivery import DeliveryPackage
from schema.node import global_id
from tests.support.sdl import object_type

KEYS: Final = {
    "briefId": "a-brief",
    "strategyId": "a-plan",
    "campaignId": "a-campaign",
    "draftId": "a-draft",
    "resultId": "a-result",
    "packageId": "a-package",
    "clientId": "a",
    "endpointId": "a-endpoint",
    "deliveryId": "a-delivery",
    "tokenId": "a-token",
    "fileId": "a-file",
    "uploadId": "a-upload",
    "importId": "a-import",
    "exportId": "a-export",
    "runId": "a-run",
}
"""The keys of what client a has, and of what an administrator has, by the names of arguments and of
fields of inputs that take a key."""

_PACKAGE: Final = global_id(DeliveryPackage, "a-package")

VALUES: Final[dict[str, str | None]] = {
    "Query.node.id": f'"{_PACKAGE}"',
    "Query.nodes.ids": f'["{_PACKAGE}"]',
    "Query.strategyPlan.briefId": None,
    "Query.qcResult.draftId": None,
    "SaveStrategyPlanInput.version": None,
    "SaveWebhookEndpointInput.url": '"https://receiver.example/a"',
    "EvaluateDraftInput.benchmarkIds": '["links"]',
    "CreateUploadInput.mediaType": '"application/pdf"',
    "CreateUploadInput.sha256": f'"{"ab" * 32}"',
    "StartExportInput.clientId": '"a"',
    "CreateAccessTokenInput.tokenId": '"another-token"',
    "CreateAccessTokenInput.scopes": '["delivery:read"]',
    "ReplayWebhookDeliveriesInput.deliveryIds": '["a-delivery"]',
}
"""Values of arguments and of fields of inputs, by where they are; None: it's left out."""

_PARTS: Final = ("Payload", "Connection", "Edge", "Change")
_NOTED_LATER: Final = "AccessToken.lastUsedAt"
"""It moves by the machine's clock, some time after a request, so that equal responses would differ
by it."""
_DEPTH: Final = 6
"""How deep payloads, connections and what is embedded in entities are selected."""


def value(place: str, type_: GraphQLInputType, *, is_required: bool) -> str | None:
    """A value in GraphQL's language; None: it's left out."""
    if place in VALUES:
        given: str | None = VALUES[place]
        return given
    name, named = place.rpartition(".")[2], get_named_type(type_)
    if named.name == "ID" and not is_list_type(_inner(type_)):
        assert name in KEYS, f"tests/support/reaching.py: say in KEYS what the key {place} has"
        return f'"{KEYS[name]}"'
    if not is_required:
        return None
    if is_list_type(_inner(type_)):
        if place.endswith(".rows") and isinstance(named, GraphQLInputObjectType):
            return "[{" + _given(named.name, named.fields) + "}]"
        return "[]"
    if isinstance(named, GraphQLEnumType):
        return str(next(iter(named.values)))
    if isinstance(named, GraphQLInputObjectType):
        return "{" + _given(named.name, named.fields) + "}"
    simple = {"Boolean": "true", "ByteCount": "1", "Float": "0.5", "Int": "1", "JSON": "{}"}
    return simple.get(named.name, '"2026-03-02T09:30:00Z"' if named.name == "DateTime" else '"x"')


def _given(owner: str, fields: Mapping[str, Any]) -> str:
    found = {
        name: value(f"{owner}.{name}", field.type, is_required=is_non_null_type(field.type))
        for name, field in fields.items()
    }
    return ", ".join(f"{name}: {it}" for name, it in found.items() if it is not None)


def _inner(type_: Any) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_


def called(owner: str, name: str) -> str:
    """The field with its arguments."""
    arguments = _given(f"{owner}.{name}", object_type(owner).fields[name].args)
    if name == "asOf":
        arguments = "revision: 1"
    return f"{name}({arguments})" if arguments else name


def selected(type_: GraphQLNamedType, leads_on: Callable[[str], bool], depth: int = 0) -> str:
    """A selection of all that the type has of its own: of entities, without those they lead to."""
    if is_leaf_type(type_):
        return ""
    assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    found, is_part = ["__typename"], type_.name.endswith(_PARTS)
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        place = f"{type_.name}.{name}"
        if field.args or place == _NOTED_LATER or (leads_on(place) and not is_part):
            continue
        if is_leaf_type(inner):
            found.append(name)
        elif depth < _DEPTH:
            found.append(f"{name} {selected(inner, leads_on, depth + 1)}")
    return "{ " + " ".join(found) + " }"


@cache
def _ways() -> Mapping[str, tuple[str, str]]:
    """Of each type of object, the type and the field that lead to it, from queries if they do."""
    found: dict[str, tuple[str, str]] = {}
    for root in ("Query", "Subscription"):
        waiting = deque([root])
        while waiting:
            owner = waiting.popleft()
            for name, field in object_type(owner).fields.items():
                target = get_named_type(field.type)
                if (
                    isinstance(target, GraphQLObjectType)
                    and target.name not in found
                    and target.name not in ("Query", "Subscription")
                ):
                    found[target.name] = owner, name
                    waiting.append(target.name)
    return found


def way_to(place: str) -> list[tuple[str, str]]:
    """The types and fields from a root to this field, itself included."""
    owner, _, name = place.partition(".")
    way = [(owner, name)]
    while owner not in ("Query", "Mutation", "Subscription"):
        owner, name = _ways()[owner]
        way.insert(0, (owner, name))
    return way


def document(place: str, leads_on: Callable[[str], bool]) -> str:
    """An operation that selects the field, and all that it gives."""
    way = way_to(place)
    owner, name = way[-1]
    field: GraphQLField = object_type(owner).fields[name]
    text = f"{called(owner, name)} {selected(get_named_type(field.type), leads_on)}"
    for owner, name in reversed(way[:-1]):
        text = f"{called(owner, name)} {{ {text} }}"
    return f"{way[0][0].lower()} {{ {text} }}"
