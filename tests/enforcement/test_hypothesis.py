"""All tests with examples have one profile, which neither CI nor a test of its own changes."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]
OF_A_TEST = {"max_examples", "phases"}
"""The settings that a test may choose: how many examples it has, and whether they are shrunk."""


def test_no_speed_fails_a_test_and_every_run_has_the_same_examples() -> None:
    ours = settings()

    assert ours.deadline is None
    assert {HealthCheck.too_slow, HealthCheck.data_too_large} <= set(ours.suppress_health_check)
    assert ours.derandomize
    assert ours.database is None


@pytest.mark.parametrize("ci", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": "true"}], ids=str)
def test_the_profile_is_the_same_with_and_without_ci(ci: dict[str, str]) -> None:
    program = (
        "from hypothesis import settings\n"
        "from tests.support.hypothesis_profile import load\n"
        "load()\n"
        "print(settings())"
    )
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    seen = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=bare | ci,
        capture_output=True,
        text=True,
        check=True,
    )

    assert seen.stdout.strip() == str(settings())


def _changed(source: str) -> Iterator[str]:
    """Which settings of Hypothesis the source changes."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "hypothesis"
        for alias in node.names
        if alias.name == "settings"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in imported or ast.unparse(node.func).startswith("hypothesis.settings"):
                yield from (keyword.arg or "**" for keyword in node.keywords)


def test_no_test_undoes_the_profile() -> None:
    tests = [
        file
        for file in (ROOT / "tests").rglob("*.py")
        if not {".venv", "node_modules"} & set(file.parts)
    ]
    undone = {
        str(file.relative_to(ROOT)): changed
        for file in tests
        if (changed := set(_changed(file.read_text("utf-8"))) - OF_A_TEST)
    }

    assert undone == {}


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("from hypothesis import settings\n@settings(deadline=1)\ndef f(): ...", ["deadline"]),
        ("from hypothesis import settings as s\nbounded = s(derandomize=False)", ["derandomize"]),
        ("import hypothesis\nhypothesis.settings(max_examples=3)", ["max_examples"]),
        ("import hypothesis\nhypothesis.settings.load_profile('ci')", []),
        ("def settings(a): ...\nsettings(a=1)", []),
    ],
)
def test_what_a_test_changes_is_found(source: str, changed: list[str]) -> None:
    assert list(_changed(source)) == changed
