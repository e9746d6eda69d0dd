"""GraphQL over server-sent events, in distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from schema.encoding import encode
from schema.execute import Prepared, Response
from server.capacity import Share
from server.requests import EVENT_STREAM, RequestRefused
from server.responses import refuse
from server.service import Service, is_subscription

_COMPLETE = b"event: complete\ndata:\n\n"
_KEEP_ALIVE = b":\n\n"


class EventStream(HttpResponse):
    """One `next` event for each response of an operation, then `complete`.

    A subscription has begun when its headers are sent: what happens from then on is told. It ends
    without `complete` when the server closes: clients connect again then.
    """

    def __init__(
        self, service: Service, operation: Prepared | Response, request_id: str, held: Share
    ) -> None:
        """`held` is what the request takes up until the stream ends."""
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
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            try:
                with self._service.streams.taken():
                    async with self._service.responses(
                        self._operation, self._request_id
                    ) as responses:
                        await self._serve(responses, receive, send)
            except RequestRefused as refusal:
                await refuse(refusal, self._request_id)(scope, receive, send)

    async def _serve(
        self, responses: AsyncIterator[Response], receive: Receive, send: Send
    ) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        events = asyncio.create_task(self._send_events(responses, send))
        tasks = {events, asyncio.create_task(disconnected(receive))}
        if is_subscription(self._operation):
            tasks.add(asyncio.create_task(self._until_closing()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not events.cancelled():
            events.result()
        await send({"type": "http.response.body", "body": b""})

    async def _until_closing(self) -> None:
        await self._service.closing.wait()

    async def _send_events(self, responses: AsyncIterator[Response], send: Send) -> None:
        async def push(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        await push(_KEEP_ALIVE)
        async with aclosing(self._chunks(responses)) as chunks:
            async for chunk in chunks:
                await push(chunk)
        await push(_COMPLETE)

    async def _chunks(self, responses: AsyncIterator[Response]) -> AsyncGenerator[bytes, None]:
        """Events, and comments while there is none, so that proxies keep the stream open."""
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


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone; its body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
