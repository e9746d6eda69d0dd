"""What runs have said to language models is kept: the same in memory and in databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.errors import AnswerTooLarge
from domain.workflow import ModelExchange
from repositories.answer_size import limit_answer
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build


async def add(repositories: Repositories, run_id: str, *exchanges: ModelExchange) -> None:
    async def work(unit: UnitOfWork) -> None:
        for exchange in exchanges:
            await unit.exchanges.add(run_id, exchange)

    await repositories.write(work)


async def kept(repositories: Repositories, *run_ids: str) -> dict[str, Sequence[ModelExchange]]:
    async with repositories.read() as snapshot:
        return dict(await snapshot.exchanges.of_runs(run_ids))


async def tokens(repositories: Repositories, run_id: str) -> int:
    async with repositories.read() as snapshot:
        return await snapshot.exchanges.tokens(run_id)


async def add_runs(repositories: Repositories) -> None:
    async def work(unit: UnitOfWork) -> None:
        for run_id in ("run-1", "run-2"):
            await unit.briefs.save(build.brief(f"brief of {run_id}", client_id=run_id))
            await unit.runs.save(build.run(run_id))

    await repositories.write(work)


@pytest.fixture
async def with_runs(repositories: Repositories) -> Repositories:
    await add_runs(repositories)
    return repositories


async def test_exchanges_come_back_as_they_were_in_the_order_of_their_adding(
    with_runs: Repositories,
) -> None:
    said = build.exchange(response='{"é": "🎯"}')
    unsaid = build.exchange(status=None, response="", error="There was none.", tokens=8_000)
    await add(with_runs, "run-1", said, unsaid)
    await add(with_runs, "run-2", said)
    await add(with_runs, "run-1", said)

    found = await kept(with_runs, "run-2", "run-1", "run-3")

    assert found == {
        "run-1": (said, replace(unsaid, position=1), replace(said, position=2)),
        "run-2": (said,),
    }


async def test_the_tokens_of_a_run_are_added_up(with_runs: Repositories) -> None:
    most = 2**31 - 1
    await add(with_runs, "run-1", build.exchange(tokens=most), build.exchange(tokens=most))

    assert await tokens(with_runs, "run-1") == 2 * most
    assert await tokens(with_runs, "run-2") == 0


async def test_exchanges_stay_when_their_run_is_saved_and_go_with_it(
    with_runs: Repositories,
) -> None:
    await add(with_runs, "run-1", build.exchange())

    await with_runs.write(lambda unit: unit.runs.save(build.run("run-1")))
    assert len((await kept(with_runs, "run-1"))["run-1"]) == 1

    await with_runs.write(lambda unit: unit.runs.delete("run-1"))
    await with_runs.write(lambda unit: unit.runs.save(build.run("run-1")))
    assert await kept(with_runs, "run-1") == {}


async def test_nothing_is_kept_for_a_run_that_is_not_there(with_runs: Repositories) -> None:
    await add(with_runs, "run-3", build.exchange())

    assert await kept(with_runs, "run-3") == {}


async def test_a_caller_who_is_bound_to_clients_sees_those_of_their_runs(storage: Storage) -> None:
    everybody = storage.as_(build.caller())
    await add_runs(everybody)
    for run_id in ("run-1", "run-2"):
        await add(everybody, run_id, build.exchange())
    bound = storage.as_(build.caller(clients=frozenset({"run-1"})))

    assert [*await kept(bound, "run-1", "run-2")] == ["run-1"]
    assert await tokens(bound, "run-2") == 0


async def test_texts_that_nobody_looks_at_are_not_read(with_runs: Repositories) -> None:
    await add(with_runs, "run-1", build.exchange(request="x" * 1_000))
    limit_answer(500)

    async with with_runs.read(selected={"ModelExchange": frozenset({"prompt"})}) as snapshot:
        found = await snapshot.exchanges.of_runs(["run-1"])

    assert [it.prompt for it in found["run-1"]] == ["draft"]


async def test_databases_read_texts_as_far_as_an_answer_has_room(database: Database) -> None:
    """Memory has them anyway; there the response is bounded."""
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    await add_runs(repositories)
    texts = [build.exchange(request="x" * 300), build.exchange(response="y" * 300)]
    await add(repositories, "run-1", *texts)
    limit_answer(500)

    with pytest.raises(AnswerTooLarge):
        await kept(repositories, "run-1")
