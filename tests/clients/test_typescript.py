"""clients/typescript, generated from the schema, type-checked, and run against real servers."""

from pathlib import Path

import pytest

from tests.support.node import NodeProject


@pytest.fixture(scope="module")
def client() -> NodeProject:
    project = NodeProject(Path(__file__).parents[2] / "clients" / "typescript")
    project.install()
    project.tool("graphql-codegen", "--silent")
    return project


def test_it_fits_the_schema(client: NodeProject) -> None:
    client.tool("tsc")


def test_it_does_what_it_says(client: NodeProject, url: str) -> None:
    said = client.run("--test", "test/pipeline.test.ts", variables={"AICMO_URL": url})

    assert "pass 7\n" in said
