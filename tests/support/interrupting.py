"""Commands that Ctrl+C ends."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.patience import SECONDS
from tests.support.servers import environment


@contextmanager
def running(*command: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, whose output is read here."""
    with subprocess.Popen(
        command,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str]) -> str:
    """The process's standard error from the signal on; fails if the process doesn't end."""
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    return errors
