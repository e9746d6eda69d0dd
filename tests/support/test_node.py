"""Packages are there when a test needs them, and installing them is not done twice."""

import json
from pathlib import Path

import pytest

from tests.support.node import NodeProject
from tests.support.processes import CommandFailed


@pytest.fixture
def project(tmp_path: Path) -> NodeProject:
    """It asks for no packages, so that nothing is fetched."""
    package = {"name": "empty", "version": "1.0.0"}
    lock = {**package, "lockfileVersion": 3, "requires": True, "packages": {"": package}}
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    return NodeProject(tmp_path)


def test_a_lock_is_installed_once(project: NodeProject) -> None:
    project.install()
    added = project.folder / "node_modules" / "added-by-hand"
    added.mkdir()

    project.install()
    assert added.exists()

    lock = project.folder / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    project.install()
    assert not added.exists()


def test_a_script_that_fails_says_why(project: NodeProject) -> None:
    (project.folder / "fail.mjs").write_text("console.log('so far'); throw new Error('because')")

    with pytest.raises(CommandFailed, match=r"(?s)fail.mjs failed.*so far.*because"):
        project.run("fail.mjs")


def test_a_script_that_hangs_is_ended(project: NodeProject) -> None:
    (project.folder / "hang.mjs").write_text("setInterval(() => {}, 1000)")

    with pytest.raises(CommandFailed, match="did not end within"):
        project.run("hang.mjs", timeout=0.5)
