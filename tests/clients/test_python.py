"""clients/python, generated from the schema, type-checked, and run against real servers."""

from pathlib import Path

import pytest

from tests.support.uv import PythonProject


@pytest.fixture(scope="module")
def client() -> PythonProject:
    project = PythonProject(Path(__file__).parents[2] / "clients" / "python")
    project.install()
    project.run("ariadne-codegen")
    return project


def test_it_fits_the_schema(client: PythonProject) -> None:
    client.run("mypy")


def test_it_does_what_it_says(client: PythonProject, url: str) -> None:
    said = client.run("pytest", "-q", "-p", "no:cacheprovider", variables={"AICMO_URL": url})

    assert "11 passed" in said
