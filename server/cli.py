"""The command line: `aicmo serve`, and the commands that look after what is stored."""

import asyncio
import errno
import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from socket import socket
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from domain.callers import local_operator
from migrations.revisions import is_new
from repositories.factory import PersistenceMode
from schema.export import SCHEMA_FILE, exported_schema
from server.allocator import release_large_blocks
from server.app import create_app, database_of, open_server_storage, open_storage
from server.document_commands import document_commands
from server.event_commands import event_commands
from server.file_commands import file_commands
from server.files import opened_files
from server.listening import Listener, listening_sockets
from server.logs import logging_to_stderr
from server.requests import new_request_id
from server.run_commands import run_brief, work
from server.seed.agency import seed_agency
from server.seed.bulk import seed_bulk
from server.settings import Settings, SettingsError, load_settings, variable_of_port
from server.terminal import errors_in_one_line, tell_error
from server.token_commands import token_commands
from server.transfer_commands import export_entities, import_file
from server.webhook_commands import webhook_commands

_NEW_OBJECTS = 5_000
"""The number of new objects after which Python's garbage collector runs.

A list creates thousands of objects, which are freed without the collector when it is answered. By
default, at 700, the collector would scan them once for each list. To scan more takes longer.
"""


class _Commands(TyperGroup):
    """Reports a wrong call in one line, like all other errors."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        try:
            sys.exit(super().main(*args, **options | {"standalone_mode": False}))
        except typer.TyperException as error:
            # Without a command there is no message: the help was shown instead.
            if message := error.format_message():
                context = getattr(error, "ctx", None)
                command = context.command_path if context else "aicmo"
                tell_error(f"{message.removesuffix('.')} (help: {command} --help)")
            sys.exit(error.exit_code)


app = typer.Typer(
    cls=_Commands,
    help=(
        "The campaign pipeline of a marketing agency as one GraphQL API.\n\n"
        "Settings come from the environment: HOST, PORT, AICMO_PERSISTENCE_MODE (db or inmemory), "
        "AICMO_DATABASE_URL (sqlite or postgresql) and more; docs/operations.md lists them."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
schema_commands = typer.Typer(help="The GraphQL schema as a file.", no_args_is_help=True)
app.add_typer(schema_commands, name="schema")
app.add_typer(event_commands, name="events")
app.add_typer(webhook_commands, name="webhooks")
app.add_typer(document_commands, name="documents")
app.add_typer(token_commands, name="token")
app.add_typer(file_commands, name="files")


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"aicmo {version('aicmo')}")
        raise typer.Exit


@app.callback()
def aicmo(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version, and exit.", callback=_tell_version, is_eager=True
        ),
    ] = False,
) -> None:
    """The options that belong to no command; the help text is the app's."""


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; overrides HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port to listen on, 0 for a free one; overrides PORT."),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="First migrate the database, and put the demo agency in when it is new.",
        ),
    ] = False,
) -> None:
    """Serve the API and GraphiQL at /graphql."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    with errors_in_one_line():
        settings = load_settings(**given)
        if demo:
            asyncio.run(_prepare_demo(settings))
        asyncio.run(_check_storage(settings))
        sockets = _listening_sockets(settings, is_option="port" in given)
    release_large_blocks()
    with logging_to_stderr():
        _Server(create_app(settings, seed_memory=demo), settings).run(sockets)


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision of the schema."""
    with errors_in_one_line():
        settings = load_settings()
        if settings.persistence_mode is PersistenceMode.INMEMORY:
            raise SettingsError("AICMO_PERSISTENCE_MODE: in memory there is nothing to migrate")
        asyncio.run(_migrate(settings))


@app.command()
def seed(
    size: Annotated[
        int,
        typer.Option(
            min=0,
            help="Add this many delivery packages, with all that leads to them, for benchmarks.",
        ),
    ] = 0,
) -> None:
    """Add the demo agency to the database. What is there stays; again adds nothing twice."""
    with errors_in_one_line():
        settings = load_settings()
        if settings.persistence_mode is PersistenceMode.INMEMORY:
            raise SettingsError(
                "AICMO_PERSISTENCE_MODE: what is seeded in memory is gone at once; "
                "use: aicmo serve --demo"
            )
        asyncio.run(_seed(settings, size))


app.command("import")(import_file)
app.command("export")(export_entities)
app.command("run")(run_brief)
app.command("worker")(work)


@schema_commands.command("export")
def export(
    output: Annotated[
        Path, typer.Option(help="The file to write; '-' prints it.", allow_dash=True)
    ] = SCHEMA_FILE,
) -> None:
    """Write the schema in GraphQL's schema definition language."""
    text = exported_schema()
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    with errors_in_one_line():
        output.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {output}")


class _Server(Listener):
    """Prints its addresses when it listens, and exits when it's told to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again after a clean shutdown.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        # Modules and the schema live to the end: the collector need not scan them again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            if self._app.state.service.has_graphiql:
                typer.echo(f"GraphiQL, for browsers:  {address}/graphql")
            typer.echo(f"GraphQL API, for POST:   {address}/graphql\nPress Ctrl+C to stop.")


def _listening_sockets(settings: Settings, *, is_option: bool) -> list[socket]:
    """The listening sockets of the settings. If the port is in use, the error says what to do."""
    try:
        return listening_sockets(settings)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        other = settings.port % 65_535 + 1
        ways = [f"aicmo serve --port {other}"]
        if not is_option:
            ways.insert(0, f"{variable_of_port()}={other} make serve")
        raise SettingsError(
            f"Address already in use: {settings.host}, port {settings.port}. "
            f"Choose another port, such as: {', or: '.join(ways)}"
        ) from None


async def _prepare_demo(settings: Settings) -> None:
    database = database_of(settings)
    if database is None:
        return
    try:
        fresh = await is_new(database)
    finally:
        await database.close()
    await _migrate(settings)
    if fresh:
        await _seed(settings, 0)


async def _check_storage(settings: Settings) -> None:
    async with open_server_storage(settings), opened_files(settings):
        """Open the storage, which checks that the database is at the newest revision, and files."""


async def _migrate(settings: Settings) -> None:
    # Imported where databases are migrated: it takes time and memory.
    from migrations.runner import upgrade  # noqa: PLC0415

    database = database_of(settings)
    if database is None:
        return
    try:
        steps = await upgrade(database)
    finally:
        await database.close()
    for step in steps:
        typer.echo(step)
    typer.echo("The database is at the newest revision.")


async def _seed(settings: Settings, size: int) -> None:
    # In this order: a folder isn't made for a database that isn't there.
    async with open_storage(settings) as storage, opened_files(settings) as files:
        repositories = storage.as_(local_operator(new_request_id()))
        added = await seed_agency(repositories, None if files is None else files.store)
        typer.echo(f"Added the demo agency: {added} entities." if added else "Nothing to add.")
        if size:
            with (
                _interrupted_by_an_exception(),
                typer.progressbar(length=size, label="Adding packages") as progress,
            ):
                done = 0
                async for total in seed_bulk(repositories, size):
                    progress.update(total - done)
                    done = total


@contextmanager
def _interrupted_by_an_exception() -> Iterator[None]:
    """Show the terminal's cursor again when Ctrl+C ends a progress bar, which hides it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def main() -> None:
    app(prog_name="aicmo")
