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

from domain.callers import local_operator
from schema.documents import AT_ONCE as SMALL_DOCUMENT
from schema.encoding import fits
from schema.execute import Prepared, Response
from server.capacity import Share
from server.exchange import Exchange
from server.graphiql import graphiql_page
from server.requests import (
    JSON,
    STREAMS,
    Accepted,
    HttpRequest,
    RequestRefused,
    headers_of,
    negotiate,
    read_operation,
    request_id_of,
    wants_page,
)
from server.responses import answer, large_answer, refuse
from server.service import Service, is_subscription
from server.streams import OperationStream

log = logging.getLogger("aicmo.http")

_AS_JSON = Accepted(JSON, stream=None)


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """`GET` runs queries and subscriptions, and shows GraphiQL to browsers; `POST` runs everything.

    Subscriptions, and whatever else is asked for as a stream, are streamed.
    """

    service: Service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.respond(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The response, which is still to be sent."""
        accepted = _AS_JSON
        try:
            if request.method != "POST" and self.service.has_page and wants_page(request):
                return graphiql_page(request.scope["path"])
            accepted = negotiate(request.headers.get(b"accept"))
            with self.service.pending.share() as share:
                return await self._answer(request, accepted, share)
        except RequestRefused as refusal:
            return refuse(refusal, request.id, accepted.single or JSON)

    async def _answer(self, request: HttpRequest, accepted: Accepted, share: Share) -> HttpResponse:
        """`share` is what the request takes up until it's answered; a stream takes it over."""
        service, caller = self.service, local_operator(request.id)
        operation = await read_operation(
            request, service.body_limits, service.persisted_queries, share.grow
        )
        if operation.size is not None and operation.size <= SMALL_DOCUMENT:
            prepared = service.prepare(operation)
        else:
            prepared = await service.prepare_apart(operation)
        if isinstance(prepared, Prepared) and request.method != "POST":
            self._require_safe(prepared, request)
        is_followed = is_subscription(prepared)
        if accepted.stream is not None and (is_followed or accepted.single is None):
            return OperationStream(service, prepared, accepted.stream, caller, share.handed_over())
        assert accepted.single is not None
        if isinstance(prepared, Response):
            return answer(prepared, accepted.single, request.id)
        if is_followed:
            raise RequestRefused(
                406,
                f"Subscriptions are answered as {' or '.join(STREAMS)}, or over a WebSocket.",
            )
        with nullcontext() if request.exchange is None else _WhileConnected(request.exchange):
            response = await service.respond(prepared, caller, share)
            if response.is_refused or fits(response.data):
                return answer(response, accepted.single, request.id)
            response, parts = await service.encoded(response, request.id, share)
        # What the answer was read from, and the request, are gone when this returns.
        share.shrink_to(sum(map(len, parts)))
        return large_answer(response, parts, accepted.single, request.id, share.handed_over())

    def _require_safe(self, prepared: Prepared, request: HttpRequest) -> None:
        """What isn't posted changes nothing, and pages elsewhere follow nothing by it."""
        match prepared.kind:
            case OperationType.SUBSCRIPTION if request.method == "GET":
                self.service.require_welcome(request.scope)
            case OperationType.SUBSCRIPTION | OperationType.MUTATION:
                message = f"A {prepared.kind.value} can't be sent by {request.method}."
                raise RequestRefused(405, message, headers={"Allow": "POST"})


class _WhileConnected:
    """Cancels what this task does within, up to its commit, when the client goes away.

    Raises RequestRefused then. Like `asyncio.timeout`, it needs no task of its own.
    """

    __slots__ = ("_cancellations", "_exchange", "_is_gone", "_task")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._is_gone = False

    def __enter__(self) -> None:
        if self._exchange.is_over:
            raise _client_gone()
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._cancellations = task.cancelling()
        self._exchange.on_leave = self._leave

    def _leave(self) -> None:
        self._is_gone = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exchange.on_leave = None
        if not self._is_gone:
            return
        is_ours = self._task.uncancel() <= self._cancellations
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise _client_gone() from None


def _client_gone() -> RequestRefused:
    """Nobody reads it; 499 is what proxies log for it."""
    return RequestRefused(499, "The client went away.")


async def refuse_http(request: Request, error: Exception) -> HttpResponse:
    """Starlette's own refusals, such as 404 and 405, in the form of all others."""
    assert isinstance(error, HTTPException)
    refusal = RequestRefused(error.status_code, error.detail, headers=error.headers)
    return refuse(refusal, request_id_of(headers_of(request.scope)))


async def mask_bug(request: Request, error: Exception) -> HttpResponse:
    """What Starlette answers after an error that nothing expected."""
    return masked(error, request_id_of(headers_of(request.scope)))


def masked(error: Exception, request_id: str) -> HttpResponse:
    """An error that nothing expected: logged by its request id, told without details."""
    log.error("request %s: unexpected error", request_id, exc_info=error)
    message = f"Something went wrong on our side. Mention request {request_id} when you report it."
    return refuse(RequestRefused(500, message, code="INTERNAL_SERVER_ERROR"), request_id)
