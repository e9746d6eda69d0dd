"""What a bound caller asks for by keys is found by these, however much its client has.

SQLite knows nothing of how many rows there are of a client, or of a reference. If it were free to
choose, it would go through all that the client has to find a single entity.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Final

import pytest

from domain.delivery import DeliveryPackage
from domain.production import Draft
from orchestration.uploads import Uploads
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.node import global_id
from schema.root import CompiledSchema
from tests import builders as build
from tests.conftest import close_database
from tests.schema.test_bound_callers import store
from tests.schema.test_scopes import OF_ENTITIES, ROOT_FIELDS
from tests.support.files import files_in
from tests.support.graphql import InProcess
from tests.support.reaching import document
from tests.support.statements import watched

IDS: Final = [
    global_id(type_, f"{client}-{word}")
    for type_, word in ((DeliveryPackage, "package"), (Draft, "draft"))
    for client in ("a", "b")
]
ONES: Final = [it for it in ROOT_FIELDS if it.startswith("Query.") and not it.endswith("s")]
LAST_CHANGED: Final = "orderBy: {field: UPDATED_AT, direction: DESC}"
BY_KEYS: Final = {
    "several": f"{{ nodes(ids: {IDS}) {{ id ... on Draft {{ qcResult {{ passed }} }} }} }}".replace(
        "'", '"'
    ),
    "a list that is sorted": f"""{{ strategyPlan(strategyId: "a-plan") {{
        drafts({LAST_CHANGED}) {{ totalCount pageInfo {{ endCursor }} nodes {{ title }} }} }} }}""",
    "one of a node": f"""{{ node(id: "{IDS[2]}") {{ ... on Draft {{
        deliveryPackages({LAST_CHANGED}) {{ totalCount nodes {{ packageId }} }} }} }} }}""",
    "one of those of a client": """{ brief(briefId: "a-brief") {
        strategyPlans(filter: {clientId: {eq: "a"}}) { totalCount nodes { version } } } }""",
    "a filter by keys": """{ deliveryPackages(filter: {packageId: {in: ["a-package", "b"]}}) {
        totalCount nodes { packageId } } }""",
    "a filter by references": """{ drafts(
        filter: {and: [{title: {ne: "x"}}, {strategyId: {in: ["a-plan", "b-plan"]}}]}
    ) { totalCount nodes { title } } }""",
    "events of keys": """{ events(filter: {keys: ["a-draft"], clientIds: ["a"]}) {
        nodes { key } } }""",
}
LISTS: Final = {
    "a list": "{ deliveryPackages { nodes { artifacts { name } draft { title } } } }",
    "its count": "{ deliveryPackages { totalCount } }",
    "the last changed": f"{{ deliveryPackages({LAST_CHANGED}) {{ nodes {{ packageId }} }} }}",
    "lists of each": f"""{{ strategyPlans {{ nodes {{
        drafts({LAST_CHANGED}) {{ nodes {{ title }} }} }} }} }}""",
    "events": "{ events { nodes { key } } }",
}
"""Each lists all that the client has, by one search of its index."""

CALLERS: Final = {
    "bound to one client": build.caller(id="portal", clients=frozenset({"a"})),
    "bound to several": build.caller(id="portal", clients=frozenset({"a", "b"})),
    "bound to none": build.caller(),
}


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(sqlite_url)
    yield database
    await close_database(database)


@pytest.fixture
async def storage(database: Database) -> AsyncIterator[Storage]:
    storage = create_storage(PersistenceMode.DB, database)
    await storage.as_(build.caller()).write(store)
    yield storage
    await storage.feed.close()


async def searches_by_client(api: InProcess, database: Database, query: str) -> list[str]:
    """Where the plans of an operation's statements go through all that a client has."""
    with watched(database) as seen:
        response = await api.send(query)
    assert "errors" not in response, response
    return [
        step
        for sql in seen.texts
        for step in plan_of(str(database.url.database), sql)
        if "client_id" in step or step.startswith("SCAN production_") or "SCAN delivery_" in step
    ]


def plan_of(file: str, sql: str) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        for name in ("fits_answer", "base64url", "json_number"):
            connection.create_function(name, 1, lambda _: 1)
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?")).fetchall()
    return [row[-1] for row in rows]


@pytest.mark.parametrize("caller", CALLERS)
async def test_what_has_keys_is_not_looked_for_among_all_that_a_client_has(
    schema: CompiledSchema, database: Database, storage: Storage, caller: str
) -> None:
    api = InProcess(schema, storage, caller=CALLERS[caller])
    for name, query in BY_KEYS.items():
        assert await searches_by_client(api, database, query) == [], name


async def test_each_field_of_a_single_entity_is_found_by_keys(
    schema: CompiledSchema, database: Database, storage: Storage
) -> None:
    caller, uploads = CALLERS["bound to one client"], Uploads(storage, files_in())
    api = InProcess(schema, storage, caller=caller, uploads=uploads)
    for place in (*ONES, *OF_ENTITIES):
        query = document(place, OF_ENTITIES.__contains__)
        assert await searches_by_client(api, database, query) == [], place


@pytest.mark.parametrize("name", LISTS)
async def test_what_a_client_has_is_listed_by_its_index(
    schema: CompiledSchema, database: Database, storage: Storage, name: str
) -> None:
    api = InProcess(schema, storage, caller=CALLERS["bound to one client"])

    [step] = await searches_by_client(api, database, LISTS[name])

    assert "(client_id=?" in step
