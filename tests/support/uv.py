"""Python projects with an environment of their own, by the uv that our lock names."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from tests.support.processes import output_of

INSTALLATION_SECONDS = 600
"""The seconds that an installation may take. It takes a few, or fewer from uv's cache."""

RUN_SECONDS = 900
"""The seconds that a program may take. A fuzzer takes half a minute alone, minutes beside others.
"""

SETTINGS = {
    "UV_PROJECT_ENVIRONMENT": ".venv",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "1",
}


@dataclass(frozen=True, slots=True)
class PythonProject:
    """A folder with a pyproject.toml and a lock."""

    folder: Path

    def install(self) -> None:
        """Install what the lock names into the folder's `.venv`, which this Python makes."""
        output_of(
            [find_uv_bin(), "sync", "--quiet", "--frozen", "--python", sys.executable],
            folder=self.folder,
            variables=SETTINGS,
            timeout=INSTALLATION_SECONDS,
        )

    def run(
        self,
        command: str,
        *arguments: str,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """The output of a command of the environment, run in the project's folder or another."""
        program = self.folder / ".venv" / "bin" / command
        return output_of(
            [program, *arguments],
            folder=folder or self.folder,
            variables=variables,
            timeout=RUN_SECONDS,
        )
