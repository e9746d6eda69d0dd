"""How many statements an operation takes: it depends on its shape, never on how much there is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import get_operation_ast, parse

from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import UnitOfWork
from schema.context import Context
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.schema.types_under_test import PACKAGE, TYPES_UNDER_TEST, TypeUnderTest, every_type
from tests.support.graphql import EVERYTHING, InProcess, Json
from tests.support.statements import Statements, watched
from tests.support.tasks import together

PACKAGES = """query($first: Int) { deliveryPackages(first: $first) {
  nodes {
    packageId
    artifacts { position name url format }
    draft { title qcResult { score issues { position severity section reason } } }
  }
} }"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With one connection: whoever waited for a second one would get an error in the end."""
    database = open_database(database_url, pool_size=1, pool_timeout=60)
    yield database
    await close_database(database)


@pytest.fixture
async def api(schema: CompiledSchema, database: Database) -> InProcess:
    return InProcess(schema, create_storage(PersistenceMode.DB, database))


@pytest.fixture
async def fifty_of_each(api: InProcess) -> None:
    """Fifty chains from a brief to a package, each brief with two plans."""

    async def store(unit: UnitOfWork) -> None:
        for key in map("{:02}".format, range(50)):
            await unit.briefs.save(build.brief(key))
            for version in (1, 2):
                plan = build.plan(f"{key}-{version}", brief_id=key, version=version)
                await unit.strategy_plans.save(plan)
            await unit.campaigns.save(build.campaign(key, strategy_id=f"{key}-2"))
            draft = build.draft(key, strategy_id=f"{key}-2", campaign_id=key)
            await unit.drafts.save(draft)
            await unit.qc_results.save(build.result(key, draft_id=key))
            await unit.delivery_packages.save(build.package(key, draft_id=key))

    await api.storage.as_(build.caller()).write(store)


async def statements_of(
    api: InProcess, database: Database, query: str, **variables: Any
) -> Statements:
    with watched(database) as seen:
        await api.ask(query, **variables)
    return seen


# Shape, not size


@pytest.mark.usefixtures("fifty_of_each")
async def test_a_page_of_fifty_takes_as_many_statements_as_a_page_of_one(
    api: InProcess, database: Database
) -> None:
    """Packages, artifacts, drafts, results and issues: one for all of them."""
    of_one = await statements_of(api, database, PACKAGES, first=1)
    of_fifty = await statements_of(api, database, PACKAGES, first=50)

    assert len(of_one) == len(of_fifty) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_the_whole_chain_takes_a_few_statements(api: InProcess, database: Database) -> None:
    """It's deeper than what one statement may have."""
    chain = """query($first: Int) { briefs(first: $first) { nodes {
      strategyPlans(first: 2) { nodes {
        recommendations { channel }
        campaigns(first: 2) { nodes { tactics { title } drafts(first: 2) { nodes {
          qcResult { issues { reason } }
          deliveryPackages(first: 2) { nodes { artifacts { name } } }
        } } } }
      } }
    } } }"""

    of_one = await statements_of(api, database, chain, first=1)
    of_fifty = await statements_of(api, database, chain, first=50)

    # Briefs, plans, recommendations; and campaigns with all that belongs to them.
    assert len(of_one) == len(of_fifty) == 4


@pytest.mark.usefixtures("fifty_of_each")
async def test_the_way_back_takes_one_statement(api: InProcess, database: Database) -> None:
    """For packages, drafts, plans and briefs."""
    way_back = """query($first: Int) { deliveryPackages(first: $first) { nodes {
      draft { strategyPlan { brief { briefId } } }
    } } }"""

    of_one = await statements_of(api, database, way_back, first=1)
    of_fifty = await statements_of(api, database, way_back, first=50)

    assert len(of_one) == len(of_fifty) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_two_ways_to_the_same_entities_take_one_statement(
    api: InProcess, database: Database
) -> None:
    """Drafts, their plans, and their campaigns with the same plans."""
    query = """{ drafts(first: 50) { nodes {
      strategyPlan { version } campaign { strategyPlan { version brief { briefId } } }
    } } }"""

    assert len(await statements_of(api, database, query)) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_edges_below_a_connection_inside_a_list_come_along(
    api: InProcess, database: Database
) -> None:
    """Briefs, plans, drafts, and where each draft leads: to a campaign, to a result with issues."""
    query = """query($first: Int) { briefs(first: $first) { nodes {
      strategyPlans(first: 2) { nodes { drafts(first: 2) { nodes {
        campaign { strategyPlan { version } } qcResult { issues { reason } }
      } } } }
    } } }"""

    of_one = await statements_of(api, database, query, first=1)
    of_fifty = await statements_of(api, database, query, first=50)

    assert len(of_one) == len(of_fifty) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_a_connection_inside_a_list_comes_along(api: InProcess, database: Database) -> None:
    query = """query($first: Int) { briefs(first: $first) { nodes {
      strategyPlans(first: 1) { nodes { version } pageInfo { hasNextPage } } } } }"""

    of_one = await statements_of(api, database, query, first=1)
    of_fifty = await statements_of(api, database, query, first=50)

    assert len(of_one) == len(of_fifty) == 1
    data = await api.ask(query, first=50)
    assert [brief["strategyPlans"] for brief in data["briefs"]["nodes"]] == [
        {"nodes": [{"version": 1}], "pageInfo": {"hasNextPage": True}}
    ] * 50


@pytest.mark.usefixtures("fifty_of_each")
async def test_a_total_comes_along(api: InProcess, database: Database) -> None:
    nested = (
        "query($first: Int) {{ briefs(first: $first) {{ {} nodes {{ strategyPlans {{ {} }} }} }} }}"
    )
    without = nested.format("", "nodes { version }")
    at_root = nested.format("totalCount", "nodes { version }")
    below = nested.format("", "nodes { version } totalCount")

    for query in (without, at_root, below):
        assert len(await statements_of(api, database, query, first=50)) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_below_what_is_resolved_a_connection_takes_a_statement_for_all_parents(
    api: InProcess, database: Database
) -> None:
    """Nodes by their ids are resolved: their plans, and the drafts of each with its count."""
    briefs = (await api.ask("{ briefs(first: 50) { nodes { id } } }"))["briefs"]["nodes"]
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Brief {
      strategyPlans(first: 1) { totalCount nodes { drafts(last: 1) { edges { cursor } } } }
      all: strategyPlans { totalCount } } } }"""

    of_one = await statements_of(api, database, query, ids=[briefs[0]["id"]])
    of_fifty = await statements_of(api, database, query, ids=[brief["id"] for brief in briefs])

    # Briefs; what belongs to them, in a page each; and the same again, only counted.
    assert len(of_one) == len(of_fifty) == 2


@pytest.mark.usefixtures("fifty_of_each")
@pytest.mark.parametrize(
    ("asked", "rows"), [("", 7), ("pageInfo { endCursor }", 7), ("pageInfo { hasNextPage }", 8)]
)
async def test_one_row_more_is_read_only_where_it_is_asked_whether_there_are_more(
    api: InProcess, database: Database, asked: str, rows: int
) -> None:
    query = f"{{ drafts(first: 7) {{ nodes {{ draftId }} {asked} }} }}"
    seen = await statements_of(api, database, query)

    assert rows in seen.arguments[0]
    assert 15 - rows not in seen.arguments[0]


@pytest.mark.usefixtures("fifty_of_each")
async def test_only_a_count_reads_no_page(api: InProcess, database: Database) -> None:
    """Whether it's written, or resolved level by level."""
    counted = parse("{ drafts(first: 50) { nodes { deliveryPackages { totalCount } } } }")
    for with_renderers, number in ((True, 1), (False, 2)):
        with watched(database) as seen:
            async with Context(api.storage, build.caller()) as context:
                operation = get_operation_ast(counted)
                assert operation is not None
                await api.schema.engine.execute(
                    counted,
                    operation,
                    context_value=context,
                    with_renderers=with_renderers,
                    unrestricted=True,
                )

        assert len(seen) == number
        assert "delivery_packages.created_at" not in " ".join(seen.texts)
        assert "LIMIT 20" not in " ".join(seen.texts)


@every_type
async def test_a_page_and_its_total_take_one_statement(
    api: InProcess, database: Database, entity_type: TypeUnderTest
) -> None:
    page = f"""{entity_type.name}s {{
        nodes {{ {entity_type.key} }} pageInfo {{ hasNextPage }} edges {{ cursor }} }}"""

    assert len(await statements_of(api, database, f"{{ {page} }}")) == 1
    assert len(await statements_of(api, database, f"{{ {page[:-1]} totalCount }} }}")) == 1
    assert (
        len(await statements_of(api, database, f"{{ {entity_type.name}s {{ totalCount }} }}")) == 1
    )


@pytest.mark.usefixtures("fifty_of_each")
async def test_nothing_to_load_takes_no_statement(api: InProcess, database: Database) -> None:
    nothing = "{ __typename __schema { queryType { name } } nodes(ids: []) { id } }"

    assert len(await statements_of(api, database, nothing)) == 0


# The same thing twice


@pytest.mark.usefixtures("fifty_of_each")
async def test_aliases_take_a_statement_each_in_one_transaction(
    api: InProcess, database: Database
) -> None:
    page = """deliveryPackages(first: 3, filter: { draftId: { ne: "x" } }) { totalCount nodes {
      artifacts { name } draft { a: title b: body deliveryPackages { totalCount } } } }"""

    once = await statements_of(api, database, f"{{ {page} }}")
    four_times = await statements_of(
        api, database, f"{{ a: {page} b: {page} c: {page} d: {page} }}"
    )

    assert (len(once), len(four_times)) == (1, 4)
    assert four_times.transactions_used() == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_roots_that_are_written_take_a_statement_each(
    api: InProcess, database: Database
) -> None:
    query = """{ deliveryPackages(first: 3) { nodes { artifacts { name } draft { title } } }
      drafts(last: 3) { nodes { title qcResult { issues { reason } } } }
      briefs { edges { cursor node { id scope { deliverables } } } } }"""

    seen = await statements_of(api, database, query)

    assert (len(seen), seen.transactions_used()) == (3, 1)


@pytest.mark.usefixtures("fifty_of_each")
async def test_fragments_with_equal_arguments_add_none(api: InProcess, database: Database) -> None:
    query = """query($first: Int) {
      deliveryPackages(first: $first) { nodes { ...A ...B ... on DeliveryPackage { ...A } } }
    }
    fragment A on DeliveryPackage { artifacts { name } draft { ...C } }
    fragment B on DeliveryPackage { artifacts { url } mine: artifacts { format } draft { ...C } }
    fragment C on Draft { title qcResult { score } own: deliveryPackages(first: 1) { totalCount } }
    """

    assert len(await statements_of(api, database, query, first=50)) == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_pages_with_other_arguments_come_along(api: InProcess, database: Database) -> None:
    query = """{ briefs(first: 50) { nodes {
      one: strategyPlans(first: 1) { nodes { version } }
      two: strategyPlans(first: 2) { nodes { version } }
      last: strategyPlans(last: 1) { nodes { version } }
    } } }"""

    assert len(await statements_of(api, database, query)) == 1


@every_type
async def test_fifty_lookups_by_key_are_one_statement(
    api: InProcess, database: Database, entity_type: TypeUnderTest
) -> None:
    for number in range(0, 50, 2):
        await entity_type.put(api, f"key-{number}")
    lookups = " ".join(
        f'a{number}: {entity_type.name}({entity_type.key}: "key-{number}") {{ {entity_type.key} }}'
        for number in range(50)
    )

    seen = await statements_of(api, database, f"{{ {lookups} }}")

    assert len(seen) == 1
    data = await api.ask(f"{{ {lookups} }}")
    assert data == {
        f"a{number}": {entity_type.key: f"key-{number}"} if number % 2 == 0 else None
        for number in range(50)
    }


@pytest.mark.parametrize(
    "lookup",
    [
        'qcResult(draftId: "{}") {{ score }}',
        'strategyPlan(briefId: "{}", version: 1) {{ strategyId }}',
    ],
)
@pytest.mark.usefixtures("fifty_of_each")
async def test_fifty_lookups_by_a_second_key_are_one_statement(
    api: InProcess, database: Database, lookup: str
) -> None:
    lookups = " ".join(f"a{number}: {lookup.format(f'{number:02}')}" for number in range(50))

    seen = await statements_of(api, database, f"{{ {lookups} }}")

    assert len(seen) == 1
    assert all((await api.ask(f"{{ {lookups} }}")).values())


@pytest.mark.usefixtures("fifty_of_each")
async def test_nodes_take_a_statement_for_each_type(api: InProcess, database: Database) -> None:
    ids = [
        entity["id"]
        for entity_type in TYPES_UNDER_TEST
        for entity in (
            await api.ask(f"{{ it: {entity_type.name}s(first: 10) {{ nodes {{ id }} }} }}")
        )["it"]["nodes"]
    ]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    assert len(ids) == 60
    assert len(await statements_of(api, database, query, ids=ids)) == 6


async def test_nodes_of_the_same_entity_are_one_statement(
    api: InProcess, database: Database
) -> None:
    package = await PACKAGE.put(api, "key")
    query = """query($id: ID!) {
      node(id: $id) { id } nodes(ids: [$id]) { id } again: node(id: $id) { id } }"""

    assert len(await statements_of(api, database, query, id=package["id"])) == 1


# Transactions and connections

QUERIES: dict[str, str] = {
    "packages": """{ deliveryPackages(first: 50) { nodes {
        artifacts { name }
        draft { title deliveryPackages { totalCount } qcResult { score } } } } __typename }""",
    "everything": EVERYTHING,
    "totals": "{ "
    + " ".join(f"{entity_type.name}s {{ totalCount }}" for entity_type in TYPES_UNDER_TEST)
    + " }",
    "aliases": "{ a: briefs(first: 1) { nodes { id } } b: briefs(last: 1) { nodes { id } } }",
    "chain": """{ briefs(first: 50) { nodes { strategyPlans(first: 2) { totalCount nodes {
        brief { clientId } recommendations { channel }
        campaigns(first: 1) { totalCount nodes { tactics { title } } }
        drafts(first: 1) { nodes { campaign { name } qcResult { issues { reason }
          draft { title } } deliveryPackages(first: 1) { nodes { artifacts { name }
          draft { title } } } } } } } } } }""",
}


@pytest.mark.usefixtures("fifty_of_each")
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_a_query_reads_in_one_transaction(
    api: InProcess, database: Database, query: str
) -> None:
    seen = await statements_of(api, database, query)

    assert seen.transactions_used() == 1


@pytest.mark.usefixtures("fifty_of_each")
async def test_queries_at_once_share_one_connection(api: InProcess, database: Database) -> None:
    alone = {name: await api.ask(query) for name, query in QUERIES.items()}

    responses = await together(*(api.ask(query) for query in [*QUERIES.values()] * 4))

    assert responses == [*alone.values()] * 4


async def test_mutations_and_queries_at_once_share_one_connection(api: InProcess) -> None:
    writers = [
        entity_type.put(api, f"key-{number}")
        for entity_type in TYPES_UNDER_TEST
        for number in range(4)
    ]
    readers = [api.ask(query) for query in QUERIES.values() for _ in range(4)]

    outcomes = await together(*writers, *readers)

    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []


async def test_a_mutation_that_reads_before_and_after_its_write_needs_no_second_connection(
    api: InProcess, database: Database
) -> None:
    chain: list[tuple[str, Json]] = [
        ("saveDraft", inputs.save_draft()),
        ("recordQcResult", inputs.record_result()),
        ("saveDeliveryPackage", inputs.save_package()),
    ]
    document = """mutation($saveDraft: SaveDraftInput!, $recordQcResult: RecordQcResultInput!,
                           $saveDeliveryPackage: SaveDeliveryPackageInput!) {
      saveDraft(input: $saveDraft) { draft { strategyPlan { id } qcResult { id } } }
      recordQcResult(input: $recordQcResult) { qcResult { issues { reason } draft {
        deliveryPackages { totalCount } } } }
      saveDeliveryPackage(input: $saveDeliveryPackage) { deliveryPackage { draft {
        qcResult { score issues { reason } } deliveryPackages { nodes { artifacts { name } } } } } }
    }"""

    with watched(database) as seen:
        data = await api.ask(document, **dict(chain))

    assert data["saveDeliveryPackage"]["deliveryPackage"]["draft"]["qcResult"]["score"] == 0.4
    # Each mutation writes in a transaction of its own, and its payload is read in another.
    assert seen.transactions_used() == 6
