"""Equal subscriptions share what one of them executed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest

from domain.history import Event
from schema.sharing import MAX_RESPONSES, ResponseGroup, ResponseGroups
from tests import builders as build


@dataclass(frozen=True)
class Response:
    """A response, as groups see it."""

    number: int
    encoded: bytes | None = b"{}"


class Executions:
    """Counts the executions of an event, which go on when they are told to."""

    def __init__(self, *, is_encoded: bool = True) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()
        self._encoded = b"{}" if is_encoded else None

    async def __call__(self) -> Response:
        self.begun += 1
        number = self.begun
        await self.go_on.wait()
        return Response(number, self._encoded)


@pytest.fixture
def group() -> ResponseGroup[Response]:
    return ResponseGroup("key")


async def test_an_event_is_executed_once_for_all_members(group: ResponseGroup[Response]) -> None:
    execute = Executions()
    members = [asyncio.create_task(group.response(build.event(1), execute)) for _ in range(3)]
    await asyncio.sleep(0)
    execute.go_on.set()

    assert await asyncio.gather(*members) == [Response(1)] * 3
    assert await group.response(build.event(1), execute) == Response(1), (
        "who comes late gets it, too"
    )
    assert await group.response(build.event(2), execute) == Response(2)


async def test_when_the_first_member_leaves_the_next_one_executes(
    group: ResponseGroup[Response],
) -> None:
    execute = Executions()
    leaving, *staying = [
        asyncio.create_task(group.response(build.event(1), execute)) for _ in range(3)
    ]
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    execute.go_on.set()

    assert await asyncio.gather(*staying) == [Response(2)] * 2


async def test_when_a_waiting_member_leaves_the_others_get_the_response(
    group: ResponseGroup[Response],
) -> None:
    execute = Executions()
    first, leaving, last = [
        asyncio.create_task(group.response(build.event(1), execute)) for _ in range(3)
    ]
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    execute.go_on.set()

    assert [*await asyncio.gather(first, last)] == [Response(1)] * 2


async def test_what_is_not_encoded_is_executed_by_everybody(group: ResponseGroup[Response]) -> None:
    execute = Executions(is_encoded=False)
    members = [asyncio.create_task(group.response(build.event(1), execute)) for _ in range(3)]
    await asyncio.sleep(0)
    execute.go_on.set()

    assert {response.number for response in await asyncio.gather(*members)} == {1, 2, 3}


async def test_only_the_last_responses_are_kept(group: ResponseGroup[Response]) -> None:
    execute = Executions()
    execute.go_on.set()
    for number in range(MAX_RESPONSES + 1):
        await group.response(build.event(number), execute)
    before = execute.begun

    await group.response(build.event(MAX_RESPONSES), execute)
    assert execute.begun == before
    await group.response(build.event(0), execute)
    assert execute.begun == before + 1


def test_a_group_lasts_as_long_as_it_has_members() -> None:
    groups: ResponseGroups[Response] = ResponseGroups()
    one, two, three = (groups.join(key) for key in ("key", "key", "other"))
    assert one is two
    assert one is not three
    groups.leave(two)
    assert groups.join("key") is one
    groups.leave(one)
    groups.leave(one)
    assert groups.join("key") is not one


class Waiting:
    """A member that waits, and what was done for it."""

    def __init__(self, *, is_ready: bool = True) -> None:
        self.is_ready = is_ready
        self.done: list[str] = []

    def deliver(self, event: Event, encoded: bytes) -> bool:
        if self.is_ready:
            self.done.append(f"{event.event_id}: {encoded.decode()}")
        return self.is_ready

    def wake(self) -> None:
        self.done.append("woken")


EVENT = build.event(1)


async def test_one_member_is_woken_and_the_others_get_its_response(
    group: ResponseGroup[Response],
) -> None:
    first, ready, busy = Waiting(), Waiting(), Waiting(is_ready=False)
    assert [group.holds(member, EVENT) for member in (first, ready, busy)] == [False, True, True]
    execute = Executions()
    execute.go_on.set()

    await group.response(EVENT, execute)

    assert (first.done, ready.done, busy.done) == ([], ["event-1: {}"], ["woken"])


async def test_who_comes_during_the_execution_or_after_it_gets_the_response_too(
    group: ResponseGroup[Response],
) -> None:
    during, after = Waiting(), Waiting()
    execute = Executions()
    executing = asyncio.create_task(group.response(EVENT, execute))
    await asyncio.sleep(0)
    assert group.holds(during, EVENT)
    execute.go_on.set()
    await executing
    assert group.holds(after, EVENT)

    assert during.done == after.done == ["event-1: {}"]
    assert not group.holds(Waiting(is_ready=False), EVENT), "it has to be woken"


async def test_when_the_woken_member_leaves_the_others_are_woken(
    group: ResponseGroup[Response],
) -> None:
    first, second = Waiting(), Waiting()
    assert not group.holds(first, EVENT)
    assert group.holds(second, EVENT)

    group.leave(second)
    assert second.done == []
    group.leave(first)
    assert second.done == ["woken"]


@pytest.mark.parametrize("fails", [True, False])
async def test_without_a_response_to_share_everybody_is_woken(
    group: ResponseGroup[Response], fails: bool
) -> None:
    async def execute() -> Response:
        if fails:
            raise KeyError
        return Response(1, encoded=None)

    waiting = Waiting()
    assert not group.holds(Waiting(), EVENT)
    assert group.holds(waiting, EVENT)
    with suppress(KeyError):
        await group.response(EVENT, execute)

    assert waiting.done == ["woken"]
    assert not group.holds(Waiting(), EVENT)
