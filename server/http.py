"""The GraphQL endpoint for HTTP requests."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from graphql import OperationType
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from schema.execute import Prepared, Response, prepare
from server.graphiql import graphiql_page
from server.requests import (
    EVENT_STREAM,
    JSON,
    Accepted,
    RequestRefused,
    negotiate,
    read_operation,
    request_id_of,
    wants_page,
)
from server.responses import answer, refuse
from server.service import Service, is_subscription
from server.sse import EventStream, disconnected

log = logging.getLogger("aicmo.http")


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """`GET` runs queries and shows GraphiQL to browsers; `POST` runs everything.

    Subscriptions, and whatever else is asked for as `text/event-stream`, are streamed.
    """

    service: Service

    async def __call__(self, request: Request) -> HttpResponse:
        request_id = request_id_of(request)
        accepted = Accepted(JSON, stream=False)
        try:
            if self.service.has_page and wants_page(request):
                return graphiql_page()
            accepted = negotiate(", ".join(request.headers.getlist("accept")))
            with ExitStack() as held:
                return await self._answer(request, request_id, accepted, held)
        except RequestRefused as refusal:
            return refuse(refusal, request_id, accepted.single or JSON)

    async def _answer(
        self, request: Request, request_id: str, accepted: Accepted, held: ExitStack
    ) -> HttpResponse:
        """`held` is what the request takes up until it's answered; a stream takes it over."""
        share = held.enter_context(self.service.pending.share())
        operation = await read_operation(request, self.service.body_limits, share.grow)
        prepared = prepare(self.service.schema, operation)
        if isinstance(prepared, Prepared) and request.method != "POST":
            _require_query(prepared)
        if accepted.single is None or (is_subscription(prepared) and accepted.stream):
            return EventStream(self.service, prepared, request_id, held.pop_all())
        if isinstance(prepared, Response):
            return answer(prepared, accepted.single, request_id)
        if is_subscription(prepared):
            raise RequestRefused(
                406, f"Subscriptions are answered as {EVENT_STREAM}, or over a WebSocket."
            )
        work = self.service.respond(prepared, request_id)
        return answer(await _while_connected(request, work), accepted.single, request_id)


def _require_query(prepared: Prepared) -> None:
    if prepared.kind is not OperationType.QUERY:
        raise RequestRefused(
            405, f"A {prepared.kind.value} can't be sent by GET.", headers={"Allow": "POST"}
        )


async def _while_connected(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Await the work; it's cancelled, up to its commit, when the client goes away."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if task.cancelled():
            # Nobody reads this; 499 is what proxies log for it.
            raise RequestRefused(499, "The client went away.")
        return task.result()
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def refuse_http(request: Request, error: Exception) -> HttpResponse:
    """Starlette's own refusals, such as 404 and 405, in the form of all others."""
    assert isinstance(error, HTTPException)
    refusal = RequestRefused(error.status_code, error.detail, headers=error.headers)
    return refuse(refusal, request_id_of(request))


async def mask_bug(request: Request, error: Exception) -> HttpResponse:
    """An error that nothing expected: logged by its request id, told without details."""
    request_id = request_id_of(request)
    log.error("request %s: unexpected error", request_id, exc_info=error)
    message = f"Something went wrong on our side. Mention request {request_id} when you report it."
    return refuse(RequestRefused(500, message, code="INTERNAL_SERVER_ERROR"), request_id)
