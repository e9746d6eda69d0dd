"""`aicmo webhooks …`: whoever looks after the database looks after its webhooks."""

import asyncio
import json
from typing import Any

import pytest

from domain.webhooks import is_secret
from orchestration.webhooks import Dispatcher
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import UnitOfWork
from resolvers.webhooks import commands
from server import webhook_commands
from tests import builders as build
from tests.persistence.types_under_test import DRAFT
from tests.support.command_line import Aicmo, one_line_of_error, succeeded
from tests.support.receivers import Responding

URL = "https://receiver.example/events"


@pytest.fixture
def webhooks(aicmo: Aicmo, migrated_database_url: str) -> Aicmo:
    """Runs a command of `aicmo webhooks` on a database that has nothing yet."""
    return lambda *arguments: aicmo("webhooks", *arguments, database=migrated_database_url)


def lines(webhooks: Aicmo, *arguments: str) -> list[Any]:
    """What a command prints with `--json`."""
    printed = succeeded(webhooks(*arguments, "--json")).splitlines()
    return [json.loads(line) for line in printed]


def create(webhooks: Aicmo, *options: str) -> Any:
    [created] = lines(webhooks, "create", URL, "--key", "newsroom", *options)
    return created


def send_all(database_url: str, status: int) -> None:
    """Do what a running server does: all receivers answer with the status."""

    async def send() -> None:
        storage = create_storage(PersistenceMode.DB, open_database(database_url))
        await Dispatcher(storage, lambda: Responding(status)).settle()
        await storage.close()

    asyncio.run(send())


def states(webhooks: Aicmo, *options: str) -> list[str]:
    return [delivery["state"] for delivery in lines(webhooks, "deliveries", *options)]


# Endpoints


def test_a_new_endpoint_shows_its_secret_this_once(webhooks: Aicmo) -> None:
    created = create(webhooks, "--event-type", "draft.saved", "--event-type", "draft.deleted")

    assert is_secret(created.pop("secret"))
    assert created["url"] == URL
    assert created["eventTypes"] == ["draft.saved", "draft.deleted"]
    assert lines(webhooks, "list") == [created]


def test_the_secret_of_a_new_endpoint_is_printed_alone(webhooks: Aicmo) -> None:
    created = webhooks("create", URL, "--key", "newsroom")

    assert created.stderr == "The secret of newsroom, shown this once:\n"
    assert is_secret(created.stdout.removesuffix("\n"))


def test_an_endpoint_that_is_there_stays_as_it_is(webhooks: Aicmo) -> None:
    create(webhooks)

    refused = webhooks("create", "https://other.example", "--key", "newsroom")

    assert one_line_of_error(refused) == "Expected revision 0, but the stored revision is 1."
    assert [it["url"] for it in lines(webhooks, "list")] == [URL]


def test_wrong_values_are_told_with_the_fields_that_have_them(webhooks: Aicmo) -> None:
    refused = webhooks("create", "https://a:b@receiver.example", "--client", " ")

    told = one_line_of_error(refused)
    assert "url: must not have a user name or a password." in told
    assert "clientIds: must not be blank." in told


def test_endpoints_are_listed_as_a_table(webhooks: Aicmo) -> None:
    create(webhooks, "--client", "northwind")
    lines(webhooks, "create", "https://other.example/", "--key", "a")
    succeeded(webhooks("disable", "a"))

    head, *rows = [line.split() for line in succeeded(webhooks("list")).splitlines()]

    assert head == ["ENDPOINT", "STATE", "URL", "EVENT", "TYPES", "CLIENTS", "REASON"]
    assert rows == [
        ["a", "disabled", "https://other.example/", "all", "all"],
        ["newsroom", "enabled", URL, "all", "northwind"],
    ]


def test_all_endpoints_are_listed(webhooks: Aicmo, migrated_database_url: str) -> None:
    number = 101  # more than a page of the API has
    asyncio.run(_add_endpoints(migrated_database_url, number))

    found = [it["endpointId"] for it in lines(webhooks, "list")]

    assert found == sorted(found)
    assert len(found) == number


async def _add_endpoints(database_url: str, number: int) -> None:
    storage = create_storage(PersistenceMode.DB, open_database(database_url))

    async def add(unit: UnitOfWork) -> None:
        for key in range(number):
            endpoint = build.webhook_endpoint(f"endpoint-{key}")
            await unit.webhooks.insert(endpoint, build.WEBHOOK_SECRET)

    await storage.as_(build.caller()).write(add)
    await storage.close()


def test_an_endpoint_is_disabled_and_enabled_and_else_the_same(webhooks: Aicmo) -> None:
    before = create(webhooks, "--event-type", "draft.saved", "--description", "The newsroom.")

    assert succeeded(webhooks("disable", "newsroom")) == "Disabled newsroom.\n"
    [disabled] = lines(webhooks, "list")
    assert succeeded(webhooks("enable", "newsroom")) == "Enabled newsroom.\n"
    [enabled] = lines(webhooks, "list")

    assert (disabled["enabled"], enabled["enabled"], enabled["revision"]) == (False, True, 3)
    for name in ("url", "eventTypes", "clientIds", "description"):
        assert disabled[name] == enabled[name] == before[name]


def test_a_rotated_secret_is_another_one(webhooks: Aicmo) -> None:
    first = create(webhooks)["secret"]

    [rotated] = lines(webhooks, "rotate-secret", "newsroom")

    assert is_secret(rotated["secret"])
    assert rotated["secret"] != first


def test_a_deleted_endpoint_is_gone(webhooks: Aicmo) -> None:
    create(webhooks)

    assert succeeded(webhooks("delete", "newsroom")) == "Deleted newsroom.\n"

    assert lines(webhooks, "list") == []


@pytest.mark.parametrize(
    "command", ["enable", "disable", "rotate-secret", "delete", "test", "replay --since"]
)
def test_an_endpoint_that_is_not_there_is_told(webhooks: Aicmo, command: str) -> None:
    name, *options = command.split()

    refused = webhooks(name, "nowhere", *options, *(["2026-03-01T00:00:00Z"] if options else []))

    assert one_line_of_error(refused) == "There is no webhook endpoint with this key."


def test_in_memory_there_are_no_endpoints_to_look_after(aicmo: Aicmo) -> None:
    refused = aicmo("webhooks", "list", AICMO_PERSISTENCE_MODE="inmemory")

    assert one_line_of_error(refused).startswith("AICMO_PERSISTENCE_MODE: ")


# Deliveries


def test_what_became_of_a_test_event_is_seen(webhooks: Aicmo, migrated_database_url: str) -> None:
    create(webhooks)

    [sent] = lines(webhooks, "test", "newsroom")
    send_all(migrated_database_url, 204)

    [delivery] = lines(webhooks, "deliveries")
    assert (sent["state"], delivery["state"]) == ("PENDING", "DELIVERED")
    assert delivery["deliveryId"] == sent["deliveryId"]
    assert [it["status"] for it in delivery["attempts"]] == [204]
    head, row = succeeded(webhooks("deliveries")).splitlines()
    assert head.split()[-4:] == ["STATE", "ATTEMPTS", "LAST", "OUTCOME"]
    assert row.split()[-3:] == ["DELIVERED", "1", "204"]


def test_an_endpoint_that_is_disabled_gets_no_test_event(webhooks: Aicmo) -> None:
    create(webhooks)
    succeeded(webhooks("disable", "newsroom"))

    refused = webhooks("test", "newsroom")

    assert one_line_of_error(refused) == "endpointId: is of an endpoint that is disabled."


def test_deliveries_of_an_endpoint_or_in_a_state_are_seen_alone(
    webhooks: Aicmo, migrated_database_url: str
) -> None:
    create(webhooks)
    lines(webhooks, "create", URL, "--key", "other")
    succeeded(webhooks("test", "newsroom"))
    send_all(migrated_database_url, 403)
    succeeded(webhooks("test", "other"))

    assert states(webhooks) == ["PENDING", "FAILED"]
    assert states(webhooks, "--limit", "1") == ["PENDING"]
    assert states(webhooks, "--endpoint", "newsroom") == ["FAILED"]
    assert states(webhooks, "--state", "failed") == ["FAILED"]
    assert states(webhooks, "--state", "PENDING", "--endpoint", "newsroom") == []


@pytest.mark.parametrize("limit", ["0", "101"])
def test_no_more_are_listed_than_a_page_has(webhooks: Aicmo, limit: str) -> None:
    assert "--limit" in one_line_of_error(webhooks("deliveries", "--limit", limit), exit_code=2)


def test_what_has_ended_is_sent_again(webhooks: Aicmo, migrated_database_url: str) -> None:
    create(webhooks)
    [sent] = lines(webhooks, "test", "newsroom")
    send_all(migrated_database_url, 403)
    long_ago, replay = "2026-03-01T00:00:00Z", ("replay", "newsroom")

    told = [
        succeeded(webhooks(*replay, *which))
        for which in (
            ("--since", long_ago, "--until", long_ago),
            ("--since", long_ago, "--state", "delivered"),
            (sent["deliveryId"],),
            ("--since", long_ago),
        )
    ]

    assert told == [f"Pending again: {count}\n" for count in (0, 0, 1, 0)]
    send_all(migrated_database_url, 204)
    assert states(webhooks) == ["DELIVERED"]


def test_what_waits_to_be_tried_again_is_tried_now(
    webhooks: Aicmo, migrated_database_url: str
) -> None:
    create(webhooks)
    [sent] = lines(webhooks, "test", "newsroom")
    send_all(migrated_database_url, 503)

    told = [
        succeeded(webhooks("retry", "newsroom", *which))
        for which in (("nothing",), (sent["deliveryId"],), ())
    ]

    assert told == [f"Due now: {count}\n" for count in (0, 1, 0)]
    send_all(migrated_database_url, 204)
    assert states(webhooks) == ["DELIVERED"]


def test_all_that_waits_is_tried_now_however_much_it_is(
    webhooks: Aicmo, migrated_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(webhooks)
    asyncio.run(_save_drafts(migrated_database_url, 5))
    send_all(migrated_database_url, 503)
    for module in (webhook_commands, commands):
        monkeypatch.setattr(module, "MAX_RETRIED", 2)

    assert succeeded(webhooks("retry", "newsroom")) == "Due now: 5\n"


async def _save_drafts(database_url: str, number: int) -> None:
    storage = create_storage(PersistenceMode.DB, open_database(database_url))
    drafts = [build.draft(f"draft-{it}") for it in range(number)]
    await DRAFT.save(storage.as_(build.caller()), *drafts)
    await storage.sequence_events()
    await storage.close()


@pytest.mark.parametrize(
    ("options", "told"),
    [([], "since: must be given"), (["--since", "yesterday"], "RFC 3339")],
)
def test_a_replay_wants_to_know_what(webhooks: Aicmo, options: list[str], told: str) -> None:
    create(webhooks)

    assert told in one_line_of_error(webhooks("replay", "newsroom", *options))
