"""The servers that are measured."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.databases import AICMO, Database
from benchmarks.scenarios import Scenario

_PATIENCE_SECONDS = 60
_ADDRESS = re.compile(r"http://\S+/graphql")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: at `address`, by `process` and its children."""

    address: str
    process: psutil.Process


def as_it_is(scenario: Scenario) -> Scenario:
    return scenario


@dataclass(frozen=True, slots=True)
class Contender:
    """A server on a database.

    `start` starts it and, at the end of the context, stops it. Where its schema has other names
    than ours, `translate` says a scenario in its words.
    """

    name: str
    database: Database
    start: Callable[[Database], AbstractContextManager[Running]]
    translate: Callable[[Scenario], Scenario] = field(default=as_it_is)


@contextmanager
def aicmo(database: Database) -> Iterator[Running]:
    """Our server, as users start it: one process, nothing set but the database."""
    with TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        process = subprocess.Popen(
            [AICMO, "serve", "--port", "0"],
            env=database.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Running(_address(process, log), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """What the server says that its address is, once it listens."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := _ADDRESS.search(log.read_text("utf-8")):
            return found[0]
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8')}")
