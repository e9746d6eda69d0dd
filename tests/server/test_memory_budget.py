"""Memory is given to those who wait for it in the order in which they came."""

import asyncio

import pytest

from server.memory_budget import MemoryBudget, MemoryShare
from server.requests import RequestRefused
from tests.support.patience import SECONDS


async def reserving(
    share: MemoryShare, amount: int, seconds: float = SECONDS
) -> "asyncio.Task[None]":
    """A task that has begun to wait, where it has to."""
    task = asyncio.create_task(share.reserve(amount, seconds))
    await asyncio.sleep(0)
    return task


async def test_who_came_first_is_first_though_less_would_fit() -> None:
    budget = MemoryBudget(100)
    first, large, small = (budget.share() for _ in range(3))
    first.grow(60)
    waiting = [await reserving(large, 80), await reserving(small, 10)]
    assert not any(task.done() for task in waiting)

    first.shrink_to(0)
    await asyncio.gather(*waiting)

    assert budget.in_use == 90


async def test_what_is_reserved_is_used_up_before_more_is_taken() -> None:
    budget = MemoryBudget(100)
    with budget.share() as share:
        share.grow(10)
        await share.reserve(60, SECONDS)
        share.grow(50)
        assert (share.amount, budget.in_use) == (60, 70)
        share.grow(20)
        assert (share.amount, budget.in_use) == (80, 80)
        await share.reserve(1_000, SECONDS)
        assert budget.in_use == 100
        share.shrink_to(30)
        assert (share.amount, budget.in_use) == (30, 30)
    assert budget.in_use == 0


async def test_who_does_not_get_it_in_time_is_refused_and_holds_up_nobody() -> None:
    budget = MemoryBudget(100)
    first, second, third = (budget.share() for _ in range(3))
    first.grow(60)
    late = await reserving(second, 80, seconds=0)
    waiting = await reserving(third, 30)

    with pytest.raises(RequestRefused):
        await late
    await waiting

    assert budget.in_use == 90


async def test_who_goes_away_when_it_comes_gives_it_back() -> None:
    budget = MemoryBudget(100)
    first, second = budget.share(), budget.share()
    first.grow(60)
    waiting = await reserving(second, 80)

    first.shrink_to(0)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert waiting.cancelled()
    assert budget.in_use == 0
