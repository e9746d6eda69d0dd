"""Places in the code at which whoever comes by is held."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest


class Pause:
    """`reached` is set when somebody is held, who goes on when `over` is set."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.over.wait()


def hold(
    monkeypatch: pytest.MonkeyPatch, owner: type[Any], name: str, *, before: bool = True
) -> Pause:
    """Hold callers of a class's coroutine method before, or after, what it does."""
    pause = Pause()
    method: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def held(*arguments: Any, **options: Any) -> Any:
        if before:
            await pause()
        result = await method(*arguments, **options)
        if not before:
            await pause()
        return result

    monkeypatch.setattr(owner, name, held)
    return pause
