"""A start of a run that is repeated with a key of one's own starts it once."""

from typing import Any

import pytest

from domain.callers import Caller
from domain.errors import DomainError, NotFound, ValidationFailed
from repositories.unit_of_work import Storage
from resolvers.onboarding.commands import delete_brief
from tests import builders as build
from tests.support.history import events_of
from tests.support.runs import OPERATOR, RunSystem, TimedRunSystem, user

GIVEN: dict[str, Any] = {
    "channels": ("search", "posters"),
    "max_redrafts": 2,
    "require_approval": True,
}


@pytest.fixture
def system(storage: Storage) -> TimedRunSystem:
    return TimedRunSystem(storage)


async def number_of_events(system: RunSystem, run_id: str) -> int:
    async with system.storage.as_(OPERATOR).read() as snapshot:
        return len(await events_of(snapshot, "run", run_id, 99))


async def test_a_run_has_the_key_of_who_starts_it(system: RunSystem) -> None:
    await system.add_brief()

    done = await system.settled(await system.start(run_id="mine"))

    assert (done.run_id, done.status) == ("mine", "SUCCEEDED")


@pytest.mark.parametrize("options", [{}, GIVEN])
async def test_a_repeated_start_gives_the_run_that_is_there(
    system: RunSystem, options: dict[str, Any]
) -> None:
    await system.add_brief()
    first = await system.start(run_id="mine", **options)

    assert await system.start(run_id="mine", **options) == first
    assert await number_of_events(system, "mine") == 1


async def test_a_start_that_is_repeated_late_gives_the_run_as_it_is_and_does_nothing_again(
    system: RunSystem,
) -> None:
    await system.add_brief()
    done = await system.settled(await system.start(run_id="mine"))
    made = await system.made()

    assert await system.start(run_id="mine") == done
    assert not await system.has_job(done)
    assert await system.settled(done) == done
    assert await system.made() == made


async def test_a_start_may_be_repeated_when_the_brief_is_gone(system: RunSystem) -> None:
    await system.add_brief()
    await system.start(run_id="mine")
    await system.change(lambda unit: delete_brief(unit, build.delete("brief_id", "brief-1")))

    assert (await system.start(run_id="mine")).revision == 1
    with pytest.raises(NotFound):
        await system.start(run_id="another")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"brief_id": "brief-2"}, ["brief_id"]),
        ({"brief_id": "brief-9"}, ["brief_id"]),
        ({"channels": ("search",)}, ["channels"]),
        ({"channels": ("posters", "search")}, ["channels"]),
        ({"channels": ()}, ["channels"]),
        ({"max_redrafts": 1}, ["max_redrafts"]),
        ({"require_approval": False}, ["require_approval"]),
        ({"caller": user("grace")}, ["run_id"]),
        ({"caller": user("grace"), "max_redrafts": 1}, ["run_id"]),
        ({"max_redrafts": 0, "channels": ()}, ["channels", "max_redrafts"]),
        ({"run_id": " "}, ["run_id"]),
        ({"run_id": ""}, ["run_id"]),
    ],
)
async def test_another_start_under_the_same_key_is_refused_at_what_differs(
    system: RunSystem, changes: dict[str, Any], fields: list[str]
) -> None:
    await system.add_brief()
    await system.add_brief("brief-2")
    first = await system.start(run_id="mine", **GIVEN)

    with pytest.raises(ValidationFailed) as refused:
        await system.start(**{"run_id": "mine", **GIVEN, **changes})

    assert [it.path for it in refused.value.violations] == [(field,) for field in fields]
    assert await system.run_of(first) == first
    assert await number_of_events(system, "mine") == 1


def bound_to(*clients: str) -> Caller:
    return user("ada", clients=frozenset(clients))


async def refusal(system: RunSystem, **options: Any) -> str:
    """What is told to who is bound to another client than the run that may be there."""
    with pytest.raises(DomainError) as refused:
        await system.start("brief-b", caller=bound_to("b"), **options)
    return repr(getattr(refused.value, "violations", refused.value))


@pytest.mark.parametrize("options", [{}, GIVEN])
async def test_who_may_not_see_a_run_is_not_told_that_its_key_is_taken(
    system: RunSystem, options: dict[str, Any]
) -> None:
    await system.add_brief("brief-b", client_id="b")
    before = await refusal(system, run_id="theirs", **options)
    await system.add_brief("brief-a", client_id="a")
    await system.start("brief-a", run_id="theirs")

    assert await refusal(system, run_id="theirs", **options) == before


async def test_who_is_bound_to_clients_repeats_a_start_under_a_key_that_the_server_made(
    system: RunSystem,
) -> None:
    await system.add_brief("brief-b", client_id="b")
    first = await system.start("brief-b", caller=bound_to("b"))

    again = await system.start("brief-b", caller=bound_to("b"), run_id=first.run_id)

    assert again == first
