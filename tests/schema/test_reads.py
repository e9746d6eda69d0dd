"""What an operation doesn't look at isn't read, and what is one entity is one statement."""

import pytest

from repositories.engine import Database
from repositories.factory import PersistenceMode, create_repositories
from schema.documents import Document
from schema.execute import Operation, Prepared, prepare
from schema.reads import Reads
from schema.root import PipelineSchema, create_schema
from tests import inputs
from tests.support.graphql import InProcess
from tests.support.statements import watched


@pytest.fixture
async def api(schema: PipelineSchema, database: Database) -> InProcess:
    return InProcess(schema, create_repositories(PersistenceMode.DB, database))


PACKAGE = 'deliveryPackage(packageId: "package-1")'


def reads_of(query: str) -> Reads:
    prepared = prepare(create_schema(), Operation(query))
    assert isinstance(prepared, Prepared), prepared
    document: Document = prepared.document
    return document.reads_of(prepared.node)


def test_the_attributes_are_those_of_the_fields_by_type() -> None:
    reads = reads_of(
        """{ draft(draftId: "draft-1") { ...of qcResult { passed } }
             node(id: "x") { ... on StrategyPlan { executiveSummary } } }
           fragment of on Draft { contentType renamed: title }"""
    )

    assert reads.selected is not None
    assert reads.selected["Draft"] == {"content_type", "title", "qc_result"}
    assert reads.selected["QcResult"] == {"passed"}
    assert reads.selected["StrategyPlan"] == {"executive_summary"}


def test_a_document_of_many_operations_is_gone_through_once() -> None:
    operations = " ".join(f"query Q{number} {{ {PACKAGE} {{ revision }} }}" for number in range(50))

    document = create_schema().documents.prepare(operations)

    assert not document.errors
    assert len({id(reads.selected) for _, reads in document.reads}) == 1
    assert len(document.reads) == 50


@pytest.mark.parametrize(
    "query",
    [
        f"{{ {PACKAGE} {{ packageId }} }}",
        f"{{ {PACKAGE} {{ __typename id artifacts {{ name }} }} }}",
        f"query Named {{ renamed: {PACKAGE} {{ artifacts {{ name }} revision }} }}",
        '{ draft(draftId: "draft-1") { body metadata } }',
    ],
)
def test_one_entity_by_its_key_perhaps_with_its_children_is_one_call(query: str) -> None:
    assert reads_of(query).in_one_call


@pytest.mark.parametrize(
    "query",
    [
        f"{{ {PACKAGE} {{ draft {{ title }} }} }}",
        f"{{ a: {PACKAGE} {{ packageId }} b: {PACKAGE} {{ packageId }} }}",
        f"{{ {PACKAGE} {{ ... on DeliveryPackage {{ draft {{ title }} }} }} }}",
        "{ deliveryPackages { totalCount } }",
        '{ draft(draftId: "draft-1") { deliveryPackages { totalCount } } }',
        '{ strategyPlan(briefId: "brief-1", version: 1) { recommendations { channel } } }',
        '{ node(id: "x") { id } }',
        "{ __typename }",
    ],
)
def test_anything_else_is_not(query: str) -> None:
    assert not reads_of(query).in_one_call


async def test_one_entity_with_its_children_is_one_statement(
    api: InProcess, database: Database
) -> None:
    await api.do("saveDeliveryPackage", inputs.save_package())

    with watched(database) as seen:
        data = await api.ask(f"{{ {PACKAGE} {{ draftId artifacts {{ position name }} }} }}")

    assert len(seen) == 1
    assert [it["position"] for it in data["deliveryPackage"]["artifacts"]] == [0, 1]


@pytest.mark.parametrize(
    ("fields", "is_read"),
    [("title", False), ("title body", True), ("renamed: body", True), ("qcResult { id }", False)],
)
async def test_the_body_of_a_draft_is_read_where_it_is_selected(
    api: InProcess, database: Database, fields: str, is_read: bool
) -> None:
    await api.do("saveDraft", inputs.save_draft())

    with watched(database) as seen:
        await api.ask(f"{{ drafts {{ nodes {{ {fields} }} }} }}")

    assert ("production_drafts.body" in seen.texts[0]) is is_read


async def test_a_cursor_is_made_of_what_the_list_is_ordered_by_though_nobody_selects_it(
    api: InProcess,
) -> None:
    await api.do("saveDraft", inputs.save_draft())
    orders = ["CREATED_AT", "UPDATED_AT", "TITLE"]

    for field in orders:
        page = f"drafts(first: 1, orderBy: {{field: {field}, direction: ASC}})"
        data = await api.ask(f"{{ {page} {{ pageInfo {{ endCursor }} }} }}")

        assert data["drafts"]["pageInfo"]["endCursor"]
