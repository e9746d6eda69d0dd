"""`aicmo run` and `aicmo worker`: runs from a shell, and what carries them out."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Final

import typer

from domain.workflow import DEFAULT_REDRAFTS, ENDED, MAX_REDRAFTS, RunStatus
from orchestration.runs.engine import Runs
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema, create_schema
from server.app import open_storage
from server.evaluations import opened_evaluations
from server.files import opened_files
from server.interrupts import cancelled_by_interrupts, run_until_interrupted
from server.local_operations import Ask, asking, mutate, mutation
from server.logs import logging_to_stderr
from server.settings import Settings
from server.terminal import CommandFailed, Json, errors_in_one_line, settings_of_a_database
from server.workers import carrying_out, opened_producers, working

_LOOK_SECONDS: Final = 0.2
"""How often the progress is looked at."""
_STEPS: Final = 1_000
"""The length of the bar."""
_FIELDS: Final = (
    "runId status progress error strategyId "
    "steps { position name tactic status error } deliveryPackages { packageId }"
)
_START: Final = mutation("startRun", f"run {{ {_FIELDS} }}")
_LOOK: Final = f"query ($id: ID!) {{ run(runId: $id) {{ {_FIELDS} }} }}"
_ENDED: Final = frozenset(status.value for status in (*ENDED, RunStatus.FAILED))
_CONCURRENCY: Final = 2
stop_event: Final = asyncio.Event
"""Makes what is set when a worker is told to stop."""


def run_brief(
    brief_id: Annotated[str | None, typer.Argument(help="The brief.", metavar="BRIEF_ID")] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(help="A channel of the plan; may be repeated. Left out, those that fit."),
    ] = None,
    max_redrafts: Annotated[
        int,
        typer.Option(
            min=0,
            max=MAX_REDRAFTS,
            help="How often a draft is written anew that doesn't pass QC.",
        ),
    ] = DEFAULT_REDRAFTS,
    approval: Annotated[bool, typer.Option(help="Wait until the plan is approved.")] = False,
    run_id: Annotated[
        str | None,
        typer.Option(
            help="The run's key; the same command again follows this run, and starts no other.",
            metavar="KEY",
        ),
    ] = None,
    follow: Annotated[
        str | None, typer.Option(help="Follow this run, and start none.", metavar="KEY")
    ] = None,
) -> None:
    """Take a brief to packages, and follow how far it comes.

    A running server helps, and goes on when this command is interrupted. Exits with 1 where the
    run fails or was cancelled.
    """
    if (brief_id is None) == (follow is None):
        raise typer.BadParameter("name a BRIEF_ID, or a run to --follow")
    if follow and (run_id or channel or approval or max_redrafts != DEFAULT_REDRAFTS):
        raise typer.BadParameter("--follow starts no run: leave out what is for one")
    input = {
        "runId": run_id,
        "briefId": brief_id,
        "channels": channel or [],
        "maxRedrafts": max_redrafts,
        "requireApproval": approval,
    }
    with errors_in_one_line():
        run_until_interrupted(_run(input, follow))


def work(
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="How many transfers, and how many runs, it carries out at once; by default as "
            "many as the settings say.",
        ),
    ] = None,
) -> None:
    """Carry out runs, imports and exports, apart from the servers that serve the API.

    Any number of workers may do so on PostgreSQL. Servers send the webhooks for it. It ends by
    SIGTERM or Ctrl+C; what is under way then goes on elsewhere.
    """
    with errors_in_one_line():
        settings = settings_of_a_database()
        settings = settings.model_copy(
            update={
                name: concurrency or getattr(settings, name) or _CONCURRENCY
                for name in ("transfer_concurrency", "run_concurrency")
            }
        )
        with logging_to_stderr():
            asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopping = stop_event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with (
        opened_files(settings) as files,
        open_storage(settings) as storage,
        opened_evaluations(storage, settings) as evaluations,
        carrying_out(storage, files, evaluations, create_schema(), settings),
    ):
        typer.echo("Carrying out runs, imports and exports.\nPress Ctrl+C to stop.")
        await stopping.wait()


async def _run(input: Json, follow: str | None) -> None:
    settings = settings_of_a_database()
    async with open_storage(settings) as storage:
        schema = create_schema()
        ask = asking(storage, schema)
        run_id = follow or (await mutate(ask, _START, input))["run"]["runId"]
        helping = _helping(settings, storage, schema)
        found = await _followed(helping, ask, run_id)
    for package in found["deliveryPackages"]:
        typer.echo(package["packageId"])
    if found["status"] != RunStatus.SUCCEEDED.value:
        raise CommandFailed(found["error"] or f"The run is {found['status']}.")


async def _followed(helping: AbstractAsyncContextManager[None], ask: Ask, run_id: str) -> Json:
    """The run when it has ended, or has failed."""
    try:
        async with helping:
            return await _watched(ask, run_id)
    except asyncio.CancelledError:
        typer.echo(f"\n{run_id} goes on where a server or a worker runs.", err=True)
        typer.echo(f"Follow it: aicmo run --follow {run_id}", err=True)
        raise


@asynccontextmanager
async def _helping(
    settings: Settings, storage: Storage, schema: CompiledSchema
) -> AsyncIterator[None]:
    """Within it this process carries runs out, as servers do."""
    async with (
        opened_files(settings) as files,
        opened_evaluations(storage, settings) as evaluations,
        opened_producers(files, evaluations, schema, settings) as producers,
        working(Runs(storage, producers)),
    ):
        with cancelled_by_interrupts():
            yield


async def _watched(ask: Ask, run_id: str) -> Json:
    done = 0
    with typer.progressbar(length=_STEPS, label=run_id, file=sys.stderr) as bar:
        while True:
            found: Json | None = (await ask(_LOOK, id=run_id))["run"]
            if found is None:
                raise CommandFailed(f"There is no run {run_id}.")
            reached = round(found["progress"] * _STEPS)
            bar.label = f"{run_id}  {_where(found)}"
            bar.update(reached - done)
            bar.render_progress()
            done = reached
            if found["status"] in _ENDED:
                return found
            await asyncio.sleep(_LOOK_SECONDS)


def _where(run: Json) -> str:
    """What the run is doing."""
    if run["status"] == RunStatus.WAITING_APPROVAL.value:
        return f"waits for the approval of {run['strategyId']}"
    if run["status"] != RunStatus.RUNNING.value:
        return str(run["status"]).lower()
    steps = [step for step in run["steps"] if step["status"] in ("PENDING", "RUNNING")]
    if not steps:
        return ""
    step = steps[0]
    tactic = "" if step["tactic"] is None else f" {step['tactic'] + 1}"
    why = f": {step['error']}" if step["error"] else ""
    return f"{step['name']}{tactic}{why}"
