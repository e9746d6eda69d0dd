"""Claims on content, files that are held, and what versions in the log have."""

import asyncio
from datetime import timedelta
from typing import Any

from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import FILE, PACKAGE
from tests.support.sources import START

LATER = START + timedelta(minutes=5)


async def claim(repositories: Repositories, owner: str, *hashes: str, **times: Any) -> bool:
    given = {"until": LATER, "now": START} | times

    async def work(unit: UnitOfWork) -> bool:
        return await unit.files.claim_contents(hashes or ["ab"], owner, **given)

    return await repositories.write(work)


async def test_content_is_claimed_by_one_owner_at_a_time(repositories: Repositories) -> None:
    assert await claim(repositories, "one")
    assert not await claim(repositories, "other")
    assert await claim(repositories, "one")
    assert await claim(repositories, "other", "cd")


async def test_of_those_who_claim_at_once_one_does(repositories: Repositories) -> None:
    claimed = await asyncio.gather(*(claim(repositories, f"{n}") for n in range(5)))

    assert sorted(claimed) == [False] * 4 + [True]


async def test_a_claim_ends_by_itself(repositories: Repositories) -> None:
    await claim(repositories, "one")

    assert not await claim(repositories, "other", now=LATER - timedelta(microseconds=1))
    assert await claim(repositories, "other", now=LATER, until=LATER + timedelta(minutes=5))

    async def owners(unit: UnitOfWork) -> list[bool]:
        return [await unit.files.has_claims(["ab"], owner) for owner in ("one", "other", "third")]

    assert await repositories.write(owners) == [False, True, False]


async def test_a_claim_that_was_given_back_is_anybodys(repositories: Repositories) -> None:
    async def release(unit: UnitOfWork, owner: str) -> None:
        await unit.files.release_contents(["ab"], owner)

    await claim(repositories, "one")
    await repositories.write(lambda unit: release(unit, "other"))
    assert not await claim(repositories, "other")

    await repositories.write(lambda unit: release(unit, "one"))
    assert await claim(repositories, "other")


async def test_several_contents_are_claimed_together(repositories: Repositories) -> None:
    async def is_claimed(owner: str, *hashes: str) -> bool:
        return await repositories.write(lambda unit: unit.files.has_claims(hashes, owner))

    async def release(owner: str, *hashes: str) -> None:
        await repositories.write(lambda unit: unit.files.release_contents(hashes, owner))

    assert await claim(repositories, "one", "ab", "cd")
    assert not await claim(repositories, "other", "cd")
    assert not await claim(repositories, "third", "cd", "ef")
    assert await is_claimed("one", "cd", "ab")
    assert not await is_claimed("one", "ab", "cd", "ef")
    await release("one", "gh", "cd")
    assert await claim(repositories, "other", "cd")
    assert not await is_claimed("one", "ab", "cd")
    await release("one", "cd", "ab")
    assert await claim(repositories, "other", "ab")
    assert await is_claimed("other", "ab", "cd")


async def test_hashes_are_found_among_those_that_a_caller_sees(storage: Storage) -> None:
    operator = storage.as_(build.caller())
    a = storage.as_(build.caller(clients=frozenset({"a"})))
    for key, client_id in (("1", "a"), ("2", "b"), ("3", None)):
        await FILE.save(operator, build.file(key, client_id=client_id, sha256=key * 64))
    hashes = [key * 64 for key in "1234"]

    async with operator.read() as snapshot:
        whole = await snapshot.files.hashes_among(hashes)
    async with a.read() as snapshot:
        seen = await snapshot.files.hashes_among(hashes)
        nothing = await snapshot.files.hashes_among([])

    assert whole == {*hashes[:3]}
    assert seen == {hashes[0]}
    assert nothing == frozenset()


async def test_files_are_held_by_those_who_see_them(storage: Storage) -> None:
    operator = storage.as_(build.caller())
    a = storage.as_(build.caller(clients=frozenset({"a"})))
    for key in ("a", "b"):
        await FILE.save(operator, build.file(key, client_id=key))

    async def hold(unit: UnitOfWork) -> set[str]:
        return {*await unit.files.hold(["a", "b", "absent", "\x00"])}

    async def lock(unit: UnitOfWork) -> set[str]:
        return {*await unit.files.lock(["a", "b", "absent", "\x00"])}

    assert await operator.write(hold) == await operator.write(lock) == {"a", "b"}
    assert await a.write(hold) == await a.write(lock) == {"a"}


async def test_what_versions_had_is_found_in_the_log(repositories: Repositories) -> None:
    def package(key: str, *file_ids: str) -> Any:
        artifacts = [
            build.artifact(url=None, file_id=file_id, position=position)
            for position, file_id in enumerate(file_ids)
        ]
        elsewhere = build.artifact(position=len(file_ids))
        return build.package(key, artifacts=(*artifacts, elsewhere))

    await PACKAGE.save(repositories, package("1", "first", "both"))
    await PACKAGE.save(repositories, package("1", "both", 'quoted "é"'))
    await PACKAGE.save(repositories, package("2", "deleted"))
    await PACKAGE.delete(repositories, "2")
    asked = ["first", "both", 'quoted "é"', "deleted", "never", "\x00"]

    async with repositories.read() as snapshot:
        found = await snapshot.events.mentioned("delivery_package", "artifacts", "fileId", asked)
        others = await snapshot.events.mentioned("draft", "artifacts", "fileId", asked)
        none = await snapshot.events.mentioned("delivery_package", "artifacts", "fileId", [])

    assert found == {*asked[:4]}
    assert others == none == frozenset()
