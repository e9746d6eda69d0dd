"""`aicmo token`, as people meet it in a terminal."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.access import Pepper, is_secret
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from server.cli import app
from tests import builders as build
from tests.support.command_line import one_line_of_error
from tests.support.servers import IN_MEMORY, stored_in

Aicmo = Callable[..., Result]

PEPPERS = f"p1:{'a' * 32}"
CREATE = ("create", "--kind", "agent", "--name", "writer", "--on-behalf-of", "ada")
SCOPES = ("--scope", "strategy:read", "--scope", "production:write")


@pytest.fixture
def token(migrated_database_url: str) -> Aicmo:
    def run(*arguments: str, peppers: str = PEPPERS, **settings: str) -> Result:
        env = {**stored_in(migrated_database_url), "AICMO_TOKEN_PEPPERS": peppers, **settings}
        return CliRunner().invoke(app, ("token", *arguments), prog_name="aicmo", env=env)

    return run


def listed(token: Aicmo) -> list[Any]:
    """All tokens, as `--json` prints them."""
    return [json.loads(line) for line in token("list", "--json").stdout.splitlines()]


def failed(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return result.stderr


def test_a_pepper_is_what_the_setting_takes(token: Aicmo) -> None:
    made = [token("pepper").stdout.strip() for _ in range(2)]

    assert made[0] != made[1]
    for value in made:
        assert token(*CREATE, *SCOPES, peppers=value).exit_code == 0


@pytest.mark.parametrize("days", ["inf", "nan", "1e12", "-1"])
def test_days_that_are_no_time_are_told(token: Aicmo, days: str) -> None:
    refused = token(*CREATE, *SCOPES, "--days", days)

    assert (refused.exit_code, refused.stdout) == (2, ""), refused.output
    assert "--days" in refused.stderr


def test_a_secret_is_printed_once_and_alone(token: Aicmo, migrated_database_url: str) -> None:
    created = token(*CREATE, *SCOPES, "--client", "client-1", "--days", "30")

    assert created.exit_code == 0, created.output
    secret = created.stdout.removesuffix("\n")
    assert is_secret(secret)
    assert created.stderr.startswith("The secret of token_")
    assert secret not in token("list").stdout + token("list", "--json").stdout

    async def stored() -> object:
        database = open_database(migrated_database_url)
        storage = create_storage(PersistenceMode.DB, database)
        hash = Pepper("p1", "a" * 32).hash(secret)
        async with storage.as_(build.caller()).read() as snapshot:
            found = await snapshot.access.tokens_by_hash([hash])
        await storage.close()
        return found[hash].name

    assert asyncio.run(stored()) == "writer"


def test_tokens_are_listed_as_a_table(token: Aicmo) -> None:
    token(*CREATE, *SCOPES, "--client", "client-1", "--days", "30")

    head, row = token("list").stdout.splitlines()

    for name, cell in (
        ("STATE", "valid"),
        ("CALLER", "agent writer for ada"),
        ("SCOPES", "strategy:read, production:write"),
        ("CLIENTS", "client-1"),
        ("LAST USED", "never"),
    ):
        start = head.index(name)
        assert row[start : start + len(cell) + 2].rstrip() == cell


def test_tokens_are_printed_as_the_api_has_them(token: Aicmo) -> None:
    created = json.loads(token(*CREATE, *SCOPES, "--json").stdout)

    assert is_secret(created.pop("secret"))
    assert listed(token) == [created]
    assert (created["kind"], created["name"], created["onBehalfOf"]) == ("AGENT", "writer", "ada")
    assert created["scopes"] == ["strategy:read", "production:write"]
    assert (created["clientIds"], created["expiresAt"]) == ([], None)
    rotated = json.loads(token("rotate", created["tokenId"], "--json").stdout)
    assert is_secret(rotated["secret"])


def test_a_token_is_rotated_and_revoked(token: Aicmo) -> None:
    first = token(*CREATE, *SCOPES).stdout
    [it] = listed(token)
    token_id = it["tokenId"]

    second = token("rotate", token_id).stdout
    assert is_secret(second.strip())
    assert second != first

    assert token("revoke", token_id).stdout == f"Revoked {token_id}.\n"
    assert " revoked " in token("list").stdout
    assert "revoked" in failed(token("rotate", token_id))


def test_all_tokens_are_listed(token: Aicmo, migrated_database_url: str) -> None:
    async def store() -> None:
        database = open_database(migrated_database_url)
        storage = create_storage(PersistenceMode.DB, database)
        for number in range(230):
            await storage.as_(build.caller()).write(
                lambda unit, key=f"token-{number}": unit.access.insert(  # type: ignore[misc]
                    build.access_token(key), key, "p1"
                )
            )
        await storage.close()

    asyncio.run(store())

    found = [it["tokenId"] for it in listed(token)]
    assert len(set(found)) == len(found) == 230


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*CREATE, "--scope", "everything"), "scopes: is not a scope."),
        (("create", "--kind", "user", "--name", " ", *SCOPES), "name: must not be blank."),
        (("create", "--kind", "agent", "--name", "writer", *SCOPES), "onBehalfOf: must name"),
        ((*CREATE, *SCOPES, "--days", "0"), "expiresAt: must be in the future."),
    ],
)
def test_what_is_wrong_is_told_as_the_api_tells_it(
    token: Aicmo, arguments: tuple[str, ...], told: str
) -> None:
    assert one_line_of_error(token(*arguments)).startswith(told)


def test_without_a_pepper_the_way_to_one_is_told(token: Aicmo) -> None:
    assert "aicmo token pepper" in failed(token(*CREATE, *SCOPES, peppers=""))


def test_a_token_that_there_is_not(token: Aicmo) -> None:
    assert failed(token("revoke", "nothing")) == "aicmo: There is no access token with this key.\n"


def test_in_memory_there_are_no_tokens_to_manage(token: Aicmo) -> None:
    assert "AICMO_PERSISTENCE_MODE" in failed(token("list", **IN_MEMORY))


def test_the_server_does_not_start_without_the_peppers_of_valid_tokens(
    token: Aicmo, migrated_database_url: str
) -> None:
    token(*CREATE, *SCOPES)
    [it] = listed(token)
    token_id = it["tokenId"]

    def serve(peppers: str) -> str:
        env = {**stored_in(migrated_database_url), "AICMO_TOKEN_PEPPERS": peppers}
        return CliRunner().invoke(app, ("serve",), prog_name="aicmo", env=env).stderr

    for peppers in ("", f"p2:{'b' * 32}"):
        assert serve(peppers).startswith("aicmo: AICMO_TOKEN_PEPPERS: there are tokens by peppers")
    assert token("revoke", token_id).exit_code == 0
