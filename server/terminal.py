"""What all commands have in common: which settings they want, and how they tell errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from domain.errors import DomainError
from migrations.errors import MigrationError
from repositories.factory import PersistenceMode
from server.settings import Settings, SettingsError, load_settings


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
    except (SettingsError, MigrationError, DomainError, CommandFailed, OSError) as error:
        tell_error(str(error))
        raise typer.Exit(1) from None


def tell_error(message: str) -> None:
    typer.secho(f"aicmo: {message}", err=True, fg=typer.colors.RED)
