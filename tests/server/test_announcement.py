"""The server's announcement at its start is true."""

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.servers import AICMO, IN_MEMORY, environment


@pytest.mark.parametrize("production", [False, True])
def test_graphiql_is_announced_where_it_is_served(production: bool, tmp_path: Path) -> None:
    settings = {**IN_MEMORY, "AICMO_PRODUCTION": str(production)}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [AICMO, "serve", "--port", "0"],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            told = ""
            while "Ctrl+C" not in told and (line := process.stdout.readline()):
                told += line
            address = re.findall(r"^GraphQL API.* (http://\S+)$", told, re.MULTILINE)[0]
            page = httpx.get(address, headers={"Accept": "text/html"})
        finally:
            process.kill()

    assert ("GraphiQL" in told) == ("<title>" in page.text) == (not production)
