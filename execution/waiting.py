"""Waiting for values; an exception stands for one that failed."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Iterable, Sequence
from types import CoroutineType, GeneratorType
from typing import Any

from graphql.pyutils import is_awaitable


def types_of(values: Iterable[Any]) -> set[type]:
    return set(map(type, values))


def awaitable(values: Sequence[Any], kinds: Iterable[type]) -> list[int]:
    """The indexes of those of the values, which have these types, that have to be awaited."""
    if not any(map(_may_be_awaited, kinds)):
        return []
    return [index for index, value in enumerate(values) if is_awaitable(value)]


def _may_be_awaited(kind: type) -> bool:
    # Only some generators are awaitable.
    return kind is CoroutineType or kind is GeneratorType or hasattr(kind, "__await__")


async def awaited(values: Sequence[Any]) -> list[Any]:
    """The values, those that are awaitable awaited side by side."""
    settled = list(values)
    waiting = awaitable(values, types_of(values))
    outcomes = await _outcomes([values[index] for index in waiting])
    for index, outcome in zip(waiting, outcomes, strict=True):
        settled[index] = outcome
    return settled


def has_stream(kinds: Iterable[type]) -> bool:
    """Whether any of these types is one of async iterables."""
    return any(hasattr(kind, "__aiter__") for kind in kinds)


async def streamed(values: Sequence[Any]) -> list[Any]:
    """The values, with lists in place of async iterables."""
    settled = list(values)
    streams = [index for index, value in enumerate(values) if hasattr(value, "__aiter__")]
    outcomes = await _outcomes([_all_of(values[index]) for index in streams])
    for index, outcome in zip(streams, outcomes, strict=True):
        settled[index] = outcome
    return settled


async def _all_of(stream: AsyncIterable[Any]) -> list[Any]:
    return [item async for item in stream]


async def _outcomes(awaitables: Sequence[Awaitable[Any]]) -> Sequence[Any]:
    if len(awaitables) == 1:
        # One needs no task of its own.
        try:
            return [await awaitables[0]]
        except Exception as error:
            return [error]
    outcomes = await asyncio.gather(*awaitables, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
            raise outcome
    return outcomes
