"""Every root field, mutation, subscription and reference states who may have it, and keeps to it.

The matrix is made from the schema: a new field without a stated rule fails.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any, Final

import graphql
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from domain.callers import Caller, CallerKind
from domain.delivery import DeliveryPackage
from domain.scopes import ALL_SCOPES, Scope, Scopes
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.execute import ExecutableOperation, GraphQLRequest, Subscription, parse_and_validate
from schema.node import global_id
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.execution.equality import by_graphql_core
from tests.persistence.types_under_test import EXPORT, FILE, IMPORT, RUN, UPLOAD
from tests.support.graphql import InProcess, Json
from tests.support.sdl import object_types, type_named

OF_PIPELINE: Final = {
    "brief": "onboarding",
    "strategyPlan": "strategy",
    "campaign": "production",
    "draft": "production",
    "qcResult": "qc",
    "deliveryPackage": "delivery",
}
READ: Final = {
    **OF_PIPELINE,
    "file": "files",
    "upload": "files",
    "import": "files",
    "export": "files",
    "run": "workflow",
}

EXPECTED: Final = {
    **{f"Query.{name}": [f"{module}:read"] for name, module in READ.items()},
    **{f"Query.{name}s": [f"{module}:read"] for name, module in READ.items()},
    **{f"Subscription.{name}Changed": [f"{module}:read"] for name, module in READ.items()},
    **{
        f"Mutation.delete{name[0].upper()}{name[1:]}": [f"{module}:write"]
        for name, module in OF_PIPELINE.items()
    },
    "Query.node": list(dict.fromkeys(f"{module}:read" for module in READ.values())),
    "Query.nodes": list(dict.fromkeys(f"{module}:read" for module in READ.values())),
    "Query.events": ["history:read"],
    "Subscription.events": ["history:read"],
    "Mutation.submitIntake": ["onboarding:write"],
    "Mutation.normalizeBrief": ["onboarding:write"],
    "Mutation.saveStrategyPlan": ["strategy:write"],
    "Mutation.approveStrategyPlan": ["strategy:approve"],
    "Mutation.rejectStrategyPlan": ["strategy:approve"],
    "Mutation.saveCampaign": ["production:write"],
    "Mutation.saveDraft": ["production:write"],
    "Mutation.recordQcResult": ["qc:write"],
    "Mutation.evaluateDraft": [
        "onboarding:read",
        "production:read",
        "qc:write",
        "strategy:read",
    ],
    "Query.qcBenchmarks": ["qc:read"],
    "Mutation.saveDeliveryPackage": ["delivery:write"],
    "Mutation.saveDrafts": ["production:write"],
    "Mutation.recordQcResults": ["qc:write"],
    "Mutation.saveDeliveryPackages": ["delivery:write"],
    "Mutation.createUpload": ["files:write"],
    "Mutation.completeUpload": ["files:write"],
    "Mutation.startImport": ["files:write"],
    "Mutation.cancelImport": ["files:write"],
    "Subscription.importChanged": ["files:read"],
    "Mutation.startExport": ["files:write"],
    "Mutation.cancelExport": ["files:write"],
    "Subscription.exportChanged": ["files:read"],
    "Mutation.startRun": sorted(
        {
            "workflow:write",
            "files:write",
            "delivery:write",
            *(
                f"{module}:{verb}"
                for module in ("onboarding", "strategy", "production", "qc")
                for verb in ("read", "write")
            ),
        }
    ),
    "Mutation.cancelRun": ["workflow:write"],
    "Mutation.retryRun": ["workflow:write"],
    "Query.webhookEndpoint": ["webhooks:admin"],
    "Query.webhookEndpoints": ["webhooks:admin"],
    "Query.webhookDelivery": ["webhooks:admin"],
    "Query.webhookDeliveries": ["webhooks:admin"],
    "Mutation.saveWebhookEndpoint": ["webhooks:admin"],
    "Mutation.rotateWebhookSecret": ["webhooks:admin"],
    "Mutation.testWebhookEndpoint": ["webhooks:admin"],
    "Mutation.replayWebhookDeliveries": ["webhooks:admin"],
    "Mutation.retryWebhookDeliveries": ["webhooks:admin"],
    "Mutation.deleteWebhookEndpoint": ["webhooks:admin"],
    "Query.accessToken": ["admin"],
    "Query.accessTokens": ["admin"],
    "Mutation.createAccessToken": ["admin"],
    "Mutation.rotateAccessToken": ["admin"],
    "Mutation.revokeAccessToken": ["admin"],
}
"""Of each root field, the scopes of which one is required."""

ALL_REQUIRED: Final = {"Mutation.evaluateDraft", "Mutation.startRun"}
"""The root fields that require all of their scopes together."""

ROOTS: Final = ("Query", "Mutation", "Subscription")


def rule_of(field: GraphQLField) -> list[list[str]] | None:
    """The rule that the schema's file states: the scopes of one of the lists are required."""
    directives = field.ast_node.directives if field.ast_node is not None else ()
    for directive in directives or ():
        if directive.name.value == "authenticated":
            return [[]]
        if directive.name.value == "requiresScopes":
            [argument] = directive.arguments or ()
            stated: list[list[str]] = graphql.value_from_ast_untyped(argument.value)
            return stated
    return None


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for type_ in object_types():
        for name, field in type_.fields.items():
            yield f"{type_.name}.{name}", field


ALL_FIELDS: Final = dict(fields())
ROOT_FIELDS: Final = [name for name in ALL_FIELDS if name.partition(".")[0] in ROOTS]
RESTRICTED_ROOTS: Final = [name for name in ROOT_FIELDS if rule_of(ALL_FIELDS[name]) != [[]]]

PARTS: Final = ("Payload", "Connection", "Edge")
"""Types that go with the field that has them."""


def leads_elsewhere(field: GraphQLField) -> bool:
    """Whether the field leads to an entity, an event, or a list of them."""
    name = get_named_type(field.type).name.removesuffix("Connection")
    entities = {
        type_.name for type_ in object_types() if any(it.name == "Node" for it in type_.interfaces)
    }
    return name in {*entities, "Event", "Node"}


REFERENCES: Final = [
    name
    for name, field in ALL_FIELDS.items()
    if name not in ROOT_FIELDS
    and not name.partition(".")[0].endswith(PARTS)
    and leads_elsewhere(field)
]
OWN_EVENT: Final = [name for name in REFERENCES if name.endswith("Change.event")]
"""The event of the entity that one follows: its rule is that of the subscription."""


def minimal(type_: GraphQLInputType) -> Any:
    """A valid value with nothing that may be left out, in GraphQL's language."""
    inner: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        return "[]"
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    if isinstance(inner, GraphQLInputObjectType):
        required = {
            name: minimal(field.type)
            for name, field in inner.fields.items()
            if is_non_null_type(field.type)
        }
        return "{" + ", ".join(f"{name}: {value}" for name, value in required.items()) + "}"
    assert isinstance(inner, GraphQLScalarType)
    return {
        "Boolean": "true",
        "Float": "0.5",
        "Int": "1",
        "ByteCount": "1",
        "DateTime": '"2026-03-02T09:30:00Z"',
        "JSON": "{}",
    }.get(inner.name, '"x"')


GIVEN: Final = {
    "Query.node": f'id: "{global_id(DeliveryPackage, "x")}"',
    "Query.nodes": f'ids: ["{global_id(DeliveryPackage, "x")}"]',
    "Query.qcResult": 'draftId: "x"',
    "Query.strategyPlan": 'strategyId: "x"',
}
"""Arguments of fields that need others than those that the schema says."""


def document(name: str) -> str:
    """An operation of this root field alone."""
    root, _, field_name = name.partition(".")
    field = ALL_FIELDS[name]
    required = {
        name: minimal(argument.type)
        for name, argument in field.args.items()
        if is_non_null_type(argument.type)
    }
    given = GIVEN.get(name, ", ".join(f"{key}: {value}" for key, value in required.items()))
    arguments = f"({given})" if given else ""
    selected = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    return f"{root.lower()} {{ {field_name}{arguments}{selected} }}"


def caller(scopes: Scopes) -> Caller:
    return Caller(CallerKind.SERVICE, "importer", None, "request-1", None, scopes)


def is_forbidden(response: Json, name: str) -> bool:
    """Whether the field was denied, and nothing else is wrong."""
    errors = response.get("errors") or []
    field_name = name.partition(".")[2]
    return bool(errors) and all(
        error["extensions"]["code"] == "FORBIDDEN" and error["path"][-1] == field_name
        for error in errors
    )


async def response_of(schema: CompiledSchema, storage: Storage, name: str, scopes: Scopes) -> Json:
    query = document(name)
    if not name.startswith("Subscription."):
        return await InProcess(schema, storage, caller=caller(scopes)).send(query)
    prepared = parse_and_validate(schema, GraphQLRequest(query))
    assert isinstance(prepared, ExecutableOperation), prepared
    new_context = partial(Context, storage, caller(scopes))
    async with Subscription(schema, prepared, new_context) as responses:
        if not storage.feed.subscribers:
            return (await anext(aiter(responses))).as_json()
    return {"data": None}


# Rules are stated


def test_every_root_field_states_the_rule_that_is_expected() -> None:
    stated = {name: rule_of(ALL_FIELDS[name]) for name in RESTRICTED_ROOTS}

    assert stated == {
        name: [scopes] if name in ALL_REQUIRED else [[scope] for scope in scopes]
        for name, scopes in EXPECTED.items()
    }


def test_every_reference_states_its_rule() -> None:
    silent = {name for name in REFERENCES if rule_of(ALL_FIELDS[name]) is None}

    assert silent == set(OWN_EVENT)
    assert len(REFERENCES) > 30


def test_a_reference_requires_to_read_the_module_that_it_leads_to() -> None:
    module_of = {f"{name[0].upper()}{name[1:]}": module for name, module in READ.items()}
    for name in REFERENCES:
        type_name = get_named_type(ALL_FIELDS[name].type).name.removesuffix("Connection")
        if type_name in module_of and not name.endswith(".asOf"):
            assert rule_of(ALL_FIELDS[name]) == [[f"{module_of[type_name]}:read"]], name


def test_rules_are_told_in_descriptions() -> None:
    for name, field in ALL_FIELDS.items():
        for scope in [scope for each in rule_of(field) or () for scope in each]:
            assert f"`{scope}`" in (field.description or ""), name


def test_all_scopes_of_the_vocabulary_are_described() -> None:
    description = type_named("Scope").description or ""

    assert all(f"`{scope}`" in description for scope in Scope)


# Rules are obeyed


@pytest.mark.parametrize("name", RESTRICTED_ROOTS)
async def test_a_root_field_is_for_callers_with_its_scope_alone(
    schema: CompiledSchema, name: str
) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    required = frozenset(map(Scope, EXPECTED[name]))
    before = await InProcess(schema, storage).everything()

    for scopes in (frozenset[Scope](), ALL_SCOPES - required):
        response = await response_of(schema, storage, name, scopes)

        assert is_forbidden(response, name), response
        assert response["errors"][0]["extensions"]["requiredScopes"]
    assert await InProcess(schema, storage).everything() == before
    assert storage.token_changes == 0

    needed = frozenset({Scope.DELIVERY_READ}) if "node" in name else required
    for scopes in (needed, ALL_SCOPES):
        assert not is_forbidden(await response_of(schema, storage, name, scopes), name)


@pytest.mark.parametrize("name", sorted(ALL_REQUIRED))
async def test_a_root_field_that_reads_other_modules_requires_each_of_its_scopes(
    schema: CompiledSchema, name: str
) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    for missing in EXPECTED[name]:
        scopes = ALL_SCOPES - {Scope(missing), Scope.ADMIN}
        assert is_forbidden(await response_of(schema, storage, name, scopes), name), missing


@pytest.mark.parametrize(
    "name", [name for name in RESTRICTED_ROOTS if not name.startswith("Subscription.")]
)
async def test_graphql_core_denies_the_same(schema: CompiledSchema, name: str) -> None:
    """It executes what the engine can't plan."""
    storage = create_storage(PersistenceMode.INMEMORY)
    scopes = ALL_SCOPES - frozenset(map(Scope, EXPECTED[name]))

    async with Context(storage, caller(scopes)) as context:
        result = await by_graphql_core(schema.graphql, graphql.parse(document(name)), {}, context)

    assert is_forbidden(dict(result.formatted), name)


async def store_all(api: InProcess) -> None:
    await api.do("submitIntake", inputs.submit_intake(briefId="brief-1"))
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-1", briefId="brief-1"))
    await api.do("saveCampaign", inputs.save_campaign(campaignId="campaign-1", strategyId="plan-1"))
    draft = inputs.save_draft(draftId="draft-1", strategyId="plan-1", campaignId="campaign-1")
    await api.do("saveDraft", draft)
    await api.do("recordQcResult", inputs.record_result(draftId="draft-1"))
    await api.do("saveDeliveryPackage", inputs.save_package(draftId="draft-1"))
    operator = api.storage.as_(build.caller())
    await FILE.save(operator, build.file("file-1"))
    await UPLOAD.save(operator, build.upload("upload-1", file_id="file-1"))
    started = build.import_("import-1", file_id="file-1", result_file_id="file-1")
    await IMPORT.save(operator, started)
    await EXPORT.save(operator, build.export("export-1", result_file_id="file-1"))
    await RUN.save(operator, build.run("run-1", brief_id="brief-1"))


LISTS: Final = {f"{name[0].upper()}{name[1:]}": f"{name}s" for name in READ}
OF_ENTITIES: Final = [name for name in REFERENCES if name.partition(".")[0] in LISTS]


def _below(name: str) -> str:
    given = "(revision: 1)" if name.endswith(".asOf") else ""
    type_ = get_named_type(ALL_FIELDS[name].type)
    is_list = isinstance(type_, GraphQLObjectType) and "nodes" in type_.fields
    selected = "nodes { __typename }" if is_list else "__typename"
    return f"{name.partition('.')[2]}{given} {{ {selected} }}"


@pytest.mark.parametrize("name", OF_ENTITIES)
async def test_a_denied_reference_is_null_and_the_rest_is_answered(
    schema: CompiledSchema, storage: Storage, name: str
) -> None:
    await store_all(InProcess(schema, storage))
    type_name, _, field_name = name.partition(".")
    [[required]] = rule_of(ALL_FIELDS[name]) or []
    query = (
        f"{{ {LISTS[type_name]} {{ totalCount nodes {{ id more: revision {_below(name)} }} }} }}"
    )
    whole = await InProcess(schema, storage).ask(query)
    reader = f"{READ[type_name[0].lower() + type_name[1:]]}:read"
    scopes = frozenset({Scope(reader)}) - {Scope(required)}

    response = await InProcess(schema, storage, caller=caller(scopes)).send(query)

    if required == reader:  # the list itself is denied
        assert is_forbidden(response, f"Query.{LISTS[type_name]}")
        return
    assert is_forbidden(response, name)
    [node] = whole[LISTS[type_name]]["nodes"]
    if is_non_null_type(ALL_FIELDS[name].type):
        assert response["data"] is None
    else:
        assert [error["path"] for error in response["errors"]] == [
            [LISTS[type_name], "nodes", 0, field_name]
        ]
        page = {"totalCount": 1, "nodes": [{**node, field_name: None}]}
        assert response["data"] == {LISTS[type_name]: page}
    both = caller(frozenset({Scope(reader), Scope(required)}))
    assert await InProcess(schema, storage, caller=both).ask(query) == whole


async def test_a_denied_field_leaves_its_siblings_alone(
    schema: CompiledSchema, storage: Storage
) -> None:
    await store_all(InProcess(schema, storage))
    api = InProcess(schema, storage, caller=caller(frozenset({Scope.PRODUCTION_READ})))

    response = await api.send(
        '{ brief(briefId: "brief-1") { stage } draft(draftId: "draft-1") { draftId } }'
    )

    assert response["data"] == {"brief": None, "draft": {"draftId": "draft-1"}}
    assert is_forbidden(response, "Query.brief")


async def test_a_denied_mutation_stores_nothing_and_the_next_one_runs(
    schema: CompiledSchema, storage: Storage
) -> None:
    api = InProcess(schema, storage, caller=caller(frozenset({Scope.PRODUCTION_WRITE})))
    brief = 'submitIntake(input: {briefId: "a", clientId: "c", responses: {}}) { errors { code } }'
    draft = (
        'saveDraft(input: {draftId: "a", strategyId: "p", contentType: "ad", title: "T", '
        'body: "B"}) { errors { code } }'
    )

    response = await api.send(f"mutation {{ {brief} {draft} }}")

    assert response["data"] == {"submitIntake": None, "saveDraft": {"errors": []}}
    stored = await InProcess(schema, storage).everything()
    assert (stored["briefs"]["totalCount"], stored["drafts"]["totalCount"]) == (0, 1)


async def test_node_and_nodes_require_the_scope_of_each_type(
    schema: CompiledSchema, storage: Storage
) -> None:
    await store_all(InProcess(schema, storage))
    found = await InProcess(schema, storage).ask(
        "{ briefs { nodes { id } } drafts { nodes { id } } }"
    )
    ids = [found[name]["nodes"][0]["id"] for name in ("briefs", "drafts")]
    api = InProcess(schema, storage, caller=caller(frozenset({Scope.PRODUCTION_READ})))

    many = await api.send("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})
    one = await api.send("query Q($id: ID!) { node(id: $id) { id } }", {"id": ids[0]})

    assert many["data"] == {"nodes": [None, {"id": ids[1]}]}
    assert [error["path"] for error in many["errors"]] == [["nodes", 0]]
    assert one["data"] == {"node": None}
    assert is_forbidden(one, "Query.node")


async def test_an_event_leads_to_entities_that_the_caller_may_read(
    schema: CompiledSchema, storage: Storage
) -> None:
    await store_all(InProcess(schema, storage))
    await storage.sequence_events()
    scopes = frozenset({Scope.HISTORY_READ, Scope.QC_READ})
    api = InProcess(schema, storage, caller=caller(scopes))

    response = await api.send("{ events { nodes { entityType entity { __typename } } } }")

    nodes = response["data"]["events"]["nodes"]
    assert len(nodes) == len(READ)
    for node in nodes:
        assert (node["entity"] is None) == (node["entityType"] != "QC_RESULT")
    assert is_forbidden(response, "Event.entity")


@pytest.mark.parametrize(("order", "renders"), list(product((0, 1), (True, False))))
async def test_what_one_caller_may_is_not_what_the_next_one_may(
    schema: CompiledSchema, order: int, renders: bool
) -> None:
    """A plan that was made for one caller isn't used for another."""
    storage = create_storage(PersistenceMode.INMEMORY)
    await store_all(InProcess(schema, storage))
    more = "" if renders else ' node(id: "x") { id }'
    query = f"{{ drafts {{ nodes {{ draftId qcResult {{ passed }} }} }}{more} }}"
    reads = frozenset(each for each in Scope if each.endswith(":read"))
    callers = [caller(reads), caller(reads - {Scope.QC_READ})]
    for _ in range(3):
        for one in callers if order else reversed(callers):
            response = await InProcess(schema, storage, caller=one).send(query)

            assert is_forbidden(response, "Draft.qcResult") == (Scope.QC_READ not in one.scopes)
