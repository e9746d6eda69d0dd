"""What every transport needs to answer operations."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeGuard
from urllib.parse import urlsplit

from graphql import GraphQLError, OperationType
from starlette.types import Scope

from domain.callers import Caller
from domain.errors import AnswerTooLarge, DomainError, Unavailable
from repositories.answer_size import AT_ONCE, limit_answer
from repositories.deadlines import set_deadline
from repositories.semaphores import FairSemaphore
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.documents import Document
from schema.encoding import encode, encode_in_slices, fits
from schema.errors import execution_failure
from schema.execute import Operation, Prepared, Response, prepare, refused, run, subscribe
from schema.root import CompiledSchema
from server.capacity import Budget, Share, Slots
from server.hosts import Hosts
from server.persisted_queries import PersistedQueries
from server.requests import BodyLimits, PersistedQueryRefused, RequestRefused, headers_of

_READING: Final = 3
"""How much memory it takes to read a large answer, in answers: what comes from the database is
received, joined and decoded, and then encoded."""
_ROOM_SECONDS: Final = 10.0
"""How long a large answer waits for its turn, and then for room in memory."""
_BUSY: Final = "Other requests are answered with as much as they may have; try again later."


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much clients may follow at once."""

    connections: int = 1_000
    """WebSockets and streams over HTTP, of all clients together."""
    operations: int = 50
    """Operations on one WebSocket."""
    init_seconds: float = 5.0
    """How long a new WebSocket may take to say `connection_init`."""
    message_bytes: int = 1024 * 1024
    """The largest message on a WebSocket, in bytes."""
    keep_alive_seconds: float = 15.0
    """How often something is sent on a stream over HTTP."""
    ping_interval_seconds: float = 20.0
    """How often a WebSocket's client is pinged."""
    ping_timeout_seconds: float = 20.0
    """How long the client may take to answer a ping before the server closes its WebSocket."""


@dataclass(frozen=True, slots=True)
class Service:
    """The schema over the storage, within limits. `execution_seconds` and `answer_bytes`
    bound an operation, or an event of a subscription. Once `closing` is set, subscriptions end."""

    schema: CompiledSchema
    storage: Storage
    execution_seconds: float
    answer_bytes: int
    body_limits: BodyLimits
    stream_limits: StreamLimits
    streams: Slots
    pending: Budget
    large_answers: FairSemaphore
    """Those that may be read at once, so that others have connections to the database."""
    persisted_queries: PersistedQueries
    has_page: bool
    allowed_origins: tuple[str, ...]
    hosts: Hosts
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def require_welcome(self, scope: Scope) -> None:
        """Raises RequestRefused when a page of another origin, unless it's allowed, wants to
        follow something: browsers let it ask, without a preflight, and keep the answer from it."""
        if not self._is_welcome(scope):
            raise RequestRefused(403, "Pages of this origin may not connect.", code="FORBIDDEN")

    def _is_welcome(self, scope: Scope) -> bool:
        headers = headers_of(scope)
        if b"origin" not in headers:  # neither programs nor pages of ours say it
            return headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin")
        origin = headers[b"origin"].decode("latin-1")
        if origin in self.allowed_origins or "*" in self.allowed_origins:
            return True
        try:
            return urlsplit(origin).netloc.lower() == self.hosts.called(scope)
        except ValueError:
            return False

    async def prepare_apart(self, operation: Operation) -> Prepared | Response:
        """As `prepare`, with a thread for a large document."""
        document = await self.schema.documents.prepare_apart(operation.query)
        return self.prepare(operation, document)

    def prepare(
        self, operation: Operation, document: Document | None = None
    ) -> Prepared | Response:
        """The operation, or the response that refuses it. Executes nothing.

        A query that may be executed is persisted, if it comes with its hash. Raises
        RequestRefused when that isn't its own.
        """
        prepared = prepare(self.schema, operation, document)
        if (
            operation.sha256 is not None
            and isinstance(prepared, Prepared)
            and not self.persisted_queries.add(operation.sha256, operation.query)
        ):
            raise PersistedQueryRefused(
                "extensions.persistedQuery.sha256Hash: isn't the SHA-256 hash of the query."
            )
        return prepared

    async def respond(self, operation: Prepared, caller: Caller, share: Share) -> Response:
        """The response to a query or mutation; `share` grows by what is read for it.

        A query whose answer is large is given up when that turns out, before the answer is read. It
        waits for its turn and for memory, without a connection, and is run again.
        """
        if operation.node.operation is not OperationType.QUERY:
            return await run(self.schema, operation, self._new_context(caller, share))
        set_deadline(self.execution_seconds)
        held = share.amount
        answer = limit_answer(self.answer_bytes, share.hold, at_once=AT_ONCE, make_room=None)
        response = await run(self.schema, operation, Context(self.storage, caller))
        if not answer.lacks_room:
            return response
        share.shrink_to(held)
        try:
            await self.large_answers.acquire(_ROOM_SECONDS)
        except Unavailable:
            return self._failed(Unavailable(_BUSY), caller.request_id)
        try:
            await share.reserve(_READING * self.answer_bytes, _ROOM_SECONDS)
            limit_answer(self.answer_bytes, share.hold)
            return await run(self.schema, operation, Context(self.storage, caller))
        except RequestRefused as refusal:
            return self._failed(Unavailable(refusal.message), caller.request_id)
        finally:
            self.large_answers.release()

    def _new_context(self, caller: Caller, share: Share) -> Context:
        """Of what can't be run again: it makes room where it is, or fails."""

        def make_room() -> None:
            share.reserve_now(_READING * self.answer_bytes)

        set_deadline(self.execution_seconds)
        limit_answer(self.answer_bytes, share.hold, at_once=AT_ONCE, make_room=make_room)
        return Context(self.storage, caller)

    async def encoded(
        self, response: Response, request_id: str, share: Share
    ) -> tuple[Response, list[bytes]]:
        """The response and its JSON, in parts where it's large; `share` grows by these.

        One that would be too large, or for which there is no room now, becomes one that says so.
        Nothing that was reserved is reserved any more.
        """
        body = response.as_json()
        if fits(body):
            share.shrink_to(share.amount)
            return response, [encode(body)]
        held, size, parts = share.amount, 0, list[bytes]()
        try:
            if fits(body, self.answer_bytes) is False:
                raise AnswerTooLarge(self.answer_bytes)
            async for part in encode_in_slices(body):
                size += len(part)
                if size > self.answer_bytes:
                    raise AnswerTooLarge(self.answer_bytes)
                share.hold(len(part))
                parts.append(part)
        except (AnswerTooLarge, Unavailable) as error:
            share.shrink_to(held)
            response = self._failed(error, request_id)
            return response, [encode(response.as_json())]
        share.shrink_to(held + size)
        return response, parts

    def _failed(self, error: DomainError, request_id: str) -> Response:
        failure = GraphQLError(str(error), original_error=error)
        return Response(None, [execution_failure(failure, request_id)])

    @asynccontextmanager
    async def responses(
        self, operation: Prepared | Response, caller: Caller, share: Share
    ) -> AsyncIterator[AsyncIterator[Response]]:
        """All responses to any operation: one, or as many as a subscription has events.

        A subscription has begun when this context has. Whatever goes wrong is told by a last one.
        `share` grows by what is read for each; who has sent it shrinks it again.
        """

        def new_context() -> Context:
            return self._new_context(caller, share)

        begun: AbstractAsyncContextManager[AsyncIterator[Response]]
        if is_subscription(operation):
            begun = subscribe(self.schema, operation, new_context)
        else:
            begun = aclosing(self._only_response(operation, caller, share))
        async with begun as responses, aclosing(_told(responses, caller.request_id)) as told:
            yield told

    async def _only_response(
        self, operation: Prepared | Response, caller: Caller, share: Share
    ) -> AsyncGenerator[Response, None]:
        if isinstance(operation, Prepared):
            operation = await self.respond(operation, caller, share)
        yield operation


async def _told(
    responses: AsyncIterator[Response], request_id: str
) -> AsyncGenerator[Response, None]:
    try:
        async for response in responses:
            yield response
    except Exception as error:  # noqa: BLE001
        failure = GraphQLError(str(error), original_error=error)
        yield refused(execution_failure(failure, request_id))


def is_subscription(operation: Prepared | Response) -> TypeGuard[Prepared]:
    return (
        isinstance(operation, Prepared) and operation.node.operation is OperationType.SUBSCRIPTION
    )
