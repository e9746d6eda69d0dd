"""`aicmo webhooks …`: operations of the API, run on the database for who looks after it."""

from typing import Annotated, Final

import typer

from domain.webhooks import MAX_RETRIED, DeliveryState
from server.local_operations import Ask, all_nodes, mutate, mutation, run
from server.terminal import AsJson, Columns, CommandFailed, Json, show, show_secret

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
_SAVE: Final = mutation("saveWebhookEndpoint", f"webhookEndpoint {{ {_ENDPOINT} }} secret")
_ROTATE: Final = mutation("rotateWebhookSecret", f"webhookEndpoint {{ {_ENDPOINT} }} secret")
_DELETE: Final = mutation("deleteWebhookEndpoint", f"webhookEndpoint {{ {_ENDPOINT} }}")
_TEST: Final = mutation("testWebhookEndpoint", f"webhookDelivery {{ {_DELIVERY} }}")
_REPLAY: Final = mutation("replayWebhookDeliveries", "webhookEndpoint { endpointId } count")
_RETRY: Final = mutation("retryWebhookDeliveries", "webhookEndpoint { endpointId } count")

Key = Annotated[str, typer.Argument(help="The endpoint's key.", metavar="KEY")]


@webhook_commands.command("list")
def list_endpoints(as_json: AsJson = False) -> None:
    """List all endpoints."""

    async def work(ask: Ask) -> None:
        show(await all_nodes(ask, _ALL), _ENDPOINT_COLUMNS, as_json)

    run(work)


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
        saved = await mutate(ask, _SAVE, input)
        _show_secret(saved, as_json)

    run(work)


@webhook_commands.command("enable")
def enable_endpoint(key: Key) -> None:
    """Send an endpoint events again, also those that happened meanwhile."""
    run(lambda ask: _enable(ask, key, True))


@webhook_commands.command("disable")
def disable_endpoint(key: Key) -> None:
    """Send an endpoint nothing until it's enabled again."""
    run(lambda ask: _enable(ask, key, False))


@webhook_commands.command("rotate-secret")
def rotate_secret(key: Key, as_json: AsJson = False) -> None:
    """Give an endpoint another secret. For 24 hours events are signed by the old one, too."""

    async def work(ask: Ask) -> None:
        _show_secret(await mutate(ask, _ROTATE, {"endpointId": key}), as_json)

    run(work)


@webhook_commands.command("delete")
def delete_endpoint(key: Key) -> None:
    """Delete an endpoint with its deliveries, also those that are pending."""

    async def work(ask: Ask) -> None:
        await mutate(ask, _DELETE, {"endpointId": key})
        typer.echo(f"Deleted {key}.")

    run(work)


@webhook_commands.command("test")
def send_test_event(key: Key, as_json: AsJson = False) -> None:
    """Send an endpoint a test event: `aicmo webhooks deliveries` tells what came of it."""

    async def work(ask: Ask) -> None:
        sent = await mutate(ask, _TEST, {"endpointId": key})
        show([sent["webhookDelivery"]], _DELIVERY_COLUMNS, as_json)

    run(work)


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

    run(work)


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
        replayed = await mutate(ask, _REPLAY, input)
        typer.echo(f"Pending again: {replayed['count']}")

    run(work)


@webhook_commands.command("retry")
def retry_deliveries(
    key: Key,
    deliveries: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of deliveries; without any, all of the endpoint."),
    ] = None,
) -> None:
    """Try pending deliveries again now that wait for their next attempt."""

    async def work(ask: Ask) -> None:
        input = {"endpointId": key, "deliveryIds": deliveries or None}
        total, is_full = 0, True
        while is_full:
            count = (await mutate(ask, _RETRY, input))["count"]
            total, is_full = total + count, count == MAX_RETRIED
        typer.echo(f"Due now: {total}")

    run(work)


async def _enable(ask: Ask, key: str, enabled: bool) -> None:
    stored = (await ask(_ONE, id=key))["webhookEndpoint"]
    if stored is None:
        raise CommandFailed("There is no webhook endpoint with this key.")
    given = ("endpointId", "url", "eventTypes", "clientIds", "description")
    input = {name: stored[name] for name in given}
    input |= {"enabled": enabled, "expectedRevision": stored["revision"]}
    await mutate(ask, _SAVE, input)
    typer.echo(f"{'Enabled' if enabled else 'Disabled'} {key}.")


def _show_secret(payload: Json, as_json: bool) -> None:
    endpoint = payload["webhookEndpoint"]
    show_secret(endpoint, payload["secret"], f"The secret of {endpoint['endpointId']}", as_json)


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
