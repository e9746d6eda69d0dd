"""The tabs that GraphiQL opens with are part of what we promise: each is valid for our schema."""

import json
import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    validate,
)

from server.graphiql import FOLDER, Tab, graphiql_tabs

SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"
TABS = graphiql_tabs()

every_tab = pytest.mark.parametrize("tab", TABS, ids=[tab.file for tab in TABS])


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text("utf-8"))


@every_tab
def test_a_tab_is_valid_for_our_schema(tab: Tab, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(tab.query)) == []


@every_tab
def test_a_tabs_variables_fit_its_operation(tab: Tab, schema: GraphQLSchema) -> None:
    variables = json.loads(tab.variables or "{}")

    values = get_variable_values(schema, operation_of(tab).variable_definitions or (), variables)

    assert not isinstance(values, list), values
    assert variables.keys() == values.coerced.keys()


@every_tab
def test_a_tab_has_a_name_and_says_what_it_is_for(tab: Tab) -> None:
    assert operation_of(tab).name is not None
    assert tab.query.startswith("# ")


@every_tab
def test_a_tabs_comments_fit_beside_the_answer(tab: Tab) -> None:
    """On a screen 1,280 pixels wide the editor shows 51 characters."""
    assert [line for line in tab.query.splitlines() if re.match("#.{51}", line)] == []


def test_the_tabs_go_the_whole_way() -> None:
    names = [name.value for tab in TABS if (name := operation_of(tab).name)]

    assert names == [
        "Pipeline",
        "SubmitBrief",
        "NormalizeBrief",
        "SavePlan",
        "ApprovePlan",
        "SaveCampaign",
        "SaveDraft",
        "RecordQc",
        "Deliver",
        "WholeChain",
    ]


def test_no_variables_lie_about_without_their_operation() -> None:
    assert {path.with_suffix(".graphql").name for path in (FOLDER / "tabs").glob("*.json")} <= {
        tab.file for tab in TABS
    }


def operation_of(tab: Tab) -> OperationDefinitionNode:
    [operation] = parse(tab.query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation
