"""A request that a client has sent whole, without a connection below it."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.http_cycle import HTTP_CYCLE, HttpCycle

QUERY = b'{"query": "{ __typename }"}'
HEADERS = ((b"host", b"localhost"), (b"content-type", b"application/json"))


class Sink(asyncio.Transport):
    """Keeps what's written, each time on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing to close."""


class Asked:
    """The request's scope and http_cycle, and where its response goes."""

    def __init__(
        self, body: bytes = QUERY, headers: tuple[tuple[bytes, bytes], ...] = HEADERS
    ) -> None:
        self.sink = Sink()
        self.flow = FlowControl(self.sink)
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": list(headers),
            "state": {},
        }
        log = logging.getLogger("uvicorn.error")
        self.cycle = RequestResponseCycle(
            scope=self.scope,  # type: ignore[arg-type]
            transport=self.sink,
            flow=self.flow,
            logger=log,
            access_logger=log,
            access_log=False,
            default_headers=[(b"server", b"uvicorn")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self._end,
        )
        self.cycle.body += body
        self.cycle.more_body = False
        self.http_cycle = HttpCycle(self.cycle)
        self.scope["state"][HTTP_CYCLE] = self.http_cycle

    def _end(self) -> None:
        self.http_cycle.release()
