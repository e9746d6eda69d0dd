"""An operation reads only the attributes that it needs."""

import pytest

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from schema.root import CompiledSchema, create_schema
from tests import inputs
from tests.support.graphql import InProcess
from tests.support.statements import watched


@pytest.fixture
async def api(schema: CompiledSchema, database: Database) -> InProcess:
    return InProcess(schema, create_storage(PersistenceMode.DB, database))


def test_the_attributes_are_those_of_the_fields_by_type() -> None:
    document = create_schema().documents.parse_and_validate(
        """{ draft(draftId: "draft-1") { ...of qcResult { passed } }
             node(id: "x") { ... on StrategyPlan { executiveSummary } } }
           fragment of on Draft { contentType renamed: title }"""
    )

    assert document.selected is not None
    assert document.selected["Draft"] == {"content_type", "title", "qc_result"}
    assert document.selected["QcResult"] == {"passed"}
    assert document.selected["StrategyPlan"] == {"executive_summary"}


@pytest.mark.parametrize(
    ("fields", "is_read"),
    [("title", False), ("title body", True), ("renamed: body", True), ("qcResult { id }", False)],
)
async def test_the_body_of_a_draft_is_read_where_it_is_selected(
    api: InProcess, database: Database, fields: str, is_read: bool
) -> None:
    draft = await api.do("saveDraft", inputs.save_draft())

    with watched(database) as seen:
        # What is found by a global id is read as records.
        await api.ask(f'{{ node(id: "{draft["id"]}") {{ ... on Draft {{ {fields} }} }} }}')

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
