"""The GraphQL endpoint for HTTP requests."""

import asyncio
import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from graphql import OperationType
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from schema.execute import Prepared, Response, prepare
from server.capacity import Share
from server.graphiql import graphiql_page
from server.requests import (
    EVENT_STREAM,
    JSON,
    Accepted,
    HttpRequest,
    RequestRefused,
    headers_of,
    negotiate,
    read_operation,
    request_id_of,
    wants_page,
)
from server.responses import answer, refuse
from server.service import Service, is_subscription
from server.sse import EventStream, disconnected

log = logging.getLogger("aicmo.http")

_AS_JSON = Accepted(JSON, stream=False)
_UNWATCHED_SECONDS = 0.01
"""What ends sooner may end though its client is gone: watching would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """`GET` runs queries and shows GraphiQL to browsers; `POST` runs everything.

    Subscriptions, and whatever else is asked for as `text/event-stream`, are streamed.
    """

    service: Service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_of(request.headers)
        accepted = _AS_JSON
        try:
            if self.service.has_page and wants_page(request):
                return graphiql_page()
            accepted = negotiate(request.header(b"accept"))
            with self.service.pending.share() as share:
                return await self._answer(request, request_id, accepted, share)
        except RequestRefused as refusal:
            return refuse(refusal, request_id, accepted.single or JSON)

    async def _answer(
        self, request: HttpRequest, request_id: str, accepted: Accepted, share: Share
    ) -> HttpResponse:
        """`share` is what the request takes up until it's answered; a stream takes it over."""
        operation = await read_operation(request, self.service.body_limits, share.grow)
        prepared = prepare(self.service.schema, operation)
        if isinstance(prepared, Prepared) and request.method != "POST":
            _require_query(prepared)
        if accepted.single is None or (is_subscription(prepared) and accepted.stream):
            return EventStream(self.service, prepared, request_id, share.handed_over())
        if isinstance(prepared, Response):
            return answer(prepared, accepted.single, request_id)
        if is_subscription(prepared):
            raise RequestRefused(
                406, f"Subscriptions are answered as {EVENT_STREAM}, or over a WebSocket."
            )
        with _WhileConnected(request.receive):
            response = await self.service.respond(prepared, request_id)
        return answer(response, accepted.single, request_id)


def _require_query(prepared: Prepared) -> None:
    if prepared.kind is not OperationType.QUERY:
        raise RequestRefused(
            405, f"A {prepared.kind.value} can't be sent by GET.", headers={"Allow": "POST"}
        )


class _WhileConnected:
    """Cancels what this task does within, up to its commit, when the client goes away.

    Raises RequestRefused then. Like `asyncio.timeout`, it needs no task of its own; one that
    watches the client is started only for what takes its time.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] | None = task
        self._cancellations = task.cancelling()
        self._timer = task.get_loop().call_later(_UNWATCHED_SECONDS, self._watch)

    def _watch(self) -> None:
        self._watcher = asyncio.create_task(disconnected(self._receive))
        self._watcher.add_done_callback(self._leave)

    def _leave(self, watcher: asyncio.Task[None]) -> None:
        if self._task is not None and not watcher.cancelled():
            self._is_gone = True
            self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        task, self._task = self._task, None
        assert task is not None
        if not self._is_gone:
            return
        is_ours = task.uncancel() <= self._cancellations
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            # Nobody reads this; 499 is what proxies log for it.
            raise RequestRefused(499, "The client went away.") from None


async def refuse_http(request: Request, error: Exception) -> HttpResponse:
    """Starlette's own refusals, such as 404 and 405, in the form of all others."""
    assert isinstance(error, HTTPException)
    refusal = RequestRefused(error.status_code, error.detail, headers=error.headers)
    return refuse(refusal, request_id_of(headers_of(request.scope)))


async def mask_bug(request: Request, error: Exception) -> HttpResponse:
    """An error that nothing expected: logged by its request id, told without details."""
    request_id = request_id_of(headers_of(request.scope))
    log.error("request %s: unexpected error", request_id, exc_info=error)
    message = f"Something went wrong on our side. Mention request {request_id} when you report it."
    return refuse(RequestRefused(500, message, code="INTERNAL_SERVER_ERROR"), request_id)
