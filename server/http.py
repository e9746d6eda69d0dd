"""The GraphQL endpoint for HTTP requests."""

import asyncio
import logging
from contextlib import nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from graphql import OperationType
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from schema.documents import MAX_INLINE_CHARACTERS
from schema.encoding import is_small
from schema.execute import ExecutableOperation, Response
from server.graphiql import graphiql_page
from server.http_cycle import HttpCycle
from server.memory_budget import MemoryShare
from server.requests import (
    JSON,
    STREAMS,
    Accepted,
    HttpRequest,
    RequestRefused,
    headers_of,
    negotiate,
    read_graphql_request,
    request_id_of,
    wants_html,
)
from server.responses import json_response, large_response, refuse
from server.service import Service, is_subscription
from server.streams import OperationStream

log = logging.getLogger("aicmo.http")

_AS_JSON = Accepted(JSON, stream=None)


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """`GET` runs queries and subscriptions, and shows GraphiQL to browsers; `POST` runs everything.

    Subscriptions are streamed, and so are operations whose client accepts only a stream.
    """

    service: Service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.respond(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The response, which the caller sends."""
        accepted = _AS_JSON
        try:
            if request.method != "POST" and self.service.has_graphiql and wants_html(request):
                return graphiql_page(request.scope["path"])
            accepted = negotiate(request.headers.get(b"accept"))
            with self.service.pending.share() as share:
                return await self._answer(request, accepted, share)
        except RequestRefused as refusal:
            return refuse(refusal, request.id, accepted.single or JSON)

    async def _answer(
        self, request: HttpRequest, accepted: Accepted, share: MemoryShare
    ) -> HttpResponse:
        """`share` holds the memory of the request until the response; a stream takes it over."""
        service = self.service
        authorization = request.headers.get(b"authorization")
        caller = await service.caller_of(request)
        graphql_request = await read_graphql_request(
            request, service.body_limits, service.documents, share.grow
        )
        if graphql_request.size is not None and graphql_request.size <= MAX_INLINE_CHARACTERS:
            operation = service.parse_and_validate(graphql_request)
        else:
            operation = await service.parse_and_validate_apart(graphql_request)
        if isinstance(operation, ExecutableOperation):
            if request.method != "POST":
                self._require_safe(operation, request)
            if (counting := service.rate_limits.count_cost(caller, operation.cost)) is not None:
                await counting
        is_followed = is_subscription(operation)
        if accepted.stream is not None and (is_followed or accepted.single is None):
            return OperationStream(
                service, operation, accepted.stream, caller, authorization, share.transferred()
            )
        assert accepted.single is not None
        if isinstance(operation, Response):
            return json_response(operation, accepted.single, request.id)
        if is_followed:
            raise RequestRefused(
                406,
                f"Subscriptions are answered as {' or '.join(STREAMS)}, or over a WebSocket.",
            )
        with nullcontext() if request.http_cycle is None else _WhileConnected(request.http_cycle):
            response = await service.respond(operation, caller, share, request.scope)
            if response.is_refused or is_small(response.data):
                return json_response(response, accepted.single, request.id)
            response, parts = await service.encoded(response, request.id, share)
        # The texts of the answer, and the request, are freed when this returns.
        share.shrink_to(sum(map(len, parts)))
        return large_response(response, parts, accepted.single, request.id, share.transferred())

    def _require_safe(self, operation: ExecutableOperation, request: HttpRequest) -> None:
        """Refuses mutations other than by POST, and subscriptions by GET from other sites."""
        match operation.kind:
            case OperationType.SUBSCRIPTION if request.method == "GET":
                self.service.require_allowed_origin(request.scope)
            case OperationType.SUBSCRIPTION | OperationType.MUTATION:
                message = f"A {operation.kind.value} can't be sent by {request.method}."
                raise RequestRefused(405, message, headers={"Allow": "POST"})


class _WhileConnected:
    """Cancels the body of the `with` statement, up to its commit, when the client disconnects.

    Raises RequestRefused then. Like `asyncio.timeout`, it needs no task of its own.
    """

    __slots__ = ("_cancellations", "_has_disconnected", "_http_cycle", "_task")

    def __init__(self, http_cycle: HttpCycle) -> None:
        self._http_cycle = http_cycle
        self._has_disconnected = False

    def __enter__(self) -> None:
        if self._http_cycle.is_closed:
            raise _client_disconnected()
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._cancellations = task.cancelling()
        self._http_cycle.on_disconnect = self._on_disconnect

    def _on_disconnect(self) -> None:
        self._has_disconnected = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http_cycle.on_disconnect = None
        if not self._has_disconnected:
            return
        is_ours = self._task.uncancel() <= self._cancellations
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise _client_disconnected() from None


def _client_disconnected() -> RequestRefused:
    """The refusal that nobody reads; proxies log such requests with status 499."""
    return RequestRefused(499, "The client disconnected.")


async def refuse_http(request: Request, error: Exception) -> HttpResponse:
    """Answers Starlette's own refusals, such as 404 and 405, in the form of all others."""
    assert isinstance(error, HTTPException)
    refusal = RequestRefused(error.status_code, error.detail, headers=error.headers)
    return refuse(refusal, request_id_of(headers_of(request.scope)))


async def mask_bug(request: Request, error: Exception) -> HttpResponse:
    """Answers an unexpected error that reached Starlette."""
    return masked(error, request_id_of(headers_of(request.scope)))


def masked(error: Exception, request_id: str) -> HttpResponse:
    """The response to an unexpected error, which is logged with the request id and masked."""
    log.error("request %s: unexpected error", request_id, exc_info=error)
    message = f"Something went wrong on our side. Mention request {request_id} when you report it."
    return refuse(RequestRefused(500, message, code="INTERNAL_SERVER_ERROR"), request_id)
