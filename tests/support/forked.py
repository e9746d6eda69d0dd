"""Programs of Python that don't import again what another process has imported for all of them."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

from server.entry import main


class ForkedProgram:
    """`aicmo` in a process of its own, as `subprocess.Popen` would give it.

    The process is the fork of one that has imported the server and done nothing else, which takes
    most of the time that the program needs to start. All else happens in the process itself, which
    may do something `first`.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        errors: Path,
        first: Callable[[], None] | None = None,
    ) -> None:
        reader, writer = _context().Pipe(duplex=False)
        self._process = _context().Process(
            target=_run,
            args=(list(arguments), dict(variables), str(Path.cwd()), writer, str(errors), first),
            daemon=True,
        )
        self._process.start()
        writer.close()
        self.stdout: io.TextIOWrapper = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()
        assert self._process.pid is not None
        self.args = ["aicmo", *arguments]
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, sent: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sent)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> "ForkedProgram":
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.wait()


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["server.cli", __name__])
    return context


def _run(
    arguments: list[str],
    variables: dict[str, str],
    folder: str,
    output: Connection,
    errors: str,
    first: Callable[[], None] | None,
) -> None:
    """What the process does, which leaves by SystemExit."""
    with Path(errors).open("w") as log:
        os.dup2(log.fileno(), 2)
    os.dup2(output.fileno(), 1)
    output.close()
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = ["aicmo", *arguments]
    if first is not None:
        first()
    main()
