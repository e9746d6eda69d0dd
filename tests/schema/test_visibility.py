"""A rule about what a caller may see holds in every field, however it's selected and executed."""

from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import Storage
from schema.node import global_id
from schema.root import CompiledSchema
from tests.support.graphql import ENTITIES, EVERYTHING, InProcess, Json
from tests.support.sdl import decapitalized
from tests.support.visibility import OPERATOR, A, delete_of_b, plant, store_for_both
from tests.work.counting import without

PAGES = (
    "(first: 1)",
    "(last: 1)",
    '(first: 10, filter: { %s: { ne: "a1" } })',
    "(first: 2, orderBy: { field: CREATED_AT, direction: ASC })",
)
FACTS = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
NESTED = {
    "brief": "strategyPlans%s { FACTS nodes { strategyId brief { briefId } } }",
    "strategyPlan": """brief { briefId } campaigns%s { FACTS edges { cursor node { campaignId } } }
        drafts%s { FACTS nodes { draftId } }""",
    "campaign": "strategyPlan { strategyId } drafts%s { FACTS nodes { draftId } }",
    "draft": """strategyPlan { strategyId } campaign { campaignId } qcResult { resultId }
        deliveryPackages%s { FACTS nodes { packageId draft { draftId } } }""",
    "qcResult": "draft { draftId }",
    "deliveryPackage": """draft { draftId qcResult { resultId issues { position } } }
        artifacts { url file { fileId } }""",
    "file": "revision",
    "upload": "file { fileId }",
    "import": "file { fileId } resultFile { fileId }",
    "export": "resultFile { fileId }",
    "run": """brief { briefId } strategyPlan { strategyId } campaign { campaignId }
        drafts { draftId } deliveryPackages { packageId } steps { produced { id } }""",
}
"""The fields that lead from an entity to others."""

KEY_OF = {
    decapitalized(name): to_camel_case(type_.key_name) for name, type_ in ENTITY_TYPES.items()
}


def nested(name: str, page: str) -> str:
    fields = NESTED[name].replace("FACTS", FACTS)
    return fields.replace("%s", page if "%s" not in page else "(first: 10)")


def lists() -> dict[str, str]:
    """Each kind, on each page, with all that leads from it."""
    return {
        f"{name}s{page}": f"""{{ {name}s{page.replace("%s", KEY_OF[name])} {{ {FACTS}
            edges {{ cursor node {{ {KEY_OF[name]} {nested(name, page)} }} }}
            nodes {{ {ENTITIES[name]} }} }} }}"""
        for name in ENTITIES
        for page in PAGES
    }


def lookups() -> dict[str, str]:
    found = {
        f"{name} {key}": f"""{{ {name}({KEY_OF[name]}: "{key}") {{
            {ENTITIES[name]} {nested(name, "(first: 1)")} }} }}"""
        for name in ENTITIES
        for key in ("a1", "a2", "b1", "b2")
    }
    for draft in ("a1", "a2", "b1"):
        found[f"result of {draft}"] = f'{{ qcResult(draftId: "{draft}") {{ resultId }} }}'
    for version in range(1, 5):
        found[f"version {version}"] = (
            f'{{ strategyPlan(briefId: "a1", version: {version}) {{ strategyId }} }}'
        )
    return found


def by_global_ids() -> dict[str, str]:
    records = [type_.record for type_ in ENTITY_TYPES.values()]
    ids = [global_id(record, key) for record in records for key in ("a1", "b1", "b2")]
    several = ", ".join(f'"{id}"' for id in ids)
    return {
        f"node {number}": f'{{ node(id: "{id}") {{ __typename id ... on Draft {{ title }} }} }}'
        for number, id in enumerate(ids)
    } | {"nodes": f"{{ nodes(ids: [{several}]) {{ __typename id }} }}"}


QUERIES = {"everything": EVERYTHING, **lists(), **lookups(), **by_global_ids()}


@pytest.fixture
async def stored(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    plant(monkeypatch)
    await storage.as_(OPERATOR).write(store_for_both)
    return storage


def without_clients(found: Any) -> Any:
    """A response without whose things are, which depends on what is hidden by these rules."""
    if isinstance(found, dict):
        return {name: without_clients(it) for name, it in found.items() if name != "clientId"}
    return [*map(without_clients, found)] if isinstance(found, list) else found


async def responses(schema: CompiledSchema, storage: Storage, caller: Any) -> dict[str, Json]:
    client = InProcess(schema, storage, caller=caller)
    return {name: await client.send(query) for name, query in QUERIES.items()}


@pytest.mark.parametrize("way", ["as JSON", "level by level"])
async def test_what_is_hidden_is_answered_as_if_it_were_not_stored(
    schema: CompiledSchema, stored: Storage, way: str
) -> None:
    if way == "level by level":
        schema = without(schema, "renderer")

    whole = await responses(schema, stored, OPERATOR)
    seen = await responses(schema, stored, A)
    await stored.as_(OPERATOR).write(delete_of_b)
    wanted = await responses(schema, stored, OPERATOR)

    for name, response in wanted.items():
        assert without_clients(seen[name]) == without_clients(response), name
        assert "errors" not in response, name
    assert len([name for name in wanted if whole[name] != wanted[name]]) > len(wanted) / 2


async def test_deleting_what_is_hidden_finds_nothing(
    schema: CompiledSchema, stored: Storage
) -> None:
    by_a = InProcess(schema, stored, caller=A)

    for name, type_ in ENTITY_TYPES.items():
        if name in ("File", "Upload", "Import", "Export", "Run"):
            continue  # nobody deletes them by a mutation
        [error] = await by_a.refuse(f"delete{name}", {to_camel_case(type_.key_name): "b1"})
        assert error["code"] == "NOT_FOUND", name

    kept = await InProcess(schema, stored).everything()
    assert {item["packageId"] for item in kept["deliveryPackages"]["nodes"]} >= {"b1", "b2"}


async def test_what_is_decided_of_hidden_plans_and_briefs_finds_nothing(
    schema: CompiledSchema, stored: Storage
) -> None:
    by_a = InProcess(schema, stored, caller=A)

    decision = {"strategyId": "b1", "decidedBy": "Ada"}
    [error] = await by_a.refuse("approveStrategyPlan", decision)

    assert error["code"] == "NOT_FOUND"
