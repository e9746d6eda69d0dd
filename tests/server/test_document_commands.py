"""`aicmo documents …`: registering documents, and checking them against a new schema."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schema.export import exported_schema
from server.cli import app
from tests.support.servers import IN_MEMORY, stored_in

Aicmo = Callable[..., Result]

TITLE = 'query Title { draft(draftId: "draft-1") { title } }'
COUNT = "query Count { drafts { totalCount } }"
CLIENTS = Path(__file__).parents[2] / "clients" / "operations"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def aicmo(sqlite_url: str) -> Aicmo:
    """Runs a command of documents on a new database."""

    def run(*arguments: Any, settings: Mapping[str, str] | None = None) -> Result:
        environment = stored_in(sqlite_url) if settings is None else settings
        words = ["documents", *map(str, arguments)]
        return CliRunner().invoke(app, words, prog_name="aicmo", env=environment)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A file with this text, or this JSON."""

    def write(content: Any, name: str = "document.graphql") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def manifest(*texts: str) -> dict[str, Any]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            {"id": hash_of(text), "name": "Any", "type": "query", "body": text} for text in texts
        ],
    }


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line.removeprefix("aicmo: ")


def listed(aicmo: Aicmo, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in succeeded(aicmo("list", "--json", *options)).splitlines()]


# Registering


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TITLE, "title.graphql"),
        (manifest(TITLE), "manifest.json"),
        ({hash_of(TITLE): TITLE}, "persisted.json"),
    ],
    ids=["GraphQL", "Apollo's manifest", "texts by hashes"],
)
def test_documents_are_registered_from_what_a_build_writes(
    aicmo: Aicmo, file: Any, content: Any, name: str
) -> None:
    told = succeeded(aicmo("register", "--application", "web", file(content, name)))

    assert told == "Registered 1 new of 1 documents of web.\n"
    [document] = listed(aicmo)
    assert document.pop("createdAt").endswith("Z")
    assert document == {
        "application": "web",
        "sha256": hash_of(TITLE),
        "operations": ["Title"],
        "text": TITLE,
    }


def test_what_an_application_has_already_stays(aicmo: Aicmo, file: Any) -> None:
    succeeded(aicmo("register", "--application", "web", file(manifest(TITLE), "a.json")))
    told = succeeded(
        aicmo("register", "--application", "web", file(manifest(TITLE, COUNT), "b.json"))
    )

    assert told == "Registered 1 new of 2 documents of web.\n"
    assert len(listed(aicmo)) == 2


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("fragment F on Draft { title }\n{ drafts { nodes { ...F } }", "a.graphql", "Syntax Error"),
        ("{ nowhere }", "a.graphql", "Cannot query field 'nowhere'"),
        ("{ drafts", "a.graphql", "Syntax Error"),
        (manifest("fragment F on Draft { title }"), "a.json", "has no operation"),
        ("{", "a.json", "is not JSON"),
        ([], "a.json", "neither a manifest nor"),
        ({"00": TITLE}, "a.json", "is not the SHA-256 hash"),
        ({hash_of(TITLE): 7}, "a.json", "entry 0 has no hash and text"),
        (manifest(TITLE) | {"version": 2}, "a.json", "version 1"),
    ],
)
def test_what_could_not_be_executed_is_refused_in_one_line(
    aicmo: Aicmo, file: Any, content: Any, name: str, reason: str
) -> None:
    good = file(COUNT, "good.graphql")

    message = refused(aicmo("register", "--application", "web", good, file(content, name)))

    assert reason in message
    assert listed(aicmo) == []


def test_fragments_alone_are_nothing_to_register(aicmo: Aicmo, file: Any) -> None:
    fragments = file("fragment F on Draft { title }")

    assert "no operation" in refused(aicmo("register", "--application", "web", fragments))


def test_an_application_needs_a_name(aicmo: Aicmo, file: Any) -> None:
    assert "application" in refused(aicmo("register", "--application", " ", file(TITLE)))


def test_in_memory_there_is_nothing_to_register_in(aicmo: Aicmo, file: Any) -> None:
    result = aicmo("register", "--application", "web", file(TITLE), settings=IN_MEMORY)

    assert "AICMO_PERSISTENCE_MODE" in refused(result)


# Listing and removing


def test_they_are_listed_as_a_table_for_people(aicmo: Aicmo, file: Any) -> None:
    succeeded(aicmo("register", "--application", "web", file(TITLE)))

    head, row = succeeded(aicmo("list")).splitlines()

    assert head.split() == ["APPLICATION", "SHA-256", "OPERATIONS", "REGISTERED"]
    assert row.split()[:3] == ["web", hash_of(TITLE), "Title"]


def test_some_or_all_documents_of_an_application_are_removed(aicmo: Aicmo, file: Any) -> None:
    for application in ("web", "mobile"):
        documents = file(manifest(TITLE, COUNT), "a.json")
        succeeded(aicmo("register", "--application", application, documents))

    one = succeeded(aicmo("remove", "--application", "web", hash_of(TITLE).upper()))
    rest = succeeded(aicmo("remove", "--application", "web"))

    assert one == rest == "Removed 1 documents of web.\n"
    assert listed(aicmo, "--application", "web") == []
    assert {it["application"] for it in listed(aicmo)} == {"mobile"}


# Checking


def test_a_schema_that_breaks_a_registered_document_is_told_whose(aicmo: Aicmo, file: Any) -> None:
    succeeded(aicmo("register", "--application", "web", file(manifest(TITLE, COUNT), "a.json")))
    without_title = exported_schema().replace("  title: String!", "  heading: String!")

    result = aicmo("check", "--schema", file(without_title, "new.graphql"))

    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"aicmo: web: Title ({hash_of(TITLE)[:12]}): Cannot query field 'title'")


def test_a_schema_that_breaks_nothing_is_told(aicmo: Aicmo, file: Any) -> None:
    succeeded(aicmo("register", "--application", "web", file(manifest(TITLE, COUNT), "a.json")))

    told = succeeded(aicmo("check", "--schema", file(exported_schema(), "new.graphql")))

    assert told.endswith("breaks none of 2 documents.\n")


def test_the_operations_of_the_example_clients_fit_the_schema(aicmo: Aicmo, file: Any) -> None:
    files = sorted(CLIENTS.glob("*.graphql"))

    told = succeeded(aicmo("check", "--schema", file(exported_schema(), "new.graphql"), *files))

    assert told.endswith("breaks none of 4 documents.\n")


def test_files_are_checked_without_a_database(aicmo: Aicmo, file: Any) -> None:
    broken = file("query Gone { gone }", "gone.graphql")
    schema = file(exported_schema(), "new.graphql")

    result = aicmo("check", "--schema", schema, broken, settings=IN_MEMORY)

    assert result.exit_code == 1
    assert "Gone: Cannot query field 'gone'" in result.stderr


def test_what_is_no_schema_is_told(aicmo: Aicmo, file: Any) -> None:
    assert "is no schema" in refused(aicmo("check", "--schema", file("type", "new.graphql")))
