"""Processes that tests start don't compile anew what another has compiled."""

import json
import os
import sys
from pathlib import Path

from tests.support.processes import output_of

ROOT = Path(__file__).parents[2]
IN_A_PROCESS_OF_A_TEST = """
import json, subprocess, sys
import tests
told = "import json, sys; print(json.dumps([sys.dont_write_bytecode, sys.pycache_prefix]))"
print(subprocess.check_output([sys.executable, "-c", told], text=True))
"""


def told(**variables: str) -> tuple[bool, str | None]:
    """Whether compiled code is not kept by a process that a test starts, and in which folder."""
    unset = dict.fromkeys(("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"), "")
    command = [sys.executable, "-c", IN_A_PROCESS_OF_A_TEST]
    kept_not, folder = json.loads(output_of(command, folder=ROOT, variables=unset | variables))
    return kept_not, folder


def test_it_is_kept_in_the_environment_where_python_may_not_write_it_beside_the_sources() -> None:
    assert told(PYTHONDONTWRITEBYTECODE="1") == (False, f"{sys.prefix}{os.sep}pycache")


def test_it_is_kept_in_the_folder_that_python_was_given(tmp_path: Path) -> None:
    given = {"PYTHONPYCACHEPREFIX": str(tmp_path)}

    assert told(PYTHONDONTWRITEBYTECODE="1", **given) == (False, str(tmp_path))


def test_python_keeps_its_own_way_where_it_may_write() -> None:
    assert told() == (False, None)
