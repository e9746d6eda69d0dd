"""Constraints and indexes: named by one convention, and each of them needed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from repositories.sql.metadata import metadata

POSTGRESQL_MAXIMUM = 63

every_table = pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)


@every_table
def test_names_follow_from_what_is_named(table: Table) -> None:
    for constraint in table.constraints:
        match constraint:
            case PrimaryKeyConstraint():
                assert constraint.name == f"pk_{table}"
            case UniqueConstraint():
                assert constraint.name == "_".join(["uq", table.name, *constraint.columns.keys()])
            case ForeignKeyConstraint():
                assert constraint.name == "_".join(["fk", table.name, *constraint.columns.keys()])
            case CheckConstraint():
                assert str(constraint.name).startswith(f"ck_{table}_")
            case _:
                pytest.fail(f"no convention for {constraint}")
    for index in table.indexes:
        assert index.name == "_".join(["ix", table.name, *_columns(index)])


@every_table
def test_names_are_whole_on_postgresql(table: Table) -> None:
    names = [str(constraint.name) for constraint in table.constraints]
    names += [str(index.name) for index in table.indexes]
    assert [name for name in names if len(name) > POSTGRESQL_MAXIMUM] == []
    assert len(set(names)) == len(names)


@every_table
def test_no_index_begins_as_another_one_does(table: Table) -> None:
    whole = [index for index in table.indexes if index.dialect_options["sqlite"]["where"] is None]
    lists = [tuple(_columns(index)) for index in whole] + [
        tuple(constraint.columns.keys())
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    for index, columns in enumerate(lists):
        for other in lists[:index] + lists[index + 1 :]:
            assert other[: len(columns)] != columns


def _columns(index: Index) -> Iterator[str]:
    for expression in index.expressions:
        yield str(expression).removeprefix(f"{index.table}.").removesuffix(" DESC")
