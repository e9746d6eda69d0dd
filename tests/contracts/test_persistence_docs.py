"""docs/persistence.md has every table and operation as it is in the code, and no other."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Constraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

from repositories.access.contract import AccessRepository
from repositories.contract import EntityRepository
from repositories.documents.contract import DocumentRepository
from repositories.history.contract import EventReads
from repositories.jobs import JobQueue
from repositories.sql.metadata import metadata
from repositories.transfers.contract import TransferJobQueue
from repositories.unit_of_work import Repositories, Storage
from repositories.webhooks.contract import WebhookRepository
from repositories.workflow.contract import ExchangeRepository
from tests.contracts.test_registry import protocols

DOCUMENT = Path(__file__).parents[2] / "docs" / "persistence.md"

Rows = list[list[str]]
"""The cells of a table in the document, without its head."""


def _sections() -> dict[str, list[Rows]]:
    """The tables under each heading."""
    found: dict[str, list[Rows]] = {}
    for section in re.split(r"^#+ ", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        assert heading not in found, f"{heading} is there twice"
        found[heading] = [
            [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()][
                2:
            ]
            for block in re.findall(r"(?:^\|.*\n)+", body, flags=re.MULTILINE)
        ]
    return found


SECTIONS = _sections()
TYPES = {
    (on_sqlite, on_postgresql): name for name, on_sqlite, on_postgresql in SECTIONS["Types"][0]
}

every_table = pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)


def test_the_tables_are_those_of_the_code() -> None:
    described = {heading for heading in SECTIONS if heading.startswith("Table ")}

    assert described == {f"Table `{table}`" for table in metadata.sorted_tables}


@every_table
def test_the_columns_are_those_of_the_code(table: Table) -> None:
    columns, _ = SECTIONS[f"Table `{table}`"]

    assert [row[:3] for row in columns] == [
        [f"`{column.name}`", _type(column), "yes" if column.nullable else "no"]
        for column in table.columns
    ]


@every_table
def test_the_constraints_and_indexes_are_those_of_the_code(table: Table) -> None:
    _, described = SECTIONS[f"Table `{table}`"]
    items: list[Constraint | Index] = [*table.constraints, *table.indexes]

    assert sorted(described) == sorted([f"`{item.name}`", _meaning(item)] for item in items)


def test_the_operations_are_those_of_the_code() -> None:
    described = {
        heading.removeprefix("Operations of "): {row[0] for table in tables for row in table}
        for heading, tables in SECTIONS.items()
        if heading.startswith("Operations of ")
    }

    assert described == {
        "`Storage`": set(_operations(Storage)),
        "`Repositories`": set(_operations(Repositories)),
        "every repository": set(_operations(EntityRepository)),
        "`unit.events`": set(_operations(EventReads)),
        "`unit.webhooks`": set(_operations(WebhookRepository)),
        "`unit.documents`": set(_operations(DocumentRepository)),
        "`unit.access`": set(_operations(AccessRepository)),
        "every queue": set(_operations(JobQueue)),
        "`unit.exchanges`": set(_operations(ExchangeRepository)),
        "`unit.jobs`": set(_operations(TransferJobQueue)) - set(_operations(JobQueue)),
    } | {
        f"`unit.{name}`": set(_operations(protocol)) - set(_operations(EntityRepository))
        for name, protocol in _repositories()
    }


def _type(column: Column[Any]) -> str:
    ddl = (column.type.compile(dialect()) for dialect in (sqlite.dialect, postgresql.dialect))
    on_sqlite, on_postgresql = (f"`{name}`" for name in ddl)
    return TYPES[on_sqlite, on_postgresql]


def _meaning(item: Constraint | Index) -> str:
    match item:
        case CheckConstraint():
            return f"check: `{item.sqltext}`"
        case PrimaryKeyConstraint():
            return f"primary key: {_code(item.columns.keys())}"
        case UniqueConstraint():
            return f"unique: {_code(item.columns.keys())}"
        case ForeignKeyConstraint():
            target = item.elements[0].target_fullname
            rule = str(item.ondelete).lower()
            return f"foreign key: {_code(item.columns.keys())} to `{target}`, on delete {rule}"
        case Index():
            columns = [str(part).removeprefix(f"{item.table}.") for part in item.expressions]
            where = item.dialect_options["postgresql"]["where"]
            kind = "unique index" if item.unique else "index"
            return f"{kind}: {_code(columns)}" + ("" if where is None else f", where `{where}`")
    raise AssertionError(f"how is {item} to be described?")


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _repositories() -> Iterator[tuple[str, type]]:
    for name, (_, repository) in protocols().items():
        yield name, repository


def _operations(protocol: type) -> Iterator[str]:
    for name, member in inspect.getmembers(protocol):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"`{name}`"
        elif inspect.isfunction(member):
            yield f"`{name}({', '.join(_parameters(member))})`"


def _parameters(function: Callable[..., Any]) -> Iterator[str]:
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        has_default = parameter.default is not parameter.empty
        yield f"{parameter.name}={parameter.default}" if has_default else parameter.name
