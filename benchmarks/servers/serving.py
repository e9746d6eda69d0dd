"""The common part of the servers: they listen, print their address, and count."""

import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import uvicorn
from graphql import Executor
from starlette.responses import JSONResponse

DATABASE_URL = "DATABASE_URL"
POOL_SIZE = "POOL_SIZE"

COUNTS: Final = "/counts"
"""The path where a server tells what it counted."""
GRAPHQL_CORE: Final = "operations that graphql-core executed"
STATEMENTS: Final = "statements"

counts: Final[Counter[str]] = Counter()
"""The counters of this process."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Serve = Callable[[socket.socket], None]


def listen(serve: Serve) -> None:
    """Serve at a free port, whose address is printed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/graphql", flush=True)
        serve(listening)


def by_uvicorn(app: App) -> Serve:
    """Serve with uvicorn's fastest settings: its parser in C, uvloop, no access log."""

    async def telling(scope: Scope, receive: Receive, send: Send) -> None:
        answer = JSONResponse(counts) if scope.get("path") == COUNTS else app
        await answer(scope, receive, send)

    def serve(listening: socket.socket) -> None:
        config = uvicorn.Config(telling, http="httptools", loop="uvloop", log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])

    return serve


def count_graphql_core() -> None:
    """Count each operation that graphql-core executes in this process from now on.

    Its fields aren't counted: that would cost time while the server is measured.
    """
    execute = Executor.execute_operation

    def counting(executor: Executor[Any], serially: bool | None = None) -> Any:
        counts[GRAPHQL_CORE] += 1
        return execute(executor, serially)

    Executor.execute_operation = counting  # type: ignore[method-assign, assignment]


def database() -> tuple[str, int]:
    """The URL of the database and the size of the pool."""
    return os.environ[DATABASE_URL], int(os.environ[POOL_SIZE])
