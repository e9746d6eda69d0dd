"""The documents that both executors are compared by."""

import pytest
from graphql import NoUnusedVariablesRule, print_ast, specified_rules, validate

from tests.execution.documents import documents, told
from tests.execution.test_equals_graphql_core import ARGUMENTS, KINDS, SCHEMA

RULES = [rule for rule in specified_rules if rule is not NoUnusedVariablesRule]


def test_they_are_valid() -> None:
    for document in documents(SCHEMA, 100, kinds=KINDS, arguments=ARGUMENTS):
        assert validate(SCHEMA, document, RULES) == [], print_ast(document)


def test_they_are_the_same_at_every_run_and_different_from_each_other() -> None:
    first, second = (
        [print_ast(document) for document in documents(SCHEMA, 20, arguments=ARGUMENTS)]
        for _ in range(2)
    )

    assert first == second
    assert len({*first}) == 20


def test_a_failure_tells_by_which_document() -> None:
    [document] = documents(SCHEMA, 1, arguments=ARGUMENTS)

    with pytest.raises(AssertionError) as failed, told(document):
        raise AssertionError

    assert failed.value.__notes__ == [print_ast(document)]
