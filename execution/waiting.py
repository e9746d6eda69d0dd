"""Awaiting values: an exception stands for a value that failed."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Iterable, Sequence
from types import CoroutineType, GeneratorType
from typing import Any

from graphql.pyutils import is_awaitable


def classes_of(values: Iterable[Any]) -> set[type]:
    return set(map(type, values))


def awaitable_indexes(values: Sequence[Any], classes: Iterable[type]) -> list[int]:
    """The indexes of the awaitable values; `classes` are those of all values."""
    if not any(map(_may_be_awaited, classes)):
        return []
    return [index for index, value in enumerate(values) if is_awaitable(value)]


def _may_be_awaited(class_: type) -> bool:
    # Only some generators are awaitable_indexes.
    return class_ is CoroutineType or class_ is GeneratorType or hasattr(class_, "__await__")


async def awaited(values: Sequence[Any]) -> list[Any]:
    """The values, with results in place of awaitables, which are awaited side by side."""
    settled = list(values)
    waiting = awaitable_indexes(values, classes_of(values))
    outcomes = await _outcomes([values[index] for index in waiting])
    for index, outcome in zip(waiting, outcomes, strict=True):
        settled[index] = outcome
    return settled


def has_stream(classes: Iterable[type]) -> bool:
    """Whether any of these classes is one of async iterables."""
    return any(hasattr(class_, "__aiter__") for class_ in classes)


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
        # A single awaitable needs no task of its own.
        try:
            return [await awaitables[0]]
        except Exception as error:
            return [error]
    outcomes = await asyncio.gather(*awaitables, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
            raise outcome
    return outcomes
