"""Commands of `aicmo`, run in this process."""

import subprocess
from collections.abc import Callable

from typer.testing import CliRunner, Result

from server.cli import app
from tests.support.servers import stored_in

Aicmo = Callable[..., Result]


def aicmo(*arguments: str, database: str | None = None, **settings: str) -> Result:
    """Runs a command; `database` is the URL that it is to work on."""
    if database is not None:
        settings |= stored_in(database)
    return CliRunner().invoke(app, arguments, prog_name="aicmo", env=settings)


def one_line_of_error(result: Result | subprocess.CompletedProcess[str], exit_code: int = 1) -> str:
    """The message of a failed command, without the name of the program."""
    ended = result.exit_code if isinstance(result, Result) else result.returncode
    assert ended == exit_code, (result.stdout, result.stderr)
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("aicmo: ")
    return line.removeprefix("aicmo: ")


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout
