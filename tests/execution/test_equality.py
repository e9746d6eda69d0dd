"""The criterion by which responses over time are compared does refuse what it should."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLInt, GraphQLList, GraphQLNonNull

from tests.execution.equality import Everything, Path, assert_equivalent, errors_of

TYPES: dict[Path, Any] = {
    ("a",): GraphQLList(GraphQLInt),
    ("a", 0, "must"): GraphQLNonNull(GraphQLInt),
    ("a", 0, "may"): GraphQLInt,
    ("a", 0, "list"): GraphQLList(GraphQLNonNull(GraphQLInt)),
    ("a", 0, "mustList"): GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLInt))),
    ("b",): GraphQLInt,
}

MUST, MAY, B = ("a", 0, "must"), ("a", 0, "may"), ("b",)
ITEM, MUST_ITEM = ("a", 0, "list", 1), ("a", 0, "mustList", 1)


def result(data: Any, *paths: Path, message: str = "fails") -> ExecutionResult:
    return ExecutionResult(data, [GraphQLError(message, path=list(path)) for path in paths] or None)


THERE = Everything(
    {
        tuple(error["path"]): error
        for error in errors_of(result(None, MUST, MAY, ITEM, MUST_ITEM, B))
    },
    TYPES,
)
DATA: Any = {"a": [None], "b": None}


@pytest.mark.parametrize(
    "paths",
    [
        (MUST, B),
        (B, MUST),
        (MUST_ITEM, B),
        (MAY, MUST, B),
        (MUST, ITEM, B),
        (MAY, MUST, ITEM, MUST_ITEM, B),
    ],
)
def test_equivalent(paths: tuple[Path, ...]) -> None:
    assert_equivalent(result(DATA, *paths), result(DATA, MUST, B), THERE)


@pytest.mark.parametrize(
    "ours",
    [
        result({"a": [None], "b": 1}, MUST, B),
        result(DATA, MUST),
        result(DATA, B),
        result(DATA, MAY, B),
        result(DATA, ITEM, B),
        result(DATA, MUST, MUST, B),
        result(DATA, ("a", 0, "other"), B),
        result(DATA, MUST, B, message="fails otherwise"),
    ],
    ids=[
        "other data",
        "no error for a place",
        "no error for another",
        "one that does not explain it",
        "one that explains no more than a list",
        "one error twice",
        "an error that there is not",
        "another message",
    ],
)
def test_not_equivalent(ours: ExecutionResult) -> None:
    with pytest.raises((AssertionError, KeyError)):
        assert_equivalent(ours, result(DATA, MUST, B), THERE)
