"""The server as its users run it: `aicmo serve`, in a process of its own, on a free port."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.forked import ForkedProgram
from tests.support.graphql import GraphQLClient, Json
from tests.support.patience import SECONDS

ROOT = Path(__file__).parents[2]
AICMO = str(Path(sys.executable).with_name("aicmo"))


def environment(**settings: str) -> dict[str, str]:
    """This process's, with these settings and no others of AICMO."""
    own = re.compile("(AICMO_.*|HOST|PORT)")
    return {name: value for name, value in os.environ.items() if not own.fullmatch(name)} | settings


IN_MEMORY: Mapping[str, str] = {"AICMO_PERSISTENCE_MODE": "inmemory"}


def stored_in(database_url: str) -> Mapping[str, str]:
    return {"AICMO_PERSISTENCE_MODE": "db", "AICMO_DATABASE_URL": database_url}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. What it writes to standard error is in `log`."""

    url: str
    process: subprocess.Popen[str] | ForkedProgram
    log: Path

    @property
    def graphql_url(self) -> str:
        return f"{self.url}/graphql"

    def terminate(self) -> int:
        """Ask it to stop, as a service manager does; gives its exit code."""
        self.process.terminate()
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(SECONDS)


@contextmanager
def running_server(
    settings: Mapping[str, str],
    log: Path,
    *options: str,
    ulimit: str | None = None,
    first: Callable[[], None] | None = None,
) -> Iterator[Server]:
    """A server that listens; at the end it's killed, unless it has ended already.

    It's started within the limit that the shell's `ulimit` sets by these options. Otherwise its
    process may do something `first`: a function of a module.
    """
    assert ulimit is None or first is None
    arguments = ["serve", "--port", "0", *options]
    with _started(arguments, environment(**settings), log, ulimit, first) as process:
        try:
            yield Server(_address(process, log), process, log)
        finally:
            process.kill()


@contextmanager
def _started(
    arguments: list[str],
    variables: Mapping[str, str],
    log: Path,
    ulimit: str | None,
    first: Callable[[], None] | None,
) -> Iterator[subprocess.Popen[str] | ForkedProgram]:
    if ulimit is None:
        with ForkedProgram(arguments, variables, log, first) as process:
            yield process
        return
    command = ["sh", "-c", f'ulimit {ulimit} && exec "$@"', "sh", AICMO, *arguments]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        ) as process,
    ):
        yield process


def _address(process: subprocess.Popen[str] | ForkedProgram, log: Path) -> str:
    """Where it listens, which it tells when it does."""
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if found := re.match(r"GraphQL API.*(http://\S+)/graphql", line):
            return found[1]
    raise RuntimeError(f"the server did not start:\n{''.join(told)}{log.read_text()}")


@dataclass(frozen=True, slots=True)
class OverHttp(GraphQLClient):
    """Sends operations to a running server."""

    http: httpx.AsyncClient
    url: str

    async def send(
        self, query: str, variables: Json | None = None, operation_name: str | None = None
    ) -> Json:
        request = {"query": query, "variables": variables, "operationName": operation_name}
        response = await self.http.post(self.url, json=request)
        assert response.status_code == 200, response.text
        body: Any = response.json()
        assert isinstance(body, dict)
        return body
