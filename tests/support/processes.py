"""Programs that tests run."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.patience import SECONDS


class CommandFailed(Exception):
    """A command ended with an error, or not in time; the message has all that it printed."""


def output_of(
    command: Sequence[str | Path],
    *,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    timeout: float = SECONDS,
) -> str:
    """The output of a command that runs in the folder. Raises CommandFailed."""
    name = " ".join(map(str, command))
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{name} did not end within {timeout:g} seconds") from error
    if done.returncode:
        raise CommandFailed(f"{name} failed in {folder}:\n{done.stdout}{done.stderr}")
    return done.stdout
