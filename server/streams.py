"""Streams of responses over HTTP.

- Server-sent events, in graphql-sse's distinct connections mode:
  https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
- Parts of a multipart message, as Apollo's clients read them:
  https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, closing
from dataclasses import dataclass

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from domain.callers import Caller
from schema.encoding import encode
from schema.errors import TopLevelCode
from schema.execute import ExecutableOperation, Response
from server.memory_budget import MemoryShare
from server.requests import EVENT_STREAM, MULTIPART, RequestRefused
from server.responses import refuse
from server.service import Service, is_subscription


@dataclass(frozen=True, slots=True)
class StreamEncoding:
    """The bytes of a stream of responses."""

    content_type: str
    opening: bytes
    keep_alive: bytes
    """A message without content."""
    before: bytes
    after: bytes
    """The bytes before and after the JSON of each response."""
    complete: bytes
    """The end, after the last response."""
    interrupted: bytes
    """The end when the server stops: clients are to subscribe again."""
    refused: bytes
    """The end when the caller's credentials end."""


_EVENTS = StreamEncoding(
    content_type=f"{EVENT_STREAM}; charset=utf-8",
    opening=b":\n\n",
    keep_alive=b":\n\n",
    before=b"event: next\ndata: ",
    after=b"\n\n",
    complete=b"event: complete\ndata:\n\n",
    interrupted=b"",  # clients reconnect when `complete` is missing
    refused=b"",  # and get the status 401 then
)

# A client knows that a part is complete by the delimiter after it, which is sent with the part.
_DELIMITER = b"\r\n--graphql"
_PART = b"\r\nContent-Type: application/json\r\n\r\n"


def _last_part(message: str, code: TopLevelCode) -> bytes:
    error = {"message": message, "extensions": {"code": code}}
    return _PART + encode({"payload": None, "errors": [error]}) + _DELIMITER + b"--\r\n"


_PARTS = StreamEncoding(
    content_type='multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    opening=_DELIMITER + _PART + b"{}" + _DELIMITER,
    keep_alive=_PART + b"{}" + _DELIMITER,
    before=_PART + b'{"payload":',
    after=b"}" + _DELIMITER,
    complete=b"--\r\n",
    interrupted=_last_part("The server stops; subscribe again.", TopLevelCode.UNAVAILABLE),
    refused=_last_part("The credentials have ended.", TopLevelCode.UNAUTHENTICATED),
)

_ENCODINGS = {EVENT_STREAM: _EVENTS, MULTIPART: _PARTS}


class OperationStream(HttpResponse):
    """All responses of an operation, one after another, in one of the streams' media types.

    A subscription has started when its headers are sent: no later event is missed.
    """

    def __init__(
        self,
        service: Service,
        operation: ExecutableOperation | Response,
        media_type: str,
        caller: Caller,
        authorization: bytes | None,
        held: MemoryShare,
    ) -> None:
        """`held` is the memory that the request takes until the stream ends.

        A stream ends when the caller's credentials, which came as `authorization`, end.
        """
        self._encoding = _ENCODINGS[media_type]
        super().__init__(
            headers={
                "Content-Type": self._encoding.content_type,
                "Cache-Control": "no-cache",
                "Vary": "Accept",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
                "X-Request-Id": caller.request_id,
            }
        )
        del self.headers["Content-Length"]
        self._service = service
        self._operation = operation
        self._caller = caller
        self._authorization = authorization
        self._credentials_ended = asyncio.Event()
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            try:
                with (
                    self._service.streams.acquire(),
                    closing(
                        self._service.authenticator.session(
                            self._authorization, self._caller, self._credentials_ended.set
                        )
                    ),
                ):
                    async with self._service.responses(
                        self._operation, self._caller, self._held, scope
                    ) as responses:
                        await self._serve(responses, receive, send)
            except RequestRefused as refusal:
                await refuse(refusal, self._caller.request_id)(scope, receive, send)

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
        tasks = {
            events,
            asyncio.create_task(disconnected(receive)),
            asyncio.create_task(_until(self._credentials_ended)),
        }
        if is_subscription(self._operation):
            tasks.add(asyncio.create_task(_until(self._service.closing)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if events.cancelled():
            encoding = self._encoding
            is_refused = self._credentials_ended.is_set()
            body = encoding.refused if is_refused else encoding.interrupted
            await send({"type": "http.response.body", "body": body})
        else:
            events.result()
            await send({"type": "http.response.body", "body": b""})

    async def _send_events(self, responses: AsyncIterator[Response], send: Send) -> None:
        async def push(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        await push(self._encoding.opening)
        async with aclosing(self._chunks(responses)) as chunks:
            async for chunk in chunks:
                await push(chunk)
        await push(self._encoding.complete)

    async def _chunks(self, responses: AsyncIterator[Response]) -> AsyncGenerator[bytes, None]:
        """The bytes of responses, with keep-alives between, for proxies that time out."""
        following = None
        held = self._held.amount
        try:
            while True:
                self._held.shrink_to(held)
                following = following or asyncio.ensure_future(anext(responses))
                seconds = self._service.stream_limits.keep_alive_seconds
                await asyncio.wait({following}, timeout=seconds)
                if not following.done():
                    yield self._encoding.keep_alive
                    continue
                try:
                    response = following.result()
                except StopAsyncIteration:
                    return
                following = None
                async for part in self._encoded(response):
                    yield part
        finally:
            if following is not None:
                following.cancel()
                await asyncio.wait({following})

    async def _encoded(self, response: Response) -> AsyncGenerator[bytes, None]:
        """The bytes of a response, in parts if it's large."""
        encoding = self._encoding
        _, parts = await self._service.encoded(response, self._caller.request_id, self._held)
        parts[0] = encoding.before + parts[0]
        parts[-1] += encoding.after
        for part in parts:
            yield part


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def disconnected(receive: Receive) -> None:
    """Returns when the client has disconnected; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
