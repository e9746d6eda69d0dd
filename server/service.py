"""The service that every transport answers requests with."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self, TypeGuard
from urllib.parse import urlsplit

from graphql import GraphQLError, OperationType
from starlette.types import Scope

from domain.callers import Caller, CallerKind
from domain.errors import AnswerTooLarge, DomainError, Unavailable
from files.service import Files
from orchestration.archives import Archives
from orchestration.evaluations import Evaluations
from orchestration.formats import TransferFormat
from orchestration.uploads import Uploads
from repositories.answer_size import AT_ONCE, limit_answer
from repositories.deadlines import set_deadline
from repositories.semaphores import FairSemaphore
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.documents import Document
from schema.encoding import encode, encode_in_slices, fits
from schema.errors import execution_failure
from schema.execute import (
    ExecutableOperation,
    GraphQLRequest,
    Response,
    Subscription,
    parse_and_validate,
    refused,
    run,
)
from schema.execute import Send as SendResponse
from schema.root import CompiledSchema
from server.addresses import Addresses
from server.authentication import Authenticator
from server.connection_limits import StreamSlots, SubscriptionSlots
from server.hosts import Hosts
from server.memory_budget import MemoryBudget, MemoryShare
from server.proxies import Proxies
from server.rate_limits import RateLimits
from server.requests import BodyLimits, DocumentRefused, HttpRequest, RequestRefused, headers_of
from server.stream_limits import StreamLimits
from server.trusted_documents import KnownDocuments

_READ_FACTOR: Final = 3
"""Reading a large answer takes the memory of so many answers, because the texts of the database are
received, joined and decoded, and then encoded."""
_MEMORY_WAIT_SECONDS: Final = 10.0
"""How long a large answer waits for its turn, and then for memory."""
_BUSY: Final = "Other requests are answered with as much as they may have; try again later."


@dataclass(frozen=True, slots=True)
class Service:
    """The schema over the storage, within limits.

    `execution_seconds` and `answer_bytes` bound each operation, and each event of a subscription.
    Subscriptions end when `closing` is set.
    """

    schema: CompiledSchema
    storage: Storage
    execution_seconds: float
    answer_bytes: int
    body_limits: BodyLimits
    stream_limits: StreamLimits
    streams: StreamSlots
    subscriptions: SubscriptionSlots
    rate_limits: RateLimits
    pending: MemoryBudget
    large_answers: FairSemaphore
    """How many large answers are read at once, which leaves connections for other requests."""
    documents: KnownDocuments
    has_graphiql: bool
    allowed_origins: tuple[str, ...]
    hosts: Hosts
    proxies: Proxies
    authenticator: Authenticator
    addresses: Addresses
    files: Files | None
    """None: files are switched off."""
    uploads: Uploads | None
    """None where `files` is."""
    archives: Archives | None
    """None where `files` is."""
    evaluations: Evaluations
    transfer_format: TransferFormat | None
    """None where `files` is."""
    write_seconds: float
    """How long a client may leave unread what is sent to it."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def caller_of(self, request: HttpRequest) -> Caller:
        """Who sends the request, which is counted. Raises RequestRefused."""
        authorization = request.headers.get(b"authorization")
        caller = self.authenticator.known(authorization, request.id)
        if caller is None:
            assert authorization is not None
            address = self.proxies.client_address(request.scope)
            caller = await self.authenticator.authenticate(authorization, request.id, address)
        if caller.kind is CallerKind.OPERATOR:
            self.authenticator.require_here(request.scope, request.headers)
        if (counting := self.rate_limits.count_request(caller)) is not None:
            await counting
        return caller

    def require_allowed_origin(self, scope: Scope) -> None:
        """Raises RequestRefused when the request comes from a page of an origin that isn't allowed.

        Subscriptions need this check: browsers send such requests without a preflight.
        """
        if not self._is_allowed_origin(scope):
            raise RequestRefused(403, "Pages of this origin may not connect.", code="FORBIDDEN")

    def _is_allowed_origin(self, scope: Scope) -> bool:
        headers = headers_of(scope)
        if b"origin" not in headers:  # programs send no `Origin`, and neither do our own pages
            return headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin")
        origin = headers[b"origin"].decode("latin-1")
        if origin in self.allowed_origins or "*" in self.allowed_origins:
            return True
        try:
            return urlsplit(origin).netloc.lower() == self.hosts.called(scope)
        except ValueError:
            return False

    async def parse_and_validate_apart(
        self, request: GraphQLRequest
    ) -> ExecutableOperation | Response:
        """Like `parse_and_validate`, but in a thread for a large document."""
        document = await self.schema.documents.parse_and_validate_apart(request.query)
        return self.parse_and_validate(request, document)

    def parse_and_validate(
        self, request: GraphQLRequest, document: Document | None = None
    ) -> ExecutableOperation | Response:
        """Parse and validate the request, and check its limits; return the response if refused.

        An executable query that comes with its hash is persisted. Raises RequestRefused when the
        hash isn't the query's.
        """
        operation = parse_and_validate(self.schema, request, document)
        if (
            request.sha256 is not None
            and isinstance(operation, ExecutableOperation)
            and not self.documents.persisted.add(request.sha256, request.query)
        ):
            raise DocumentRefused(
                "extensions.persistedQuery.sha256Hash: isn't the SHA-256 hash of the query."
            )
        return operation

    async def respond(
        self, operation: ExecutableOperation, caller: Caller, share: MemoryShare, scope: Scope
    ) -> Response:
        """The response to a query or mutation of a connection; `share` grows by what is read for
        it.

        A query whose answer turns out to be large is aborted before the answer is read. It waits
        for its turn and for memory, without holding a connection, and is run again.
        """
        if operation.node.operation is not OperationType.QUERY:
            return await run(self.schema, operation, self.new_context(caller, share, scope))
        set_deadline(self.execution_seconds)
        held = share.amount
        answer = limit_answer(self.answer_bytes, share.hold, at_once=AT_ONCE, make_room=None)
        response = await run(self.schema, operation, self._context(caller, scope))
        if not answer.lacks_room:
            return response
        share.shrink_to(held)
        try:
            await self.large_answers.acquire(_MEMORY_WAIT_SECONDS)
        except Unavailable:
            return self._failed(Unavailable(_BUSY), caller.request_id)
        try:
            await share.reserve(_READ_FACTOR * self.answer_bytes, _MEMORY_WAIT_SECONDS)
            limit_answer(self.answer_bytes, share.hold)
            return await run(self.schema, operation, self._context(caller, scope))
        except RequestRefused as refusal:
            return self._failed(Unavailable(refusal.message), caller.request_id)
        finally:
            self.large_answers.release()

    def _context(self, caller: Caller, scope: Scope) -> Context:
        base = partial(self.addresses.base_of, scope)
        return Context(
            self.storage, caller, self.uploads, base, self.evaluations, self.transfer_format
        )

    def new_context(self, caller: Caller, share: MemoryShare, scope: Scope) -> Context:
        """The context of an operation that can't run again: it reserves memory now, or fails."""

        def make_room() -> None:
            share.reserve_nowait(_READ_FACTOR * self.answer_bytes)

        set_deadline(self.execution_seconds)
        limit_answer(self.answer_bytes, share.hold, at_once=AT_ONCE, make_room=make_room)
        return self._context(caller, scope)

    async def encoded(
        self, response: Response, request_id: str, share: MemoryShare
    ) -> tuple[Response, list[bytes]]:
        """The response and its JSON, in parts if it's large; `share` grows by the parts.

        A response that is too large, or that finds no memory, is replaced by an error. The memory
        that was reserved is released.
        """
        if response.encoded is not None:
            share.shrink_to(share.amount)
            return response, [response.encoded]
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

    def responses(
        self,
        operation: ExecutableOperation | Response,
        caller: Caller,
        share: MemoryShare,
        scope: Scope,
        send: SendResponse | None = None,
    ) -> "Responses":
        """All responses to an operation of a connection, whose caller shrinks the `share`, which
        grows by what is read for each response, when the response is sent.

        Responses that equal subscriptions share may be passed to `send` instead.
        """
        return Responses(self, operation, caller, share, scope, send)


class Responses:
    """The responses to an operation: one, or one for each event of a subscription. An iterator for
    one task, within its context.

    A subscription has started when the context is entered. An unexpected error becomes the last
    response. Entering it raises RequestRefused when the caller has as many subscriptions as it may.
    """

    # Idle subscriptions are many: generators in place of it would take 2 kB of each.
    __slots__ = ("_caller", "_has_ended", "_operation", "_scope", "_service", "_share", "_stream")

    def __init__(
        self,
        service: Service,
        operation: ExecutableOperation | Response,
        caller: Caller,
        share: MemoryShare,
        scope: Scope,
        send: SendResponse | None,
    ) -> None:
        self._service = service
        self._operation = operation
        self._caller = caller
        self._share = share
        self._scope = scope
        self._has_ended = False
        self._stream: Subscription | None = None
        if is_subscription(operation):
            self._stream = Subscription(service.schema, operation, self._new_context, send)

    async def __aenter__(self) -> Self:
        if self._stream is not None:
            self._service.subscriptions.acquire(self._caller)
            try:
                await self._stream.__aenter__()
            except BaseException:
                self._service.subscriptions.release(self._caller)
                raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._stream is not None:
            self._service.subscriptions.release(self._caller)
            await self._stream.__aexit__(*failure)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Response:
        if self._has_ended:
            raise StopAsyncIteration
        try:
            if self._stream is not None:
                return await anext(self._stream)
            self._has_ended = True
            return await self._only_response()
        except StopAsyncIteration:
            raise
        except Exception as error:  # noqa: BLE001
            self._has_ended = True
            failure = GraphQLError(str(error), original_error=error)
            return refused(execution_failure(failure, self._caller.request_id))

    async def _only_response(self) -> Response:
        if isinstance(self._operation, Response):
            return self._operation
        return await self._service.respond(self._operation, self._caller, self._share, self._scope)

    def _new_context(self) -> Context:
        return self._service.new_context(self._caller, self._share, self._scope)


def is_subscription(operation: ExecutableOperation | Response) -> TypeGuard[ExecutableOperation]:
    return (
        isinstance(operation, ExecutableOperation)
        and operation.node.operation is OperationType.SUBSCRIPTION
    )
