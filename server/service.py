"""What every transport needs to answer operations."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from graphql import OperationType

from repositories.unit_of_work import Repositories, set_deadline
from schema.context import Context
from schema.execute import Prepared, Response, run, subscribe
from schema.root import PipelineSchema
from server.requests import BodyLimits, RequestRefused


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much clients may follow at once."""

    connections: int = 1_000
    """WebSockets and event streams, of all clients."""
    operations: int = 50
    """Operations on one WebSocket."""
    init_seconds: float = 5.0
    """How long a new WebSocket may take to say `connection_init`."""
    message_bytes: int = 1024 * 1024
    """The largest message on a WebSocket."""
    keep_alive_seconds: float = 15.0
    """How often something is sent on an event stream."""


class Slots:
    """Counts what is open, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Holds a slot. Raises RequestRefused when there is none."""
        if self._taken >= self._limit:
            raise RequestRefused(
                503,
                f"There are {self._limit:,} open streams already; try again later.",
                code="LIMIT_EXCEEDED",
                headers={"Retry-After": "5"},
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


@dataclass(frozen=True, slots=True)
class Service:
    """The schema over the repositories, within limits. `execution_seconds` bound an operation,
    or an event of a subscription."""

    schema: PipelineSchema
    repositories: Repositories
    execution_seconds: float
    body_limits: BodyLimits
    stream_limits: StreamLimits
    streams: Slots
    has_page: bool
    allowed_origins: tuple[str, ...]

    async def respond(self, operation: Prepared, request_id: str) -> Response:
        """The response to a query or mutation."""
        set_deadline(self.execution_seconds)
        return await run(self.schema, operation, Context(self.repositories, request_id))

    async def responses(
        self, operation: Prepared | Response, request_id: str
    ) -> AsyncGenerator[Response, None]:
        """All responses to any operation: one, or as many as a subscription has events."""
        if isinstance(operation, Response):
            yield operation
        elif operation.kind is not OperationType.SUBSCRIPTION:
            yield await self.respond(operation, request_id)
        else:

            def new_context() -> Context:
                set_deadline(self.execution_seconds)
                return Context(self.repositories, request_id)

            events = await subscribe(self.schema, operation, new_context)
            if isinstance(events, Response):
                yield events
                return
            async with aclosing(events):
                async for event in events:
                    yield event
