"""Global ids: for caches, and for fetching anything again by what it was once given out as."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from schema.root import CompiledSchema
from tests.schema.types_under_test import (
    DRAFT,
    PACKAGE,
    PLAN,
    TYPES_UNDER_TEST,
    TypeUnderTest,
    every_type,
)
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


@every_type
async def test_an_entity_is_fetched_again_by_its_global_id(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    stored = await entity_type.put(api)

    data = await api.ask(
        f"""query($id: ID!) {{ node(id: $id) {{
            ... on {entity_type.type_name} {{ {entity_type.fields} }} }} }}""",
        id=stored["id"],
    )

    assert data["node"] == stored


async def test_nodes_come_in_the_order_of_their_ids_with_null_for_what_is_not_there(
    api: InProcess,
) -> None:
    stored = [await entity_type.put(api) for entity_type in TYPES_UNDER_TEST]
    gone = await DRAFT.put(api, "gone")
    await api.do(DRAFT.delete, {"draftId": "gone"})
    ids = [entity["id"] for entity in reversed(stored)]

    data = await api.ask(NODES, ids=[ids[0], "garbage", *ids[1:], gone["id"], ids[0]])

    types = [entity_type.type_name for entity_type in reversed(TYPES_UNDER_TEST)]
    nodes: list[Json | None] = [
        {"__typename": type_, "id": id} for type_, id in zip(types, ids, strict=True)
    ]
    assert data["nodes"] == [nodes[0], None, *nodes[1:], None, nodes[0]]


async def test_a_hundred_nodes_may_be_asked_for_at_once(api: InProcess) -> None:
    stored = await PACKAGE.put(api)

    data = await api.ask(NODES, ids=[stored["id"]] * 100)

    assert data["nodes"] == [{"__typename": "DeliveryPackage", "id": stored["id"]}] * 100


async def test_what_can_not_be_read_of_one_type_fails_item_by_item_and_the_others_come(
    schema: CompiledSchema, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as a text that somebody else has stored, which isn't what the column is for."""
    api = InProcess(schema, create_storage(PersistenceMode.DB, database))
    stored = [
        await entity_type.put(api, key)
        for key in ("one", "two")
        for entity_type in (PLAN, PACKAGE, DRAFT)
    ]
    async with database.writers.begin() as connection:
        broken = text("UPDATE strategy_plans SET timeline = '[1]' WHERE strategy_id = 'two'")
        await connection.execute(broken)

    response = await api.send(
        "query($ids: [ID!]!) { nodes(ids: $ids) {"
        " __typename id ... on StrategyPlan { timeline { durationWeeks } } } }",
        {"ids": [entity["id"] for entity in stored]},
    )

    plans = [0, 3]
    assert [node and node["id"] for node in response["data"]["nodes"]] == [
        None if place in plans else entity["id"] for place, entity in enumerate(stored)
    ]
    assert [(error["path"], error["extensions"]["code"]) for error in response["errors"]] == [
        (["nodes", place], "INTERNAL_SERVER_ERROR") for place in plans
    ]
    assert "strategy_plans" not in str(response["errors"])
    assert [record.levelname for record in caplog.records] == ["ERROR"] * len(plans)


async def test_more_than_a_hundred_nodes_are_refused(api: InProcess) -> None:
    error = await api.fail(NODES, ids=["x"] * 101)

    assert error["code"] == "BAD_USER_INPUT"
    assert "ids" in error["message"]


async def test_no_nodes_may_be_asked_for(api: InProcess) -> None:
    assert await api.ask(NODES, ids=[]) == {"nodes": []}


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "id",
    [
        "",
        "key",
        "DeliveryPackage:key",
        encoded("DeliveryPackage"),
        encoded("DeliveryPackage:"),
        encoded("DeliveryPackage:other"),
        encoded("Draft:key"),
        encoded("deliveryPackage:key"),
        encoded("Unknown:key"),
        encoded(":key"),
        encoded("DeliveryPackage:key\x00"),
        encoded("DeliveryPackage:key") + "==",
        "-" + encoded("DeliveryPackage:key"),
        encoded("DeliveryPackage:key") + "\n",
        "é",
        "\ud800",
        "\x00",
        "/" * 100_000,
    ],
    ids=lambda id: ascii(id[:30]),
)
async def test_what_was_never_given_out_is_no_node(api: InProcess, id: str) -> None:
    await PACKAGE.put(api, "key")

    assert await api.ask(NODE, id=id) == {"node": None}


@every_type
async def test_a_global_id_is_made_of_type_and_key_alone(
    api: InProcess, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    """So it is the same in every database, and after everything else was changed."""
    first = await entity_type.put(api, "key")
    await api.do(entity_type.delete, entity_type.key_for_deleting())
    clock.move(days=1)
    await entity_type.put(api, "other")

    again = await entity_type.put(api, "key")

    assert again["id"] == first["id"] == encoded(f"{entity_type.type_name}:key")


async def test_entities_of_all_types_with_one_key_have_ids_of_their_own(api: InProcess) -> None:
    ids = {(await entity_type.put(api, "key"))["id"] for entity_type in TYPES_UNDER_TEST}

    assert len(ids) == len(TYPES_UNDER_TEST)


KEYS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50).filter(
    lambda key: key == key.strip()
)


@given(key=KEYS, noise=st.characters(), at=st.integers(0, 1000))
@settings(max_examples=50)
async def test_any_key_goes_round_and_nothing_else_stands_for_it(
    schema: CompiledSchema, key: str, noise: str, at: int
) -> None:
    api = InProcess(schema, create_storage(PersistenceMode.INMEMORY))
    stored = await PACKAGE.put(api, key)
    id: str = stored["id"]
    place = at % (len(id) + 1)
    changed = id[:place] + noise + id[place:]

    found = await api.ask(NODE, id=id)
    other = await api.ask(NODE, id=changed)

    assert found["node"] == {"__typename": "DeliveryPackage", "id": id}
    assert other["node"] is None
