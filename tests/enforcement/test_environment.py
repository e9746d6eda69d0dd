"""Only the server reads the environment, the clock has one source, and so has chance."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "files", "repositories", "resolvers", "schema", "execution", "migrations")
FORBIDDEN = {
    "os.environ",
    "os.environb",
    "os.getenv",
    "os.getenvb",
    "os.putenv",
    "os.unsetenv",
}


def _uses(source: str, forbidden: set[str]) -> Iterator[str]:
    """The forbidden names that the source uses, whatever it imports them as."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    names[alias.name.split(".")[0]] = alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names[alias.asname or alias.name] = full
                if full in forbidden or alias.name == "*":
                    yield full
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            used = _dotted(node, names)
            if used in forbidden:
                yield used


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value, names)
        return f"{inner}.{node.attr}" if inner else None
    return None


@pytest.mark.parametrize("room", ROOMS)
def test_the_environment_is_not_read(room: str) -> None:
    found = {
        str(file.relative_to(ROOT)): uses
        for file in (ROOT / room).rglob("*.py")
        if (uses := list(_uses(file.read_text(), FORBIDDEN)))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("import os\nurl = os.environ['URL']", "os.environ"),
        ("import os\nurl = os.getenv('URL')", "os.getenv"),
        ("import os as system\nsystem.environ.get('URL')", "os.environ"),
        ("import os.path\nos.environ.get('URL')", "os.environ"),
        ("from os import environ\n", "os.environ"),
        ("from os import getenv as ask\n", "os.getenv"),
        ("from os import *\n", "os.*"),
        ("def late():\n    import os\n    return os.environb", "os.environb"),
    ],
)
def test_reading_it_is_found(source: str, used: str) -> None:
    assert list(_uses(source, FORBIDDEN)) == [used]


def test_other_uses_of_the_same_names_are_not() -> None:
    source = "import os\nos.path.join('environ')\nenviron = {}\nenviron.get('os')\n"

    assert list(_uses(source, FORBIDDEN)) == []


# What tests must be able to set

CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
KEYS = {"uuid.uuid1", "uuid.uuid4", "secrets.token_hex", "secrets.randbits", "secrets.token_bytes"}
SOURCES = "domain/sources.py"


@pytest.mark.parametrize(
    "room", ["domain", "files", "repositories", "resolvers", "schema", "execution"]
)
def test_time_and_keys_come_from_their_one_source(room: str) -> None:
    found = {
        str(file.relative_to(ROOT)): uses
        for file in (ROOT / room).rglob("*.py")
        if (uses := list(_uses(file.read_text(), CLOCKS | KEYS)))
    }

    assert found.keys() <= {SOURCES}
    assert room != "domain" or set(found[SOURCES]) == {
        "datetime.datetime.now",
        "secrets.randbits",
        "secrets.token_bytes",
    }
