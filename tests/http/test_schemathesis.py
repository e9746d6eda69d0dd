"""Schemathesis, which tries what it can think of for each field of the schema."""

import os
from pathlib import Path

from tests.support.servers import IN_MEMORY, running_server
from tests.support.uv import PythonProject

ROOT = Path(__file__).parents[2]
FUZZING = PythonProject(ROOT / "tests" / "tools" / "fuzzing")
EXAMPLES = 20
"""For each field of Query and Mutation."""


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    FUZZING.install()
    log = tmp_path / "log"
    with running_server(IN_MEMORY, log, "--demo") as server:
        # It fails, and prints what it found, unless all is well.
        FUZZING.run(
            "schemathesis",
            "run",
            server.graphql_url,
            "--phases=fuzzing",
            "--checks=all",
            "--exclude-checks=positive_data_acceptance",  # there are rules that no schema can say
            f"--max-examples={EXAMPLES}",
            "--request-timeout=120",
            "--generation-deterministic",
            "--continue-on-failure",
            "--warnings=off",
            "--no-color",
            folder=tmp_path,
            variables={
                "SCHEMATHESIS_HOOKS": "hooks",
                "PYTHONPATH": f"{FUZZING.folder}{os.pathsep}{ROOT}",
            },
        )
    assert "Traceback" not in log.read_text()
    assert "ERROR" not in log.read_text()
