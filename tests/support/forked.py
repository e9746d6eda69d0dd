"""Processes of Python that don't import again what another process has imported for all of them."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, Final, NoReturn

from server.entry import main
from tests.support.patience import SECONDS

_IMPORTED: Final = (
    "server.cli",
    "tests.orchestration.killed_runs",
    "tests.orchestration.killed_transfers",
    "tests.orchestration.killed_uploads",
    __name__,
)
"""What processes of any test begin with: they are forks of the same one."""


def forked(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """A process that calls it, and has begun."""
    process = _context().Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def was_killed(process: ForkServerProcess) -> bool:
    """Wait for its end; whether it was killed before it had done all it had to do."""
    process.join(SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


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
        self._process = forked(
            _run, list(arguments), dict(variables), str(Path.cwd()), writer, str(errors), first
        )
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


class Forks:
    """Processes that do the same work, each a fork of one that has done it once before: none has to
    find out again what that one has, such as how SQL is compiled.

    The work leaves no thread and no connection behind.
    """

    def __init__(self, work: Callable[..., None], *first: Any) -> None:
        """Do the work in a process with these arguments, from which the others are forked."""
        self._requests, others = _context().Pipe()
        self._process = forked(_fork_again_and_again, work, first, others)
        others.close()
        self._answer()

    def is_killed(self, *arguments: Any) -> bool:
        """Do the work; whether its process was killed before it had done it all."""
        self._requests.send(arguments)
        code = self._answer()
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def close(self) -> None:
        self._requests.close()
        self._process.join(SECONDS)

    def _answer(self) -> int:
        assert self._requests.poll(SECONDS)
        code: int = self._requests.recv()
        return code


def _fork_again_and_again(
    work: Callable[..., None], first: tuple[Any, ...], requests: Connection
) -> None:
    work(*first)
    requests.send(0)
    with suppress(EOFError):
        while True:
            arguments = requests.recv()
            pid = os.fork()
            if pid == 0:
                _leave_after(work, arguments)
            requests.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _leave_after(work: Callable[..., None], arguments: tuple[Any, ...]) -> NoReturn:
    """Do the work, and nothing of what the process that was forked has to do."""
    code = 1
    try:
        work(*arguments)
        code = 0
    except BaseException:  # noqa: BLE001 - nobody else is left to tell it
        traceback.print_exc()
    finally:
        os._exit(code)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED))
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
