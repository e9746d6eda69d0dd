"""How settings are read from the environment, and how what is wrong there is told."""

import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import AliasChoices, ValidationError

from server.settings.combined import Settings
from server.settings.fields import PREFIX

_OTHER_VARIABLES = frozenset({"AICMO_TEST_POSTGRES_URL", "AICMO_URL"})
"""Variables that tests and example clients read."""
_SERVICE_LINK = re.compile(r"AICMO_(SERVICE|PORT)_.*")
"""The variables that Kubernetes sets for a service called aicmo."""


class SettingsError(Exception):
    """Settings are missing or unsafe; the message has a line for each, with the reason."""


def load_settings(**given: Any) -> Settings:
    """The settings of this process; options of the command line override the environment.

    Raises SettingsError, with all names that are unknown or else all values that are wrong.
    """
    if unknown := list(_unknown_variables()):
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_wrong_values(error, given))) from None


def variable_of_port() -> str:
    """The variable that sets the port: the one that is set, or else the shorter one."""
    [names] = [names for at, names in _variables() if at == ("port",)]
    return _first_set(names) or names[-1]


def _variables() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each setting's path in Settings, with its variables: the first that is set counts."""
    for name, field in Settings.model_fields.items():
        variable = f"{PREFIX}{name.upper()}"
        if is_dataclass(field.default):
            for part in fields(field.default):
                yield (name, part.name), [f"{variable}__{part.name.upper()}"]
        else:
            alias = field.validation_alias
            names = alias.choices if isinstance(alias, AliasChoices) else [variable]
            yield (name,), [str(choice) for choice in names]


def _unknown_variables() -> Iterator[str]:
    """A line for each variable that looks like a setting but isn't one: perhaps it's mistyped."""
    known = [variable for _, names in _variables() for variable in names]
    for variable in os.environ:
        name = variable.upper()
        if name in known or name in _OTHER_VARIABLES or _SERVICE_LINK.fullmatch(name):
            continue
        if name.startswith(PREFIX):
            closest = get_close_matches(name, known, n=1)
            hint = f"; the closest is {closest[0]}" if closest else ""
            yield f"{variable}: there is no such setting{hint}"


def _wrong_values(error: ValidationError, given: dict[str, Any]) -> Iterator[str]:
    """A line for each error, with the option or the variable that was set."""
    for problem in error.errors():
        message = problem["msg"].removeprefix("Value error, ")
        for part in problem.get("ctx", {}).get("at", [None]):
            place = tuple(str(name) for name in (*problem["loc"], part) if name is not None)
            yield f"{_set_name(place, given)}: {message}"


def _set_name(place: tuple[str, ...], given: dict[str, Any]) -> str:
    if place[0] in given:
        return f"--{place[0]}"
    # A setting with several names is at the first of them, whichever is set.
    [names] = [names for at, names in _variables() if at == place or place[0] in names]
    return _first_set(names) or names[0]


def _first_set(names: list[str]) -> str | None:
    """The first of the variables that is set, spelled as in the environment."""
    as_set = {variable.upper(): variable for variable in os.environ}
    return next((as_set[name] for name in names if name in as_set), None)
