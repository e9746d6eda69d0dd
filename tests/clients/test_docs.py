"""docs/clients.md to the letter: its files written, its commands run, against a real server."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema.export import SCHEMA_FILE
from tests.support.node import NPM
from tests.support.patience import SECONDS
from tests.support.sdl import object_types
from tests.support.servers import IN_MEMORY, OverHttp, running_server
from tests.support.uv import PythonProject
from tests.tools import FOLDER, node_tools
from tests.tools.following import following

ROOT = Path(__file__).parents[2]
PYTHON_CLIENT = ROOT / "clients" / "python"
PYTHON_LIBRARIES = FOLDER / "python_clients"
ADDRESS = "http://127.0.0.1:8000/graphql"

_SECTION = re.compile(r"^## (?P<name>[^\n]+)\n(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(
    r"^(?:`(?P<file>\S+)`:\n\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_FILE = re.compile(r"(?://|#) (?P<name>\S+\.\w+)\n")
"""A file is named in its first line, if it may have comments, or before it."""

Printed = dict[str, list[str]]
"""The lines that each command printed."""

SECTIONS = {
    section["name"]: section["text"]
    for section in _SECTION.finditer((ROOT / "docs" / "clients.md").read_text("utf-8"))
}


def follow(section: str, folder: Path, url: str, python: Path = PYTHON_CLIENT) -> Printed:
    """Write a section's files and run its commands, those of Python in a project's environment."""
    printed: Printed = {}
    for block in _BLOCK.finditer(SECTIONS[section]):
        text = block["text"].replace(ADDRESS, url)
        if block["language"] == "sh":
            for line in text.splitlines():
                printed[line] = run(shlex.split(line), folder, python).splitlines()
        elif file := block["file"] or ((named := _FILE.match(text)) and named["name"]):
            path = folder / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return printed


def run(command: list[str], folder: Path, python: Path = PYTHON_CLIENT) -> str:
    """The output of a command. Packages are installed already, by the project's locks."""
    match command:
        case ["npm", "install", *arguments]:
            tools = node_tools().folder
            package = json.loads((tools / "package.json").read_text("utf-8"))
            assert {name for name in arguments if name[0] != "-"} <= package["dependencies"].keys()
            (folder / "node_modules").unlink(missing_ok=True)
            (folder / "node_modules").symlink_to(tools / "node_modules")
            return ""
        case ["npm", *arguments]:
            return node_tools().run(NPM, *arguments, folder=folder)
        case ["npx", tool, *arguments]:
            return node_tools().tool(tool, *arguments, folder=folder)
        case ["bash", *arguments]:
            ran = subprocess.run(
                ["bash", *arguments], cwd=folder, check=True, capture_output=True, text=True
            )
            return ran.stdout
        case ["node", script]:
            return node_tools().run(script, folder=folder)
        case ["pip", "install", package]:
            assert f'"{package}>=' in (python / "pyproject.toml").read_text("utf-8")
            return ""
        case [program, *arguments]:
            project = PythonProject(python)
            project.install()
            return project.run(program, *arguments, folder=folder)
    raise AssertionError("no command")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with the demo agency, as nobody has changed it yet."""
    log = tmp_path_factory.mktemp("docs-server") / "log"
    with running_server(IN_MEMORY, log, "--demo") as server:
        yield server.graphql_url


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory, url: str) -> tuple[Path, Printed]:
    """The sections on TypeScript: their folder, and what their commands printed."""
    folder = tmp_path_factory.mktemp("frontend")
    printed: Printed = {}
    for section in ("TypeScript", "Apollo Client", "urql"):
        printed |= follow(section, folder, url)
    return folder, printed


# The demo agency has three packages.


def test_which_node_it_takes_is_said_before_the_first_command() -> None:
    package = json.loads((ROOT / "clients" / "typescript" / "package.json").read_text("utf-8"))
    oldest = package["engines"]["node"].removeprefix(">=")
    before, _, _ = SECTIONS["TypeScript"].partition("```sh")

    assert f"Node {oldest} or newer" in before


def test_typescript_lists_packages(frontend: tuple[Path, Printed]) -> None:
    _, printed = frontend

    newest, *older = printed["node src/main.ts"]
    assert newest == "package-payback-guide What a roof of 1975 earns today passed"
    assert len(older) == 2


def test_files_are_uploaded_by_curl_and_by_javascript(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')
    with running_server(IN_MEMORY, tmp_path / "log", "--demo") as server:
        printed = follow("Uploading files", tmp_path, server.graphql_url)

    size = (tmp_path / "upload.sh").stat().st_size
    [response] = printed["bash upload.sh upload.sh text/x-shellscript"]
    assert json.loads(response)["data"]["completeUpload"] == {
        "file": {"name": "upload.sh", "size": size},
        "errors": [],
    }
    assert printed["node upload.js"] == ["trails.txt Ten trails, by train."]


@pytest.mark.parametrize("script", ["src/apollo-pages.ts", "src/urql-pages.ts"])
def test_a_cache_joins_pages(frontend: tuple[Path, Printed], script: str) -> None:
    _, printed = frontend

    listed = re.findall(r"'(.+?)'", "".join(printed[f"node {script}"]))
    assert len(listed) == len(set(listed)) == 3
    assert listed[0] == "package-payback-guide"


def test_apollo_replaces_values_without_a_warning(frontend: tuple[Path, Printed], url: str) -> None:
    """Where it isn't told that this is right, it warns that data may be lost."""
    folder, _ = frontend
    script = ("--conditions=development", "apollo_values.mjs")

    warnings = json.loads(node_tools().run(*script, url, folder / "src" / "apollo.ts"))

    assert len(warnings["untold"]) > 0
    assert warnings["told"] == []


def test_everything_is_typed(frontend: tuple[Path, Printed]) -> None:
    folder, printed = frontend
    [check] = [line for line in printed if line.startswith("npx tsc")]
    files = [str(file.relative_to(folder)) for file in folder.rglob("src/*.ts")]

    assert len(files) >= 7
    run([*shlex.split(check)[:-1], *files], folder)


@pytest.fixture(scope="module", params=["apollo", "urql"])
def seen(request: pytest.FixtureRequest, frontend: tuple[Path, Printed], url: str) -> Any:
    """The lists that each cache shows when a package of a list is deleted."""
    return deleting(frontend, url, request.param)


def test_what_was_deleted_leaves_the_lists_of_a_cache(seen: Any) -> None:
    assert seen["before"][0] == "to-delete"
    assert seen["outcome"]["errors"] == []
    assert "to-delete" not in seen["after"]
    assert seen["after"][0] == "package-payback-guide"


def test_why_a_mutation_is_refused_is_told_without_a_warning(seen: Any) -> None:
    assert [error["code"] for error in seen["missing"]["errors"]] == ["NOT_FOUND"]
    [conflict] = seen["conflict"]["errors"]
    assert conflict["__typename"] == "RevisionConflictError"
    # Both clients save the same keys, and revisions go on after deletions.
    assert (conflict["expectedRevision"], conflict["actualRevision"]) in {(7, 1), (7, 2)}
    assert seen["warnings"] == []


def test_graphcache_warns_where_it_is_not_told_the_schema(
    frontend: tuple[Path, Printed], url: str
) -> None:
    source = frontend[0] / "src"
    untold = (source / "urql.ts").read_text("utf-8").replace("      schema,\n", "")
    (source / "urql-untold.ts").write_text(untold)
    as_documented = (source / "urql-deleting.ts").read_text("utf-8")
    (source / "urql-untold-deleting.ts").write_text(
        as_documented.replace("./urql.ts", "./urql-untold.ts")
    )

    warnings = deleting(frontend, url, "urql-untold")["warnings"]

    assert any("A schema needs to be defined" in warning for warning in warnings)


def deleting(frontend: tuple[Path, Printed], url: str, client: str) -> Any:
    """The output of deleting.mjs with the modules of a client."""
    source = frontend[0] / "src"
    modules = (source / f"{client}.ts", source / f"{client}-deleting.ts")
    script = ("--conditions=development", "deleting.mjs")
    return json.loads(node_tools().run(*script, url, client.partition("-")[0], *modules))


@pytest.mark.parametrize("script", ["src/apollo-changes.ts", "src/urql-changes.ts"])
async def test_changes_are_told(frontend: tuple[Path, Printed], url: str, script: str) -> None:
    folder, _ = frontend
    package = {"packageId": "package-payback-guide", "draftId": "draft-payback-guide"}
    async with (
        httpx.AsyncClient(timeout=SECONDS) as http,
        following(script, folder=folder) as follower,
    ):
        assert await follower.first(OverHttp(http, url), package) == "SAVED\n"


def test_relay_compiles(tmp_path: Path, url: str) -> None:
    shutil.copy(SCHEMA_FILE, tmp_path)

    follow("Relay", tmp_path, url)

    assert {file.name for file in tmp_path.rglob("*.graphql.js")} == {
        "PackagesDeleteMutation.graphql.js",
        "PackagesPaginationQuery.graphql.js",
        "Packages_list.graphql.js",
    }


def test_python_lists_packages(tmp_path: Path, url: str) -> None:
    printed = follow("Python", tmp_path, url)

    newest, *older = printed["python main.py"]
    assert newest == "package-payback-guide passed"
    assert len(older) == 2


def test_gql_sends_json_by_a_variable(tmp_path: Path, url: str) -> None:
    printed = follow("gql and sgqlc", tmp_path, url, PYTHON_LIBRARIES)

    [response] = printed["python submit.py"]
    assert "'errors': []" in response


# What was tried, and what isn't spoken


def test_clients_are_tried_in_the_versions_that_the_table_says() -> None:
    told = dict(re.findall(r"`([^`|]+)` (\d+)", SECTIONS["What was tried"]))

    assert len(told) >= 10
    assert told == {package: locked()[package].partition(".")[0] for package in told}


def locked() -> dict[str, str]:
    """The versions of packages by our locks."""
    npm = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))["packages"]
    versions = {name.removeprefix("node_modules/"): found for name, found in npm.items()}
    found = {name: package["version"] for name, package in versions.items() if name}
    for project in (PYTHON_CLIENT, PYTHON_LIBRARIES):
        lock = tomllib.loads((project / "uv.lock").read_text("utf-8"))
        found |= {package["name"]: package["version"] for package in lock["package"]}
    return found


NOTHING = "{ __typename }"


async def test_what_is_not_spoken_is_refused(url: str) -> None:
    """The older subprotocol of WebSockets is in tests/http/test_websocket_connections.py."""
    async with httpx.AsyncClient(timeout=30) as http:
        batch = await http.post(url, json=[{"query": NOTHING}])
        upload = await http.post(url, files={"0": b"text"}, data={"operations": "{}", "map": "{}"})
        deferred = await http.post(url, json={"query": "{ ... @defer { __typename } }"})

    assert batch.status_code == 400
    assert upload.status_code == 415
    [error] = deferred.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


# What caches are told is told of everything that needs it.


@pytest.mark.parametrize("section", ["Apollo Client", "urql"])
def test_every_list_of_entities_joins_its_pages(section: str) -> None:
    connections = [
        f"{type_.name}.{name}"
        for type_ in object_types()
        for name, field in type_.fields.items()
        if str(field.type).endswith("Connection!")
    ]

    assert SECTIONS[section].count(": pages") == len(connections)


@pytest.mark.parametrize("section", ["Apollo Client", "urql"])
def test_every_value_is_known_to_have_no_key(section: str) -> None:
    values = [
        type_.name
        for type_ in object_types()
        if "id" not in type_.fields
        and not type_.interfaces
        and not re.search(
            r"(Query|Mutation|Subscription|Payload|Edge|Connection|Change|PageInfo)$", type_.name
        )
    ]

    assert [name for name in values if f" {name}: " not in SECTIONS[section]] == []
