"""docs/clients.md to the letter: its files written, its commands run, against a real server."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schema.export import SCHEMA_FILE
from tests.support.node import NPM
from tests.support.patience import SECONDS
from tests.support.sdl import object_types
from tests.support.servers import IN_MEMORY, OverHttp, running_server
from tests.support.uv import PythonProject
from tests.tools import node_tools
from tests.tools.following import following

ROOT = Path(__file__).parents[2]
ADDRESS = "http://127.0.0.1:8000/graphql"

_SECTION = re.compile(r"^## (?P<name>[^\n]+)\n(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?://|#) (?P<name>\S+\.\w+)\n")

Printed = dict[str, list[str]]
"""The lines that each command printed."""

SECTIONS = {
    section["name"]: section["text"]
    for section in _SECTION.finditer((ROOT / "docs" / "clients.md").read_text("utf-8"))
}


def follow(section: str, folder: Path, url: str) -> Printed:
    """Write a section's files and run its commands."""
    printed: Printed = {}
    for block in _BLOCK.finditer(SECTIONS[section]):
        text = block["text"].replace(ADDRESS, url)
        if block["language"] == "sh":
            for line in text.splitlines():
                printed[line] = run(shlex.split(line), folder).splitlines()
        elif file := _FILE.match(text):
            path = folder / file["name"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text if path.suffix != ".json" else text.removeprefix(file[0]))
    return printed


def run(command: list[str], folder: Path) -> str:
    """What a command prints. Packages aren't installed again: they are there, by our locks."""
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
        case ["node", script]:
            return node_tools().run(script, folder=folder)
        case ["pip", "install", package]:
            assert f'"{package}>=' in (python_client().folder / "pyproject.toml").read_text("utf-8")
            return ""
        case [program, *arguments]:
            return python_client().run(program, *arguments, folder=folder)
    raise AssertionError("no command")


def python_client() -> PythonProject:
    project = PythonProject(ROOT / "clients" / "python")
    project.install()
    return project


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


def test_typescript_lists_packages(frontend: tuple[Path, Printed]) -> None:
    _, printed = frontend

    newest, *older = printed["node src/main.ts"]
    assert newest == "package-payback-guide What a roof of 1975 earns today passed"
    assert len(older) == 2


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
