"""GraphQL over server-sent events, in distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from schema.execute import Prepared, Response
from server.requests import EVENT_STREAM, RequestRefused
from server.responses import encode, refuse
from server.service import Service

_COMPLETE = b"event: complete\ndata:\n\n"
_KEEP_ALIVE = b":\n\n"


class EventStream(HttpResponse):
    """One `next` event for each response of an operation, then `complete`."""

    def __init__(self, service: Service, operation: Prepared | Response, request_id: str) -> None:
        super().__init__(
            headers={
                "Content-Type": f"{EVENT_STREAM}; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
                "X-Request-Id": request_id,
            }
        )
        del self.headers["Content-Length"]
        self._service = service
        self._operation = operation
        self._request_id = request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._service.streams.taken():
                await self._serve(Request(scope, receive), send)
        except RequestRefused as refusal:
            await refuse(refusal, self._request_id)(scope, receive, send)

    async def _serve(self, request: Request, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        tasks = {
            asyncio.create_task(self._send_events(send)),
            asyncio.create_task(disconnected(request)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await send({"type": "http.response.body", "body": b""})

    async def _send_events(self, send: Send) -> None:
        async def push(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        await push(_KEEP_ALIVE)
        async for chunk in self._chunks():
            await push(chunk)
        await push(_COMPLETE)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        """Events, and comments while there is none, so that proxies keep the stream open."""
        responses = self._service.responses(self._operation, self._request_id)
        following = None
        try:
            while True:
                following = following or asyncio.ensure_future(anext(responses))
                seconds = self._service.stream_limits.keep_alive_seconds
                await asyncio.wait({following}, timeout=seconds)
                if not following.done():
                    yield _KEEP_ALIVE
                    continue
                try:
                    response = following.result()
                except StopAsyncIteration:
                    return
                following = None
                yield b"event: next\ndata: " + encode(response.as_json()) + b"\n\n"
        finally:
            if following is not None:
                following.cancel()
                await asyncio.wait({following})
            await responses.aclose()


async def disconnected(request: Request) -> None:
    """Returns when the client is gone; its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
