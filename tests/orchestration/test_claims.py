"""Contents are claimed by one owner at a time, several of them together or not at all."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from domain.workflow import Run, RunStatus
from orchestration import contents
from orchestration.contents import Claim, ContentBusy
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.support.packagers import PackagerOfFiles
from tests.support.runs import OPERATOR, TimedRunSystem

CONTENTS = (b"for Word", b"for people", b"for printing")
BY_HASH = sorted(CONTENTS, key=build.sha256_of)
HASHES = [build.sha256_of(content) for content in BY_HASH]


async def test_owners_who_have_the_same_contents_in_other_orders_never_block_each_other(
    repositories: Repositories,
) -> None:
    attempts = Counter[str]()

    async def work(claim: Claim, unit: UnitOfWork) -> None:
        attempts[claim.owner] += 1
        await claim.take(unit)
        assert await claim.is_held(unit)
        await claim.complete(unit)

    claims = [
        Claim(f"{number}", dict.fromkeys(hashes, 7))
        for number, hashes in enumerate(10 * [*permutations(HASHES)])
    ]
    await asyncio.gather(*(repositories.write(partial(work, claim)) for claim in claims))

    # Of transactions that block each other the database ends one, which is done again.
    assert attempts == {claim.owner: 1 for claim in claims}


class Taken:
    """A run whose package has contents of which others have one."""

    def __init__(self, storage: Storage, taken: bytes) -> None:
        self.system = TimedRunSystem(storage, tactics=1)
        producers = self.system.fakes.as_producers(packager=PackagerOfFiles(CONTENTS))
        self._server = self.system.another(producers=producers)
        self._others = Claim("others", {build.sha256_of(taken): None})

    async def carried_out(self) -> Run:
        await self.system.add_brief()
        await self.system.change(self._others.take)
        return await self.settled(await self.system.start())

    async def settled(self, run: Run) -> Run:
        await self.system.settle(self._server)
        return await self.system.run_of(run)

    async def set_free(self) -> None:
        await self.system.change(self._others.release)

    async def claimed(self) -> list[bytes]:
        """Those of the contents that somebody has claimed."""
        return [content for content in CONTENTS if not await self._is_free(content)]

    async def _is_free(self, content: bytes) -> bool:
        claim = Claim("another", {build.sha256_of(content): None})
        try:
            await self.system.change(claim.take)
        except ContentBusy:
            return False
        await self.system.change(claim.release)
        return True


@pytest.mark.parametrize("taken", BY_HASH)
async def test_a_package_waits_while_others_have_one_of_its_contents_and_claims_none_meanwhile(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, taken: bytes
) -> None:
    made = Taken(storage, taken)
    claimed_meanwhile = []

    async def sleep(_: float) -> None:
        claimed_meanwhile.append(await made.claimed())
        if len(claimed_meanwhile) == 3:
            await made.set_free()

    monkeypatch.setattr(contents, "sleep", sleep)

    run = await made.carried_out()

    assert run.status is RunStatus.SUCCEEDED
    assert [step.attempts for step in run.journal if step.name == "package"] == [1]
    assert claimed_meanwhile == [[taken]] * 3
    assert await made.claimed() == []


@pytest.mark.parametrize("taken", BY_HASH)
async def test_a_package_whose_content_others_have_for_too_long_is_put_off(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, taken: bytes
) -> None:
    monkeypatch.setattr(contents, "MAX_WAIT", -1)
    made = Taken(storage, taken)

    run = await made.carried_out()

    assert run.current is not None
    assert (run.current.name, run.current.error) == ("package", str(ContentBusy()))
    assert await made.claimed() == [taken]
    await made.set_free()
    made.system.clock.move(seconds=6)
    assert (await made.settled(run)).status is RunStatus.SUCCEEDED
    assert await made.claimed() == []


async def test_who_claims_again_holds_it_for_longer(storage: Storage) -> None:
    one, other = (Claim(owner, dict.fromkeys(HASHES)) for owner in ("one", "other"))

    async def later(unit: UnitOfWork) -> bool:
        now = await unit.files.time(unit.now) + timedelta(hours=1)
        return await unit.files.claim_contents([HASHES[1]], "other", until=now, now=now)

    repositories = storage.as_(OPERATOR)
    await repositories.write(one.take)
    await repositories.write(one.take)
    with pytest.raises(ContentBusy):
        await repositories.write(other.take)
    assert await repositories.write(one.is_held)
    assert await repositories.write(later)
    assert not await repositories.write(one.is_held)
