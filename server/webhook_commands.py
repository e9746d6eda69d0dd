"""`aicmo webhooks …`: operations of the API, run on the database for who looks after it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Final

import typer

from domain.callers import local_operator
from domain.webhooks import DeliveryState
from schema.context import Context
from schema.encoding import encode
from schema.execute import GraphQLRequest, execute
from schema.root import create_schema
from server.app import open_storage
from server.requests import new_request_id
from server.terminal import (
    Columns,
    CommandFailed,
    Json,
    errors_in_one_line,
    json_line,
    settings_of_a_database,
    show,
)

Ask = Callable[..., Awaitable[Json]]
"""Gives the data of an operation with these variables. Raises CommandFailed."""

webhook_commands = typer.Typer(
    help="Endpoints of webhooks, and what became of their deliveries. Running servers send them.",
    no_args_is_help=True,
)

_ENDPOINT: Final = (
    "endpointId url eventTypes clientIds description enabled disabledReason failingSince revision "
    "createdAt updatedAt"
)
_DELIVERY: Final = (
    "deliveryId endpointId eventId eventType entityType entityKey state attemptCount dueAt "
    "createdAt finishedAt attempts { position createdAt durationMs status error response }"
)
_ERRORS: Final = "errors { message }"

_ALL: Final = f"""query ($after: String) {{
  webhookEndpoints(first: 100, after: $after, orderBy: {{ field: ENDPOINT_ID, direction: ASC }}) {{
    nodes {{ {_ENDPOINT} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE: Final = f"query ($id: ID!) {{ webhookEndpoint(endpointId: $id) {{ {_ENDPOINT} }} }}"
_DELIVERIES: Final = f"""query ($first: Int, $filter: WebhookDeliveryFilter) {{
  webhookDeliveries(first: $first, filter: $filter) {{ nodes {{ {_DELIVERY} }} }}
}}"""


def _mutation(name: str, fields: str) -> str:
    return (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) "
        f"{{ {name}(input: $input) {{ {fields} {_ERRORS} }} }}"
    )


_SAVE: Final = _mutation("saveWebhookEndpoint", f"webhookEndpoint {{ {_ENDPOINT} }} secret")
_ROTATE: Final = _mutation("rotateWebhookSecret", f"webhookEndpoint {{ {_ENDPOINT} }} secret")
_DELETE: Final = _mutation("deleteWebhookEndpoint", f"webhookEndpoint {{ {_ENDPOINT} }}")
_TEST: Final = _mutation("testWebhookEndpoint", f"webhookDelivery {{ {_DELIVERY} }}")
_REPLAY: Final = _mutation("replayWebhookDeliveries", "webhookEndpoint { endpointId } count")

Key = Annotated[str, typer.Argument(help="The endpoint's key.", metavar="KEY")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON Lines, with the fields that the API has.")
]


@webhook_commands.command("list")
def list_endpoints(as_json: AsJson = False) -> None:
    """List all endpoints."""

    async def work(ask: Ask) -> None:
        found: list[Json] = []
        after, has_next = None, True
        while has_next:
            page = (await ask(_ALL, after=after))["webhookEndpoints"]
            found += page["nodes"]
            after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        show(found, _ENDPOINT_COLUMNS, as_json)

    _run(work)


@webhook_commands.command("create")
def create_endpoint(
    url: Annotated[str, typer.Argument(help="Where events are sent.", metavar="URL")],
    key: Annotated[
        str | None, typer.Option(help="The endpoint's key; left out, it gets one.", metavar="KEY")
    ] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(help="A type of events that it gets, such as draft.saved; repeatable."),
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(help="A client whose events it gets; repeatable.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it's for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a new endpoint, which gets all events from now on unless it's said which."""

    async def work(ask: Ask) -> None:
        input = {
            "endpointId": key,
            "url": url,
            "eventTypes": event_type,
            "clientIds": client,
            "description": description,
            "expectedRevision": 0,
        }
        saved = await _mutate(ask, _SAVE, input)
        _show_secret(saved, as_json)

    _run(work)


@webhook_commands.command("enable")
def enable_endpoint(key: Key) -> None:
    """Send an endpoint events again, also those that happened meanwhile."""
    _run(lambda ask: _enable(ask, key, True))


@webhook_commands.command("disable")
def disable_endpoint(key: Key) -> None:
    """Send an endpoint nothing until it's enabled again."""
    _run(lambda ask: _enable(ask, key, False))


@webhook_commands.command("rotate-secret")
def rotate_secret(key: Key, as_json: AsJson = False) -> None:
    """Give an endpoint another secret. For 24 hours events are signed by the old one, too."""

    async def work(ask: Ask) -> None:
        _show_secret(await _mutate(ask, _ROTATE, {"endpointId": key}), as_json)

    _run(work)


@webhook_commands.command("delete")
def delete_endpoint(key: Key) -> None:
    """Delete an endpoint with its deliveries, also those that are pending."""

    async def work(ask: Ask) -> None:
        await _mutate(ask, _DELETE, {"endpointId": key})
        typer.echo(f"Deleted {key}.")

    _run(work)


@webhook_commands.command("test")
def send_test_event(key: Key, as_json: AsJson = False) -> None:
    """Send an endpoint a test event: `aicmo webhooks deliveries` tells what came of it."""

    async def work(ask: Ask) -> None:
        sent = await _mutate(ask, _TEST, {"endpointId": key})
        show([sent["webhookDelivery"]], _DELIVERY_COLUMNS, as_json)

    _run(work)


@webhook_commands.command("deliveries")
def list_deliveries(
    endpoint: Annotated[str | None, typer.Option(help="Those to this endpoint alone.")] = None,
    state: Annotated[
        DeliveryState | None,
        typer.Option(help="Those in this state alone.", case_sensitive=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest first, with what came of the last attempt."""

    async def work(ask: Ask) -> None:
        filter = {
            name: {"eq": value}
            for name, value in (("endpointId", endpoint), ("state", state))
            if value is not None
        }
        data = await ask(_DELIVERIES, first=limit, filter=filter)
        show(data["webhookDeliveries"]["nodes"], _DELIVERY_COLUMNS, as_json)

    _run(work)


@webhook_commands.command("replay")
def replay_deliveries(
    key: Key,
    deliveries: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of deliveries; without any, --since is needed."),
    ] = None,
    state: Annotated[
        DeliveryState | None,
        typer.Option(help="Those in this state alone.", case_sensitive=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Those made at this time or later, such as 2026-03-01T09:30:00Z."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Those made before this time.")] = None,
) -> None:
    """Send deliveries again that arrived or were given up."""

    async def work(ask: Ask) -> None:
        input = {
            "endpointId": key,
            "deliveryIds": deliveries or None,
            "state": state,
            "since": since,
            "until": until,
        }
        replayed = await _mutate(ask, _REPLAY, input)
        typer.echo(f"Pending again: {replayed['count']}")

    _run(work)


def _run(work: Callable[[Ask], Awaitable[None]]) -> None:
    with errors_in_one_line():
        asyncio.run(_on_the_database(work))


async def _on_the_database(work: Callable[[Ask], Awaitable[None]]) -> None:
    settings = settings_of_a_database()
    schema = create_schema()
    async with open_storage(settings) as storage:

        async def ask(document: str, **variables: Any) -> Json:
            context = Context(storage, local_operator(new_request_id()))
            response = await execute(schema, GraphQLRequest(document, variables), context)
            answer = json.loads(encode(response.as_json()))
            _require_none(answer.get("errors", ()))
            data: Json = answer["data"]
            return data

        await work(ask)


async def _mutate(ask: Ask, document: str, input: Json) -> Json:
    """The payload of a mutation that is carried out."""
    [payload] = (await ask(document, input=input)).values()
    _require_none(payload["errors"])
    found: Json = payload
    return found


def _require_none(errors: Iterable[Json]) -> None:
    if messages := [" ".join(error["message"].split()) for error in errors]:
        raise CommandFailed(" ".join(messages))


async def _enable(ask: Ask, key: str, enabled: bool) -> None:
    stored = (await ask(_ONE, id=key))["webhookEndpoint"]
    if stored is None:
        raise CommandFailed("There is no webhook endpoint with this key.")
    given = ("endpointId", "url", "eventTypes", "clientIds", "description")
    input = {name: stored[name] for name in given}
    input |= {"enabled": enabled, "expectedRevision": stored["revision"]}
    await _mutate(ask, _SAVE, input)
    typer.echo(f"{'Enabled' if enabled else 'Disabled'} {key}.")


def _show_secret(payload: Json, as_json: bool) -> None:
    endpoint, secret = payload["webhookEndpoint"], payload["secret"]
    if as_json:
        typer.echo(json_line({**endpoint, "secret": secret}))
        return
    typer.echo(f"Endpoint: {endpoint['endpointId']}\nSecret, shown this once: {secret}")


# Tables


def _state_of(endpoint: Json) -> str:
    if not endpoint["enabled"]:
        return "disabled"
    return "failing" if endpoint["failingSince"] else "enabled"


def _last_outcome(delivery: Json) -> object:
    if not delivery["attempts"]:
        return ""
    last = delivery["attempts"][-1]
    return last["error"] if last["status"] is None else last["status"]


_ENDPOINT_COLUMNS: Final[Columns] = {
    "ENDPOINT": lambda it: it["endpointId"],
    "STATE": _state_of,
    "URL": lambda it: it["url"],
    "EVENT TYPES": lambda it: ", ".join(it["eventTypes"]) or "all",
    "CLIENTS": lambda it: ", ".join(it["clientIds"]) or "all",
    "REASON": lambda it: it["disabledReason"] or "",
}
_DELIVERY_COLUMNS: Final[Columns] = {
    "DELIVERY": lambda it: it["deliveryId"],
    "ENDPOINT": lambda it: it["endpointId"],
    "CREATED": lambda it: it["createdAt"],
    "EVENT TYPE": lambda it: it["eventType"],
    "KEY": lambda it: it["entityKey"],
    "STATE": lambda it: it["state"],
    "ATTEMPTS": lambda it: it["attemptCount"],
    "LAST OUTCOME": _last_outcome,
}
