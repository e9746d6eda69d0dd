"""The changes of docs/extending.md, carried out on a copy of the code as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extending.md"
COPIED = (
    "alembic.ini",
    "domain",
    "execution",
    "migrations",
    "orchestration",
    "pyproject.toml",
    "repositories",
    "resolvers",
    "schema",
    "server",
    "tests",
)
UNNEEDED: Final = shutil.ignore_patterns(".*", "node_modules", "*.pyc.*")
"""Bytecode comes along, so that only what is changed is compiled; but not while it's written."""
DIFF = re.compile(r"^( *)```diff\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADINGS: Final = ("Adding a field", "Adding an entity")
TESTS: Final = (
    "tests/contracts/test_records.py",
    "tests/contracts/test_registry.py",
    "tests/contracts/test_repositories.py",
    "tests/migrations/test_catalogue.py",
    "tests/migrations/test_steps.py",
    "tests/persistence/test_latest_wins.py",
    "tests/persistence/test_round_trip.py::test_every_field_comes_back_as_saved",
    "tests/persistence/test_round_trip.py::test_absent_fields_come_back_absent_and_empty_ones_empty",
    "tests/schema/test_nodes.py",
)
CHANGED: Final = ("draft", "contact")
"""The types of entities that sections change. Others are as they were, and have had their tests."""


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code after all changes: both sections, as whoever does both would."""
    tree: Path = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source, target = ROOT / name, tree / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=UNNEEDED)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for heading in HEADINGS:
        newest = max((tree / "migrations" / "versions").glob("0*.py")).name[:4]
        for diff in diffs(heading):
            revised = diff.replace("NEXT_REVISION", f"{int(newest) + 1:04}")
            revised = revised.replace("NEWEST_REVISION", newest)
            apply(revised, tree)
    return tree


def test_the_copy_keeps_its_promises_on_every_database(changed: Path, postgres_url: str) -> None:
    run(changed, "-c", "from schema.export import *; SCHEMA_FILE.write_text(exported_schema())")
    run(
        changed,
        *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS),
        *("-k", f"{' or '.join(CHANGED)} or not (latest_wins or round_trip)"),
        AICMO_TEST_POSTGRES_URL=postgres_url,
    )


def diffs(heading: str) -> Iterator[str]:
    """The changes of a section of the page, each of one file."""
    _, _, section = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    assert section, heading
    section, _, _ = section.partition("\n## ")
    for indented in DIFF.finditer(section):
        yield dedent(indented[2])


def apply(diff: str, tree: Path) -> None:
    """Change a file by hunks that each begin with a line "@@", or make it, where there is none.

    A hunk that only adds lines adds them at the end of the file.
    """
    head, _, body = diff.partition("\n")
    file = tree / head.removeprefix("+++ ")
    if not body.startswith("@@"):
        assert not file.exists(), f"{head}: it's there already"
        file.write_text(after(body), "utf-8")
        return
    text = file.read_text("utf-8")
    for hunk in re.split(r"^@@\n", body, flags=re.MULTILINE)[1:]:
        if not before(hunk):
            text += after(hunk)
            continue
        assert text.count(before(hunk)) == 1, f"{head}: not there, or not only once:\n{hunk}"
        text = text.replace(before(hunk), after(hunk))
    file.write_text(text, "utf-8")


def before(hunk: str) -> str:
    return "".join(f"{line[1:]}\n" for line in hunk.splitlines() if not line.startswith("+"))


def after(hunk: str) -> str:
    return "".join(f"{line[1:]}\n" for line in hunk.splitlines() if not line.startswith("-"))


def run(tree: Path, *arguments: str, **environment: str) -> None:
    """Run Python in the copy, on its own modules."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
