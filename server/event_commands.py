"""`aicmo events …`: the log of all changes."""

import asyncio
from typing import Annotated, Final

import typer

from domain.callers import local_operator
from domain.errors import EventsRemoved
from domain.history import EventFilter
from orchestration.payloads import whole_payload_of
from server.app import open_storage
from server.local_operations import asking
from server.requests import new_request_id
from server.settings import Settings
from server.terminal import (
    AsJson,
    Columns,
    Json,
    caller_told,
    errors_in_one_line,
    settings_of_a_database,
    show,
)

event_commands = typer.Typer(
    help=(
        "The log of all changes. `export` and `tail` print it as webhooks send it: an event a "
        "line, in JSON."
    ),
    no_args_is_help=True,
)

_TAIL_SECONDS: Final = 0.5
"""How often `aicmo events tail` looks for new events."""

_NEWEST: Final = """query ($last: Int, $filter: EventFilter) {
  events(last: $last, filter: $filter) {
    nodes {
      eventId cursor type entityType key revisionBefore revisionAfter clientId
      caller { kind callerId onBehalfOf } requestId occurredAt changedFields
    }
  }
}"""


@event_commands.command("list")
def list_events(
    key: Annotated[
        list[str] | None, typer.Option(help="Those of the entity with this key; repeatable.")
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(help="Those of this client's entities; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest events, in the order of the log."""

    async def work(settings: Settings) -> None:
        async with open_storage(settings) as storage:
            await storage.sequence_events()  # where no server runs
            filter = {"keys": key or None, "clientIds": client or None}
            data = await asking(storage)(_NEWEST, last=limit, filter=filter)
            show(data["events"]["nodes"], _COLUMNS, as_json)

    with errors_in_one_line():
        asyncio.run(work(settings_of_a_database()))


@event_commands.command("export")
def export_events(
    after: Annotated[
        int,
        typer.Option(min=0, help="Go on after this position, which is in each line's `data`."),
    ] = 0,
) -> None:
    """Print all events of the log, in order."""
    with errors_in_one_line():
        asyncio.run(_tell_events(settings_of_a_database(), after, follow=False))


@event_commands.command("tail")
def tail_events(
    after: Annotated[
        int | None,
        typer.Option(min=0, help="Begin after this position. Left out, it begins now."),
    ] = None,
) -> None:
    """Print events as they happen, in any process on the database, until Ctrl+C."""
    with errors_in_one_line():
        asyncio.run(_tell_events(settings_of_a_database(), after, follow=True))


async def _tell_events(settings: Settings, after: int | None, *, follow: bool) -> None:
    """Print the events after a position; None: those that are still to come."""
    caller = local_operator(new_request_id())
    async with open_storage(settings) as storage:
        await storage.sequence_events()  # where no server runs
        async with storage.as_(caller).read() as snapshot:
            last = await snapshot.events.last_position()
        if after is None:
            after = last
        elif after > last:
            raise EventsRemoved
        while True:
            page = await storage.feed.read(caller, after, EventFilter(), whole=after > 0)
            for event in page.items:
                typer.echo(whole_payload_of(event))
            after = page.position
            if not page.has_more:
                if not follow:
                    return
                await asyncio.sleep(_TAIL_SECONDS)


def _caller_of(event: Json) -> str:
    caller = event["caller"]
    return caller_told(caller["kind"], caller["callerId"], caller["onBehalfOf"])


_COLUMNS: Final[Columns] = {
    "OCCURRED": lambda it: it["occurredAt"],
    "TYPE": lambda it: it["type"],
    "KEY": lambda it: it["key"],
    "REVISION": lambda it: it["revisionAfter"],
    "CLIENT": lambda it: it["clientId"] or "",
    "CALLER": _caller_of,
    "CHANGED": lambda it: ", ".join(it["changedFields"]),
}
