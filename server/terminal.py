"""What all commands have in common: their settings, how they tell errors, and their tables."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from domain.errors import DomainError, ValidationFailed
from migrations.errors import MigrationError
from repositories.factory import PersistenceMode
from server.settings import Settings, SettingsError, load_settings

Json = dict[str, Any]
Columns = Mapping[str, Callable[[Json], object]]
"""What is in each column of a table, by its heading."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON Lines, which have all fields.")]


class CommandFailed(Exception):
    """A command can't do what it was asked for; the message says why, in one line."""


def settings_of_a_database() -> Settings:
    """The settings of a command that looks into a database. Raises SettingsError in memory."""
    settings = load_settings()
    if settings.persistence_mode is PersistenceMode.INMEMORY:
        raise SettingsError("AICMO_PERSISTENCE_MODE: what a server in memory has is its own")
    return settings


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Exit with 1 after an expected error, which is told in one line."""
    try:
        yield
    except ValidationFailed as error:
        fields = (f"{'.'.join(map(str, it.path))} {it.message}" for it in error.violations)
        tell_error("; ".join(fields))
        raise typer.Exit(1) from None
    except (SettingsError, MigrationError, DomainError, CommandFailed, OSError) as error:
        tell_error(str(error))
        raise typer.Exit(1) from None


def tell_error(message: str) -> None:
    typer.secho(f"aicmo: {message}", err=True, fg=typer.colors.RED)


def show(found: Sequence[Json], columns: Columns, as_json: bool) -> None:
    """Print a table for people, or else a line of JSON for each."""
    if as_json:
        for each in found:
            typer.echo(json_line(each))
        return
    rows = [[*columns], *([str(cell(each)) for cell in columns.values()] for each in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def show_secret(record: Json, secret: str, told: str, as_json: bool) -> None:
    """Print a secret alone on standard output, so that it can be piped, or with its record."""
    if as_json:
        typer.echo(json_line({**record, "secret": secret}))
        return
    typer.echo(f"{told}, shown this once:", err=True)
    typer.echo(secret)


def caller_told(kind: str, name: str, on_behalf_of: str | None) -> str:
    """A caller in one cell of a table."""
    return f"{kind.lower()} {name}" + (f" for {on_behalf_of}" if on_behalf_of else "")


def json_line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
