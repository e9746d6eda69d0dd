"""What was said to a model, and what it said: kept with the run that asked."""

from typing import Protocol

from domain.workflow import ModelExchange


class Journal(Protocol):
    """The exchanges of one run."""

    async def tokens(self) -> int:
        """The sum of the tokens of all exchanges of the run, also of those before a restart."""
        ...

    async def add(self, exchange: ModelExchange) -> None:
        """Keep an exchange, after the others. It's stored when this returns."""
        ...
