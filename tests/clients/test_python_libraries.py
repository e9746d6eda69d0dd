"""Clients of Python that need nothing generated, each run against a real server."""

import json
from typing import Any

import pytest

from tests.support.uv import PythonProject
from tests.tools import FOLDER

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def clients() -> PythonProject:
    project = PythonProject(FOLDER / "python_clients")
    project.install()
    return project


@pytest.fixture(scope="module")
def by_gql(clients: PythonProject, in_memory: str) -> Any:
    return seen_by(clients, "gql_client.py", in_memory)


@pytest.fixture(scope="module")
def by_sgqlc(clients: PythonProject, in_memory: str) -> Any:
    return seen_by(clients, "sgqlc_client.py", in_memory)


def seen_by(clients: PythonProject, script: str, url: str) -> Any:
    return json.loads(clients.run("python", script, url))


def test_gql_queries_by_documents_and_by_its_dsl_and_follows(by_gql: Any) -> None:
    assert by_gql["listed"] == 2
    assert by_gql["counts"]["present"] > 0
    assert by_gql["counts"]["all"] == by_gql["counts"]["present"] + by_gql["counts"]["absent"]
    assert by_gql["followed"] == {"kind": "SAVED"}


@pytest.mark.parametrize("library", ["gql", "sgqlc"])
def test_json_needs_a_variable(request: pytest.FixtureRequest, library: str) -> None:
    """The libraries print JSON literals in a form that isn't GraphQL, or not always."""
    seen = request.getfixturevalue(f"by_{library}")

    assert seen["by a variable"] is True
    assert seen["by a literal"] == "GRAPHQL_PARSE_FAILED"
