"""The documentation is right: its GraphQL, its links and its tables are checked here."""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from files.limits import FileLimits
from files.memory import MemoryStore
from orchestration.uploads import Uploads
from repositories.factory import PersistenceMode, create_storage
from schema.limits import Limits
from schema.root import CompiledSchema, create_schema
from server.seed.agency import seed_agency
from server.settings import Settings
from server.stream_limits import StreamLimits
from tests import builders as build
from tests.support.files import files_in
from tests.support.graphql import InProcess

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES]
)


@dataclass(frozen=True, slots=True)
class Example:
    """An operation; perhaps with variables, and with the response that it gets."""

    query: str
    variables: dict[str, Any] | None
    response: dict[str, Any] | None


@cache
def examples(page: Path) -> Sequence[Example]:
    """Variables and response are the JSON that follows the operation before any other block."""
    return tuple(_examples(page))


def _examples(page: Path) -> Iterator[Example]:
    query, following = None, list[dict[str, Any]]()
    for language, text in [*_BLOCK.findall(page.read_text("utf-8")), ("", "")]:
        if language == "json" and query is not None:
            following.append(json.loads(text))
            continue
        if query is not None:
            yield _example(query, following)
        query, following = (text if language == "graphql" else None), []


def _example(query: str, following: list[dict[str, Any]]) -> Example:
    responses = [block for block in following if block.keys() & {"data", "errors"}]
    variables = [block for block in following if block not in responses]
    assert len(responses) <= 1 >= len(variables), "more JSON than one operation has"
    return Example(query, next(iter(variables), None), next(iter(responses), None))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "schema.graphql").read_text("utf-8"))


@every_page
def test_operations_are_valid(page: Path, schema: GraphQLSchema) -> None:
    for example in examples(page):
        assert validate(schema, parse(example.query)) == []


@pytest.fixture(scope="module")
def compiled() -> CompiledSchema:
    return create_schema()


async def the_agency(schema: CompiledSchema) -> InProcess:
    storage, store = create_storage(PersistenceMode.INMEMORY), MemoryStore()
    await seed_agency(storage.as_(build.caller()), store)
    return InProcess(schema, storage, uploads=Uploads(storage, files_in(store)))


@every_page
async def test_operations_are_answered_as_the_page_says(
    page: Path, compiled: CompiledSchema
) -> None:
    """By the demo agency, new for each page, in the page's order."""
    client = await the_agency(compiled)
    for example in examples(page):
        if example.response is not None:
            assert await client.send(example.query, example.variables) == example.response


def changes_something(page: Path) -> bool:
    return any(example.query.startswith("mutation") for example in examples(page))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(first, then, id=f"{first.name} before {then.name}")
        for first, then in permutations(PAGES, 2)
        if changes_something(first) and any(example.response for example in examples(then))
    ],
)
async def test_a_page_stays_true_when_another_one_was_pasted(
    first: Path, then: Path, compiled: CompiledSchema
) -> None:
    client = await the_agency(compiled)
    for example in examples(first):
        await client.send(example.query, example.variables)
    for example in examples(then):
        if example.response is not None:
            assert await client.send(example.query, example.variables) == example.response


def test_the_pages_have_examples_with_responses() -> None:
    answered = [example for page in PAGES for example in examples(page) if example.response]

    assert len(answered) >= 10


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        link for link in _LINK.findall(_prose(page)) if "://" not in link and not _leads(page, link)
    ]

    assert broken == []


def _leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    if not target.exists():
        return False
    return not anchor or anchor in map(
        _anchor, re.findall(r"^#+ (.+)$", _prose(target), re.MULTILINE)
    )


def _anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


@every_page
def test_lines_of_text_are_no_longer_than_code(page: Path) -> None:
    long = [
        line
        for line in _prose(page).splitlines()
        if len(line) > 100 and not line.startswith(("|", "!["))
    ]

    assert long == []


# The ten questions


def test_each_of_the_ten_questions_leads_to_a_file_that_defines_its_answer() -> None:
    questions = _table(ROOT / "docs" / "architecture.md", "where is it decided …")

    assert len(questions) == 10
    assert [row for row in questions if row[2].strip("`") not in _defined_in(row[1])] == []


def _defined_in(file: str) -> set[str]:
    """The names of the top-level classes and functions of a file."""
    module = ast.parse((ROOT / file.strip("`")).read_text("utf-8"))
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in module.body if isinstance(node, definitions)}


def test_the_ten_questions_cover_the_rooms() -> None:
    questions = _table(ROOT / "docs" / "architecture.md", "where is it decided …")

    assert {row[1].strip("`").partition("/")[0] for row in questions} == {
        "domain",
        "execution",
        "migrations",
        "repositories",
        "resolvers",
        "schema",
        "server",
    }


# Settings and limits


def test_operations_list_every_setting_with_its_default() -> None:
    table = _table(ROOT / "docs" / "operations.md", "variable")

    assert {row[0]: row[1] for row in table} == dict(_settings())


def test_operations_say_what_every_setting_means() -> None:
    """Parts of a setting have no description in the code: theirs is the page's alone."""
    table = {row[0]: row for row in _table(ROOT / "docs" / "operations.md", "variable")}
    described = {
        _variable(name, field): field.description
        for name, field in Settings.model_fields.items()
        if not is_dataclass(field.default)
    }

    assert {variable: table[variable][2] for variable in described} == described


def test_operations_say_what_every_limit_counts() -> None:
    """The sentences equal those of the page on the API, but for links within that page."""
    said = {
        _variable_of_limit(row[0]): row[2].replace("](#", "](api.md#")
        for row in _table(ROOT / "docs" / "api.md", "limit")
    }
    table = {row[0]: row for row in _table(ROOT / "docs" / "operations.md", "variable")}

    assert {variable: table[variable][2] for variable in said} == said
    assert {variable for variable in table if "_LIMITS__" in variable} == said.keys()


@pytest.mark.parametrize(("name", "limits"), [("STREAMS", StreamLimits), ("FILES", FileLimits)])
def test_operations_say_what_every_limit_of_a_group_means(name: str, limits: Any) -> None:
    table = {row[0]: row for row in _table(ROOT / "docs" / "operations.md", "variable")}
    described = {
        f"`AICMO_{name}__{field.upper()}`": text for field, text in _docstrings(limits).items()
    }

    assert {variable: table[variable][2] for variable in described} == described
    assert len(described) == len(fields(limits))


def _variable_of_limit(name: str) -> str:
    snake_case = re.sub("([A-Z])", r"_\1", name.strip("`"))
    return f"`AICMO_LIMITS__{snake_case.upper()}`"


def _docstrings(class_: type) -> dict[str, str]:
    """The docstrings of a class's attributes, which only its source has."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(class_))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        attribute.target.id: " ".join(text.value.value.split())
        for attribute, text in pairwise(definition.body)
        if isinstance(attribute, ast.AnnAssign)
        and isinstance(attribute.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def test_the_api_lists_every_limit_with_its_default() -> None:
    table = _table(ROOT / "docs" / "api.md", "limit")

    assert {row[0].strip("`"): row[1] for row in table} == {
        _camel_case(field.name): f"{getattr(Limits(), field.name):,}" for field in fields(Limits)
    }


def _settings() -> Iterator[tuple[str, str]]:
    """(variable, default) as the table has them."""
    for name, field in Settings.model_fields.items():
        if is_dataclass(field.default) and not isinstance(field.default, type):
            for part in fields(field.default):
                variable = f"`AICMO_{name.upper()}__{part.name.upper()}`"
                yield variable, _shown(getattr(field.default, part.name))
        else:
            yield _variable(name, field), _shown(field.default)


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else [f"AICMO_{name.upper()}"]
    return " or ".join(f"`{variable}`" for variable in reversed(names))


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    if isinstance(default, tuple):
        return f"`{', '.join(default)}`" if default else ""
    return f"`{default}`"


def _camel_case(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def _table(page: Path, heading: str) -> list[list[str]]:
    """The cells of all tables whose first column has this heading."""
    rows, is_wanted = [], False
    for line in page.read_text("utf-8").splitlines():
        if not line.startswith("|"):
            is_wanted = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if is_wanted and not cells[0].startswith("-"):
            rows.append(cells)
        is_wanted = is_wanted or cells[0] == heading
    return rows
