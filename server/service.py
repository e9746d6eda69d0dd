"""What every transport needs to answer operations."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from graphql import GraphQLError, OperationType

from repositories.unit_of_work import Repositories, set_deadline
from schema.context import Context
from schema.errors import execution_failure
from schema.execute import Prepared, Response, refused, run, subscribe
from schema.root import PipelineSchema
from server.capacity import Budget, Slots
from server.requests import BodyLimits


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


@dataclass(frozen=True, slots=True)
class Service:
    """The schema over the repositories, within limits. `execution_seconds` bound an operation,
    or an event of a subscription. Once `closing` is set, subscriptions end."""

    schema: PipelineSchema
    repositories: Repositories
    execution_seconds: float
    body_limits: BodyLimits
    stream_limits: StreamLimits
    streams: Slots
    pending: Budget
    has_page: bool
    allowed_origins: tuple[str, ...]
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def respond(self, operation: Prepared, request_id: str) -> Response:
        """The response to a query or mutation."""
        set_deadline(self.execution_seconds)
        return await run(self.schema, operation, Context(self.repositories, request_id))

    async def responses(
        self, operation: Prepared | Response, request_id: str
    ) -> AsyncGenerator[Response, None]:
        """All responses to any operation: one, or as many as a subscription has events.

        Whatever goes wrong is told by a last one.
        """
        try:
            async with aclosing(self._responses(operation, request_id)) as responses:
                async for response in responses:
                    yield response
        except Exception as error:  # noqa: BLE001
            failure = GraphQLError(str(error), original_error=error)
            yield refused(execution_failure(failure, request_id))

    async def _responses(
        self, operation: Prepared | Response, request_id: str
    ) -> AsyncGenerator[Response, None]:
        if isinstance(operation, Response):
            yield operation
        elif not is_subscription(operation):
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


def is_subscription(operation: Prepared | Response) -> bool:
    return isinstance(operation, Prepared) and operation.kind is OperationType.SUBSCRIPTION
