"""The parts of libraries that they don't promise, and that we lean on.

A new version that changes one of them fails here first, with a sentence that names it. Until it has
been tried, the version's upper bound keeps it away.
"""

import asyncio
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from repositories.drivers.sqlite import SqliteFile

ROOT = Path(__file__).parents[2]

NAMES = [
    ("uvicorn.protocols.http.httptools_impl", "STATUS_LINE", "server/http_cycle.py"),
    (
        "uvicorn.protocols.http.httptools_impl",
        "RequestResponseCycle.run_asgi",
        "server/http_cycle.py",
    ),
    *(
        (
            "uvicorn.protocols.http.httptools_impl",
            f"HttpToolsProtocol.{name}",
            "server/http_protocol.py",
        )
        for name in (
            "_should_upgrade",
            "_start_asgi_task",
            "handle_websocket_upgrade",
            "on_body",
            "on_headers_complete",
            "on_message_begin",
            "on_message_complete",
            "on_response_complete",
            "send_400_response",
            "shutdown",
        )
    ),
    *(
        (
            "uvicorn.protocols.websockets.websockets_sansio_impl",
            f"WebSocketsSansIOProtocol.{name}",
            "server/websocket_protocol.py",
        )
        for name in (
            "handle_connect",
            "handle_parser_exception",
            "keepalive_timeout",
            "send",
            "send_receive_event_to_app",
            "stop_keepalive",
        )
    ),
    (
        "strawberry.schema.schema_converter",
        "GraphQLCoreConverter.DEFINITION_BACKREF",
        "schema/writing.py",
    ),
    ("strawberry.types.arguments", "convert_argument", "schema/resolving.py"),
    ("strawberry.schema.compat", "is_scalar", "schema/resolving.py"),
    ("graphql.language.parser", "MAX_NESTING_DEPTH", "schema/documents.py"),
    ("graphql.execution.executor", "invalid_return_type_error", "execution/running.py"),
    ("graphql.execution", "execute_root_selection_set", "execution/engine.py"),
]

OF_HTTP = (
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "loop",
    "parser",
    "pipeline",
    "server_state",
    "timeout_keep_alive",
    "transport",
)
OF_A_CYCLE = (
    "body",
    "default_headers",
    "disconnected",
    "flow",
    "keep_alive",
    "message_event",
    "more_body",
    "on_response",
    "response_complete",
    "response_started",
    "scope",
    "transport",
)
OF_A_WEBSOCKET = (
    "close_sent",
    "conn",
    "disconnected",
    "frames",
    "handshake_complete",
    "handshake_initiated",
    "initial_response",
    "transport",
    "writable",
)


def missing(names: tuple[str, ...], it: Any, where: str) -> list[str]:
    return [
        f"{type(it).__name__} has no {name}: see {where}" for name in names if not hasattr(it, name)
    ]


@pytest.mark.parametrize(("module", "name", "where"), NAMES, ids=[name for _, name, _ in NAMES])
def test_what_we_lean_on_is_there(module: str, name: str, where: str) -> None:
    it: Any = import_module(module)
    for part in name.split("."):
        assert hasattr(it, part), f"{module} has no {name} any more: see {where}"
        it = getattr(it, part)


class NoApp:
    """Serves nobody."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


async def test_connections_have_the_state_that_ours_look_at() -> None:
    config = uvicorn.Config(NoApp(), interface="asgi3", lifespan="off", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    http = HttpToolsProtocol(config, ServerState(), {}, loop)
    websocket = WebSocketsSansIOProtocol(config, ServerState(), {}, loop)
    cycle = RequestResponseCycle.__init__.__annotations__

    assert missing(OF_HTTP, http, "server/http_protocol.py") == []
    assert missing(OF_A_WEBSOCKET, websocket, "server/websocket_protocol.py") == []
    state = {"body", "disconnected", "more_body", "response_complete", "response_started"}
    assert set(OF_A_CYCLE) - state <= set(cycle), "see server/http_cycle.py"


async def test_a_connection_of_aiosqlite_tells_its_thread_and_whether_it_runs() -> None:
    connection = SqliteFile(":memory:")
    thread = connection._thread
    await connection

    assert connection._running, "repositories/drivers/sqlite.py asks whether it's closed"
    assert thread.is_alive()
    await connection.close()
    assert not connection._running


@pytest.mark.parametrize("library", ["aiosqlite", "strawberry-graphql", "uvicorn[standard]"])
def test_a_version_that_nobody_has_tried_is_kept_away(library: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [bounds] = [each for each in project["dependencies"] if each.startswith(f"{library}>")]

    assert ",<" in bounds
