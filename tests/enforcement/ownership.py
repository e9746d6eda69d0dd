"""Which module owns which table: the one whose `tables` declares it."""

import importlib
import pkgutil
from collections.abc import Mapping
from importlib.util import find_spec

from sqlalchemy import Table

import repositories


def owners() -> Mapping[str, str]:
    """The module that owns each table, by the table's name."""
    found: dict[str, str] = {}
    for package in pkgutil.iter_modules(repositories.__path__):
        tables = f"repositories.{package.name}.tables"
        if package.ispkg and find_spec(tables):
            declared = importlib.import_module(tables)
            for value in vars(declared).values():
                if isinstance(value, Table):
                    assert value.name not in found, f"{value} is declared twice"
                    found[value.name] = package.name
    return found
