"""What the servers have in common: where they listen, and that they say it."""

import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

DATABASE_URL = "DATABASE_URL"
POOL_SIZE = "POOL_SIZE"

Serve = Callable[[socket.socket], None]


def listen(serve: Serve) -> None:
    """Serve at a free port, whose address is printed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/graphql", flush=True)
        serve(listening)


def by_uvicorn(app: Any) -> Serve:
    """As fast as it gets with uvicorn: its parser in C, uvloop, no access log."""

    def serve(listening: socket.socket) -> None:
        config = uvicorn.Config(app, http="httptools", loop="uvloop", log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])

    return serve


def database() -> tuple[str, int]:
    """The URL of the database and the size of the pool."""
    return os.environ[DATABASE_URL], int(os.environ[POOL_SIZE])
