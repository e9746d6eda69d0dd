"""The limits of what clients follow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The limits of streams and WebSockets."""

    connections: int = 1_000
    """How many WebSockets and streams over HTTP may be open, of all clients together."""
    operations: int = 50
    """How many operations may run on one WebSocket."""
    init_seconds: float = 5.0
    """How long a new WebSocket may take to send `connection_init`."""
    message_bytes: int = 1024 * 1024
    """The largest message on a WebSocket, in bytes."""
    keep_alive_seconds: float = 15.0
    """The longest pause on a stream over HTTP before a keep-alive is sent."""
    ping_interval_seconds: float = 20.0
    """How often a WebSocket's client is pinged."""
    ping_timeout_seconds: float = 20.0
    """How long the client may take to answer a ping before the server closes its WebSocket."""
