"""What was said to a model, and what it said: kept with the run that asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request to a model and what came of it, word by word, without credentials."""

    prompt: str
    """The name of the prompt: `plan`."""
    model: str
    request: str
    """The body that was sent: JSON."""
    response: str
    """The body that came, as far as it was read; empty where none did."""
    status: int | None
    """The HTTP status; None: there was no response."""
    error: str | None
    """Why it's no use; None: it is."""
    tokens: int
    """What it counts for in the run's bound: the tokens that the endpoint tells, or else a bound
    on them."""
    began_at: datetime
    duration_ms: int


class Journal(Protocol):
    """The exchanges of one run."""

    async def tokens(self) -> int:
        """The sum of the tokens of all exchanges of the run, also of those before a restart."""
        ...

    async def add(self, exchange: Exchange) -> None:
        """Keep an exchange. It's stored when this returns."""
        ...
