"""Contents are claimed by one owner at a time, several of them together or not at all."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from domain.workflow import RunStatus
from orchestration.contents import BUSY, Claim
from orchestration.producers.ports import PackageFile, PackageSubject
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.runs import OPERATOR, RunSystem
from tests.support.transfers import MovedClock

CONTENTS = (b"for Word", b"for people", b"for printing")
BY_HASH = sorted(CONTENTS, key=build.sha256_of)
HASHES = [build.sha256_of(content) for content in BY_HASH]


class Recording:
    """The files of a unit of work; it notes in which order contents are asked for."""

    def __init__(self, files: Any) -> None:
        self._files = files
        self.asked: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._files, name)

        async def recorded(*values: Any, **named: Any) -> Any:
            if name != "time":
                self.asked.append((name, values[0]))
            return await method(*values, **named)

        return recorded


class Recorded:
    """A unit of work whose files are recorded."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.now = unit.now
        self.files = Recording(unit.files)


@pytest.mark.parametrize("given", list(permutations(HASHES)))
async def test_contents_are_claimed_and_looked_at_in_one_order(
    storage: Storage, given: Sequence[str]
) -> None:
    async def work(unit: UnitOfWork) -> list[tuple[str, str]]:
        recorded: Any = Recorded(unit)
        claim = Claim("one", dict.fromkeys(given, 7))
        assert await claim.take(recorded)
        assert await claim.is_held(recorded)
        await claim.complete(recorded)
        found: list[tuple[str, str]] = recorded.files.asked
        return found

    asked = await storage.as_(OPERATOR).write(work)

    assert asked == [
        (name, sha256)
        for name in ("claim_content", "has_claim", "note_checksum", "release_content")
        for sha256 in HASHES
    ]


class Packager:
    """Makes the same three files of each draft."""

    async def documents(self, _: PackageSubject) -> Sequence[PackageFile]:
        return [
            PackageFile(f"{number}.txt", "text/plain", "txt", content)
            for number, content in enumerate(CONTENTS)
        ]


@pytest.mark.parametrize("taken", BY_HASH)
async def test_where_others_have_one_content_a_package_claims_none_and_is_made_later(
    storage: Storage, taken: bytes
) -> None:
    system = RunSystem(storage, MovedClock(), tactics=1)
    await system.add_brief()
    others = Claim("others", {build.sha256_of(taken): None})
    assert await system.change(others.take)
    server = system.another(producers=system.fakes.as_producers(packager=Packager()))

    run = await system.start()
    await server.settle()

    waiting = await system.run_of(run)
    assert waiting.current is not None
    assert (waiting.current.name, waiting.current.error) == ("package", BUSY)
    free = Claim("another", dict.fromkeys(HASHES))
    for content in BY_HASH:
        is_free = await system.change(Claim("another", {build.sha256_of(content): None}).take)
        assert is_free is (content != taken)
    await system.change(free.release)
    await system.change(others.release)
    system.clock.move(seconds=6)  # type: ignore[union-attr]
    await server.settle()
    assert (await system.run_of(run)).status is RunStatus.SUCCEEDED
    assert await system.change(free.take)


async def test_who_claims_again_holds_it_for_longer(storage: Storage) -> None:
    one, other = (Claim(owner, dict.fromkeys(HASHES)) for owner in ("one", "other"))

    async def later(unit: UnitOfWork) -> bool:
        now = await unit.files.time(unit.now) + timedelta(hours=1)
        return await unit.files.claim_content(HASHES[1], "other", until=now, now=now)

    repositories = storage.as_(OPERATOR)
    assert await repositories.write(one.take)
    assert await repositories.write(one.take)
    assert not await repositories.write(other.take)
    assert await repositories.write(one.is_held)
    assert await repositories.write(later)
    assert not await repositories.write(one.is_held)
