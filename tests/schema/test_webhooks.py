"""Managing the endpoints of webhooks, and seeing what became of their deliveries."""

from typing import Any

import pytest

from domain.webhooks import DeliveryState, is_secret
from orchestration.webhooks import Dispatcher
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.support.graphql import InProcess, Json
from tests.support.receivers import Responding
from tests.support.sources import START
from tests.support.statements import watched

ERRORS = "errors { __typename code message path }"
ENDPOINT = (
    "webhookEndpoint { endpointId url eventTypes clientIds description enabled disabledReason "
    "failingSince revision createdAt updatedAt }"
)
FIELDS = {
    "saveWebhookEndpoint": f"{ENDPOINT} secret",
    "rotateWebhookSecret": f"{ENDPOINT} secret",
    "deleteWebhookEndpoint": ENDPOINT,
    "testWebhookEndpoint": "webhookDelivery { deliveryId eventType state attempts { status } }",
    "replayWebhookDeliveries": f"{ENDPOINT} count",
    "retryWebhookDeliveries": f"{ENDPOINT} count",
}
STORED = {
    "endpointId": "endpoint-1",
    "url": "https://receiver.example/events",
    "eventTypes": ["draft.saved"],
    "clientIds": [],
    "description": "",
    "enabled": True,
    "disabledReason": None,
    "failingSince": None,
    "revision": 1,
    "createdAt": "2026-03-02T09:30:15.123456Z",
    "updatedAt": "2026-03-02T09:30:15.123456Z",
}


async def run(api: InProcess, name: str, **input: Any) -> Json:
    """The payload of a mutation of the endpoint `endpoint-1`."""
    data = await api.ask(
        f"mutation($input: {name[0].upper()}{name[1:]}Input!) "
        f"{{ {name}(input: $input) {{ {FIELDS[name]} {ERRORS} }} }}",
        input={"endpointId": "endpoint-1", **input},
    )
    payload: Json = data[name]
    return payload


async def save(api: InProcess, **changes: Any) -> Json:
    given = {"url": STORED["url"], "eventTypes": ["draft.saved"], **changes}
    return await run(api, "saveWebhookEndpoint", **given)


async def deliveries(api: InProcess, arguments: str = "") -> list[Json]:
    data = await api.ask(
        f"{{ webhookDeliveries{arguments} {{ nodes {{ deliveryId state attemptCount eventType "
        "entityType entityKey attempts { position status error response } } } }"
    )
    nodes: list[Json] = data["webhookDeliveries"]["nodes"]
    return nodes


async def send_all(storage: Storage) -> None:
    await storage.sequence_events()
    await Dispatcher(storage, lambda: Responding(403, "no")).settle()


# Endpoints


async def test_a_new_endpoint_shows_its_secret_this_once(api: InProcess) -> None:
    payload = await save(api)

    assert payload["webhookEndpoint"] == STORED
    assert is_secret(payload["secret"])
    again = await save(api, description="The newsroom.")
    assert again["secret"] is None
    assert again["webhookEndpoint"] == {**STORED, "description": "The newsroom.", "revision": 2}


async def test_a_rotated_secret_is_another_one(api: InProcess) -> None:
    first = (await save(api))["secret"]

    payload = await run(api, "rotateWebhookSecret")

    assert is_secret(payload["secret"])
    assert payload["secret"] != first


async def test_secrets_are_in_no_event_of_the_log(api: InProcess, storage: Storage) -> None:
    secret = (await save(api))["secret"]
    await storage.sequence_events()

    async with storage.as_(build.caller()).read() as snapshot:
        page = await snapshot.events.page(0, 100)

    assert secret not in str(page.items)


async def test_an_endpoint_is_found_alone_and_in_a_list(api: InProcess) -> None:
    await save(api)

    data = await api.ask(
        '{ webhookEndpoint(endpointId: "endpoint-1") { url } '
        'none: webhookEndpoint(endpointId: "other") { url } '
        "webhookEndpoints(first: 1, filter: { enabled: { eq: true } }, "
        "orderBy: { field: URL, direction: ASC }) "
        "{ totalCount nodes { endpointId } edges { cursor } pageInfo { endCursor hasNextPage } } }"
    )

    assert data["webhookEndpoint"] == {"url": STORED["url"]}
    assert data["none"] is None
    page = data["webhookEndpoints"]
    assert (page["totalCount"], page["nodes"]) == (1, [{"endpointId": "endpoint-1"}])
    assert page["edges"][0]["cursor"] == page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("field", ["URL", "CREATED_AT", "REVISION"])
async def test_endpoints_are_listed_page_by_page(api: InProcess, field: str) -> None:
    keys = [f"endpoint-{number}" for number in range(3)]
    for key in keys:
        await save(api, endpointId=key)
    found, after = [], None

    for _ in keys:
        data = await api.ask(
            "query($after: String, $order: WebhookEndpointOrder) { webhookEndpoints(first: 1, "
            "after: $after, orderBy: $order) { nodes { endpointId } pageInfo { endCursor } } }",
            after=after,
            order={"field": field, "direction": "ASC"},
        )
        found += [node["endpointId"] for node in data["webhookEndpoints"]["nodes"]]
        after = data["webhookEndpoints"]["pageInfo"]["endCursor"]

    assert found == keys


async def test_endpoints_that_are_looked_up_together_take_one_statement(
    schema: CompiledSchema, database: Database
) -> None:
    api = InProcess(schema, create_storage(PersistenceMode.DB, database))
    fields = " ".join(f'e{n}: webhookEndpoint(endpointId: "key-{n}") {{ url }}' for n in range(9))

    with watched(database) as one:
        await api.ask('{ webhookEndpoint(endpointId: "key-0") { url } }')
    with watched(database) as nine:
        assert set((await api.ask(f"{{ {fields} }}")).values()) == {None}

    assert len(nine) == len(one)


async def test_a_deleted_endpoint_is_gone(api: InProcess) -> None:
    await save(api)

    payload = await run(api, "deleteWebhookEndpoint")

    assert payload["webhookEndpoint"] == STORED
    [error] = (await run(api, "deleteWebhookEndpoint"))["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["endpointId"])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"url": "file:///etc/passwd"}, ["url"]),
        ({"eventTypes": ["draft.saved", "draft.eaten"]}, ["eventTypes", "1"]),
        ({"clientIds": [" "]}, ["clientIds", "0"]),
    ],
)
async def test_a_wrong_field_is_named(api: InProcess, changes: Json, path: list[str]) -> None:
    payload = await save(api, **changes)

    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("VALIDATION", path)
    assert (payload["webhookEndpoint"], payload["secret"]) == (None, None)


@pytest.mark.parametrize("name", FIELDS)
async def test_another_revision_than_expected_is_refused(api: InProcess, name: str) -> None:
    await save(api)
    required: dict[str, Json] = {
        "saveWebhookEndpoint": {"url": "https://other.example"},
        "replayWebhookDeliveries": {"deliveryIds": []},
    }

    [error] = (await run(api, name, expectedRevision=2, **required.get(name, {})))["errors"]

    assert error["code"] == "REVISION_CONFLICT"


# Deliveries


async def test_what_became_of_an_event_is_seen(api: InProcess, storage: Storage) -> None:
    await save(api)
    await api.do("saveDraft", inputs.save_draft(draftId="draft-1"))
    await send_all(storage)

    [delivery] = await deliveries(api, "(filter: { state: { in: [FAILED] } })")

    attempt = {"position": 0, "status": 403, "error": None, "response": "no"}
    assert delivery.pop("deliveryId")
    assert delivery == {
        "state": "FAILED",
        "attemptCount": 1,
        "eventType": "draft.saved",
        "entityType": "draft",
        "entityKey": "draft-1",
        "attempts": [attempt],
    }


async def test_a_test_event_is_sent_to_an_endpoint_that_is_enabled(api: InProcess) -> None:
    await save(api)

    delivery = (await run(api, "testWebhookEndpoint"))["webhookDelivery"]

    assert delivery["eventType"] == "webhook_endpoint.tested"
    assert (delivery["state"], delivery["attempts"]) == (DeliveryState.PENDING.value, [])
    await save(api, enabled=False)
    [error] = (await run(api, "testWebhookEndpoint"))["errors"]
    assert (error["code"], error["path"]) == ("VALIDATION", ["endpointId"])


@pytest.mark.parametrize(
    ("which", "count"),
    [
        ({"since": START.isoformat()}, 1),
        ({"since": START.isoformat(), "until": START.isoformat()}, 0),
        ({"since": START.isoformat(), "state": "DELIVERED"}, 0),
        ({"deliveryIds": ["nothing"]}, 0),
    ],
)
async def test_what_has_ended_is_sent_again(
    api: InProcess, storage: Storage, which: Json, count: int
) -> None:
    await save(api)
    await run(api, "testWebhookEndpoint")
    await send_all(storage)

    payload = await run(api, "replayWebhookDeliveries", **which)

    assert (payload["count"], payload["errors"]) == (count, [])
    [delivery] = await deliveries(api)
    assert delivery["state"] == ("PENDING" if count else "FAILED")


async def test_a_replay_is_of_a_time_that_ends_after_it_begins(api: InProcess) -> None:
    await save(api)
    times = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}

    payload = await run(api, "replayWebhookDeliveries", **times)

    [error] = payload["errors"]
    assert (error["code"], error["path"], payload["count"]) == ("VALIDATION", ["until"], None)
    assert error["message"] == "until: must not be before `since`."


async def test_a_replay_says_which_deliveries_it_is_about(api: InProcess) -> None:
    await save(api)

    payload = await run(api, "replayWebhookDeliveries")

    [error] = payload["errors"]
    assert (error["code"], error["path"], payload["count"]) == ("VALIDATION", ["since"], None)


# Pauses


async def fail_once(storage: Storage) -> None:
    """What is due fails, and has a pause now."""
    await storage.sequence_events()
    await Dispatcher(storage, lambda: Responding(503)).settle()


async def test_what_waits_to_be_tried_again_is_tried_now(api: InProcess, storage: Storage) -> None:
    await save(api)
    for key in ("draft-1", "draft-2"):
        await api.do("saveDraft", inputs.save_draft(draftId=key))
    await fail_once(storage)

    payload = await run(api, "retryWebhookDeliveries")

    assert (payload["count"], payload["errors"]) == (2, [])
    assert payload["webhookEndpoint"]["endpointId"] == "endpoint-1"
    assert (await run(api, "retryWebhookDeliveries"))["count"] == 0
    await Dispatcher(storage, lambda: Responding(200)).settle()
    assert {(it["state"], it["attemptCount"]) for it in await deliveries(api)} == {("DELIVERED", 2)}


async def test_only_deliveries_that_are_named_are_tried_now(
    api: InProcess, storage: Storage
) -> None:
    await save(api)
    for key in ("draft-1", "draft-2"):
        await api.do("saveDraft", inputs.save_draft(draftId=key))
    await fail_once(storage)
    [_, first] = await deliveries(api)

    named = [first["deliveryId"], "nowhere"]

    assert (await run(api, "retryWebhookDeliveries", deliveryIds=named))["count"] == 1
    assert (await run(api, "retryWebhookDeliveries", deliveryIds=[]))["count"] == 0
    assert (await run(api, "retryWebhookDeliveries"))["count"] == 1


async def test_what_has_ended_is_not_tried_now(api: InProcess, storage: Storage) -> None:
    await save(api)
    await run(api, "testWebhookEndpoint")
    await send_all(storage)

    assert (await run(api, "retryWebhookDeliveries"))["count"] == 0


async def test_an_endpoint_that_is_disabled_has_to_be_enabled_first(api: InProcess) -> None:
    await save(api, enabled=False)

    payload = await run(api, "retryWebhookDeliveries")

    [error] = payload["errors"]
    assert (error["code"], error["path"], payload["count"]) == ("VALIDATION", ["endpointId"], None)
