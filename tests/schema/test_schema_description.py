"""The schema says what the API is and what holds for all of it: whoever has it needs no manual."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, is_specified_scalar_type

from repositories.factory import PersistenceMode, create_storage
from schema.errors import TopLevelCode
from schema.export import exported_schema
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from schema.root import CompiledSchema
from tests.support.graphql import OUTCOMES, InProcess
from tests.support.sdl import client_schema, object_types

API = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def description() -> str:
    return client_schema().description or ""


async def test_introspection_and_the_file_say_the_same(
    schema: CompiledSchema, description: str
) -> None:
    server = InProcess(schema, create_storage(PersistenceMode.INMEMORY))

    response = await server.ask("{ __schema { description } }")

    assert response == {"__schema": {"description": description}}
    assert "system of record" in description


def test_the_file_begins_with_it(description: str) -> None:
    first, second = description.splitlines()[0], "schema {\n  query: Query\n"

    assert exported_schema().startswith(f'"""\n{first}')
    assert f'"""\n{second}' in exported_schema()


def test_every_name_in_it_is_one_of_the_schema(description: str) -> None:
    named = set(re.findall(r"`([A-Za-z]\w*)`", description))

    assert len(named) > 20
    assert named - names() - {code.value for code in TopLevelCode} == WORDS & named


WORDS = {"extensions", "code"}
"""Names of the response that the schema doesn't have."""


def names() -> set[str]:
    """Of types, fields, arguments, fields of inputs and values of enums."""
    found = {type_.name for type_ in object_types()}
    for type_ in client_schema().type_map.values():
        if is_specified_scalar_type(type_):
            continue
        found.add(type_.name)
        if isinstance(type_, GraphQLEnumType):
            found |= type_.values.keys()
        elif isinstance(type_, GraphQLInputObjectType):
            found |= type_.fields.keys()
    for type_ in object_types():
        for name, field in type_.fields.items():
            found |= {name, *field.args}
    return found - WORDS


def test_the_steps_of_the_pipeline_are_named_in_their_order(description: str) -> None:
    steps = [name for name in OUTCOMES if not name.startswith(("delete", "reject"))]
    at = [description.index(f"`{step}`") for step in steps]

    assert at == sorted(at)


def test_the_size_of_pages_is_said(description: str) -> None:
    assert f"{DEFAULT_PAGE_SIZE} items" in description
    assert f"at most {MAX_PAGE_SIZE}" in description


@pytest.mark.parametrize("code", TopLevelCode)
def test_every_code_of_errors_says_whether_to_repeat_the_request(
    code: TopLevelCode, description: str
) -> None:
    [line] = [line for line in description.splitlines() if line.startswith(f"- `{code.value}`:")]

    may_repeat = code in (TopLevelCode.TIMEOUT, TopLevelCode.UNAVAILABLE)
    assert ("Repeat the request later" in line) == may_repeat
    assert "epeat" in line


def test_the_documentation_lists_the_same_codes() -> None:
    rows = [line for line in API.read_text("utf-8").splitlines() if line.startswith("| `")]
    codes = {code for row in rows for code in re.findall("`([A-Z_]+)`", row.split("|")[1])}

    assert {code.value for code in TopLevelCode} <= codes
