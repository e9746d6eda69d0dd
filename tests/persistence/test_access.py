"""Access tokens: the same in memory and in databases."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from domain.access import AccessToken, ChangeAccessToken, TokenShown, is_secret
from domain.errors import NotFound, RevisionConflict, ValidationFailed
from domain.scopes import Scope
from repositories.access.contract import AccessReads, AccessRepository
from repositories.criteria import Comparison, Operator, PageRequest
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from resolvers.access.commands import (
    create_access_token,
    revoke_access_token,
    rotate_access_token,
)
from tests import builders as build
from tests.support.sources import START, SettableClock

T = TypeVar("T")


class Tokens:
    """Each call is a unit of work of its own."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    async def do(self, work: Callable[[AccessRepository], Awaitable[T]]) -> T:
        return await self._repositories.write(lambda unit: work(unit.access))

    async def run(self, work: Callable[[UnitOfWork, Any], Awaitable[T]], command: Any) -> T:
        return await self._repositories.write(lambda unit: work(unit, command))

    async def read(self, work: Callable[[AccessReads], Awaitable[T]]) -> T:
        async with self._repositories.read() as snapshot:
            return await work(snapshot.access)

    async def insert(self, token: AccessToken, hash: str | None = None, pepper: str = "p1") -> None:
        await self.do(lambda them: them.insert(token, hash or f"hash of {token.token_id}", pepper))

    async def note_use(self, *token_ids: str, minute: datetime) -> None:
        await self.do(lambda them: them.note_use(token_ids, minute))

    async def token(self, key: str = "token-1") -> AccessToken | None:
        return (await self.read(lambda them: them.tokens([key]))).get(key)

    async def of_secret(self, shown: TokenShown) -> AccessToken | None:
        hash = build.PEPPER.hash(shown.secret)
        return (await self.read(lambda them: them.tokens_by_hash([hash]))).get(hash)

    async def version(self) -> int:
        return await self.read(lambda them: them.token_version())


@pytest.fixture
def tokens(repositories: Repositories) -> Tokens:
    return Tokens(repositories)


# What is kept


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"client_ids": None, "expires_at": None, "on_behalf_of": None},
        {"revoked_at": START, "last_used_at": START, "scopes": tuple(Scope)},
        {"name": "Ünïcödé", "client_ids": ("a", "é")},
    ],
)
async def test_a_token_comes_back_as_it_was_stored(tokens: Tokens, changes: Any) -> None:
    token = build.access_token(**changes)

    await tokens.insert(token)

    assert await tokens.token() == token
    assert await tokens.token("another") is None


async def test_a_token_is_found_by_its_hash_alone(tokens: Tokens) -> None:
    one, two = build.access_token("1"), build.access_token("2", revoked_at=START)
    await tokens.insert(one, "a")
    await tokens.insert(two, "b")

    found = await tokens.read(lambda them: them.tokens_by_hash(["a", "b", "c"]))

    assert found == {"a": one, "b": two}


async def test_a_hash_that_was_replaced_finds_nothing(tokens: Tokens) -> None:
    await tokens.insert(build.access_token(), "old")

    await tokens.do(lambda them: them.replace_hash("token-1", "new", "p2"))

    found = await tokens.read(lambda them: them.tokens_by_hash(["old", "new"]))
    assert found == {"new": build.access_token()}


async def test_tokens_are_listed_page_by_page(tokens: Tokens) -> None:
    for number in range(3):
        created_at = START + timedelta(seconds=number)
        await tokens.insert(build.access_token(f"token-{number}", created_at=created_at))

    page = await tokens.read(lambda them: them.token_page(PageRequest(limit=2)))
    of_one = Comparison("token_id", Operator.EQ, "token-1")

    assert [each.token_id for each in page.items] == ["token-2", "token-1"]
    assert await tokens.read(lambda them: them.token_count(None)) == 3
    assert await tokens.read(lambda them: them.token_count(of_one)) == 1


async def test_a_use_is_noted_to_the_minute_and_never_taken_back(tokens: Tokens) -> None:
    await tokens.insert(build.access_token())
    minutes = [START + timedelta(minutes=number) for number in (5, 3)]

    for minute in minutes:
        await tokens.note_use("token-1", "unknown", minute=minute)

    assert await tokens.token() == build.access_token(last_used_at=minutes[0])


async def test_the_version_grows_with_every_change_and_with_no_use(tokens: Tokens) -> None:
    versions = [await tokens.version()]
    await tokens.insert(build.access_token())
    versions.append(await tokens.version())
    await tokens.do(lambda them: them.update(build.access_token(revision=2)))
    versions.append(await tokens.version())
    await tokens.note_use("token-1", minute=START)

    assert versions[0] == 0
    assert versions == sorted(set(versions))
    assert await tokens.version() == versions[-1]


async def test_peppers_are_those_of_valid_tokens(tokens: Tokens) -> None:
    ended = {"revoked": {"revoked_at": START}, "expired": {"expires_at": START}}
    await tokens.insert(build.access_token("valid"), pepper="p1")
    await tokens.insert(build.access_token("endless", expires_at=None), pepper="p2")
    for name, changes in ended.items():
        await tokens.insert(build.access_token(name, **changes), pepper="gone")

    assert await tokens.read(lambda them: them.pepper_ids(START)) == {"p1", "p2"}


async def test_the_process_counts_its_changes_of_tokens(storage: Storage, tokens: Tokens) -> None:
    counts = [storage.token_changes]
    await tokens.insert(build.access_token())
    counts.append(storage.token_changes)
    await tokens.note_use("token-1", minute=START)
    await tokens.token()

    assert counts == [0, 1]
    assert storage.token_changes == 1


# Commands


async def test_a_new_token_has_a_secret_that_is_stored_as_a_hash(tokens: Tokens) -> None:
    shown = await tokens.run(create_access_token, build.create_access_token(token_id=None))

    assert is_secret(shown.secret)
    assert shown.token.token_id == "token-new-1"
    assert await tokens.of_secret(shown) == shown.token
    assert shown.secret not in repr(shown)


async def test_a_rotated_token_has_another_secret_and_the_old_one_is_refused(
    tokens: Tokens,
) -> None:
    first = await tokens.run(create_access_token, build.create_access_token())

    second = await tokens.run(rotate_access_token, ChangeAccessToken(token_id="token-1"))

    assert await tokens.of_secret(first) is None
    assert await tokens.of_secret(second) == second.token == await tokens.token()
    assert second.token == replace(first.token, revision=2)


async def test_a_revoked_token_stays_in_the_list(tokens: Tokens, clock: SettableClock) -> None:
    shown = await tokens.run(create_access_token, build.create_access_token())
    clock.now += timedelta(hours=1)

    for _ in range(2):
        revoked = await tokens.run(revoke_access_token, ChangeAccessToken(token_id="token-1"))

    assert (revoked.revoked_at, revoked.revision) == (START + timedelta(hours=1), 2)
    assert await tokens.of_secret(shown) == revoked == await tokens.token()


async def test_a_token_that_has_ended_gets_no_other_secret(
    tokens: Tokens, clock: SettableClock
) -> None:
    ends = START + timedelta(days=1)
    await tokens.run(create_access_token, build.create_access_token(expires_at=ends))
    clock.now = ends

    with pytest.raises(ValidationFailed) as failure:
        await tokens.run(rotate_access_token, ChangeAccessToken(token_id="token-1"))
    assert [each.path for each in failure.value.violations] == [("token_id",)]


async def test_a_token_that_ends_at_once_is_refused(tokens: Tokens) -> None:
    with pytest.raises(ValidationFailed) as failure:
        await tokens.run(create_access_token, build.create_access_token(expires_at=START))
    assert [each.path for each in failure.value.violations] == [("expires_at",)]


async def test_no_token_takes_the_key_of_another(tokens: Tokens) -> None:
    first = await tokens.run(create_access_token, build.create_access_token())

    with pytest.raises(ValidationFailed):
        await tokens.run(create_access_token, build.create_access_token(name="another"))
    assert await tokens.of_secret(first) == first.token


@pytest.mark.parametrize("work", [rotate_access_token, revoke_access_token])
async def test_a_change_expects_what_is_stored(tokens: Tokens, work: Any) -> None:
    with pytest.raises(NotFound):
        await tokens.run(work, ChangeAccessToken(token_id="token-1"))
    await tokens.run(create_access_token, build.create_access_token(expected_revision=0))

    with pytest.raises(RevisionConflict):
        await tokens.run(work, ChangeAccessToken(token_id="token-1", expected_revision=7))
    await tokens.run(work, ChangeAccessToken(token_id="token-1", expected_revision=1))


async def test_without_a_pepper_no_token_is_issued() -> None:
    tokens = Tokens(create_storage(PersistenceMode.INMEMORY).as_(build.caller()))

    with pytest.raises(ValidationFailed):
        await tokens.run(create_access_token, build.create_access_token())
    assert await tokens.read(lambda them: them.token_count(None)) == 0
