"""Measuring takes as long as the document, not as long as its expansion."""

from itertools import pairwise
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    get_operation_ast,
    parse,
    visit,
)

from schema.limits import Measuring
from schema.root import CompiledSchema
from tests.support.limits import refusal


def bomb(levels: int, on: str = "Query", last: str = "__typename") -> str:
    """Each fragment spreads the next one twice."""
    names = [f"F{level}" for level in range(levels)]
    return "".join(
        [
            "{...F0}",
            *(
                f"fragment {name} on {on}{{...{next_}...{next_}}}"
                for name, next_ in pairwise(names)
            ),
            f"fragment {names[-1]} on {on}{{{last}}}",
        ]
    )


def selections_in(document: Node) -> int:
    """How many fields, spreads and inline fragments it has as it's written."""
    found = 0

    class Count(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            nonlocal found
            found += isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)

    visit(document, Count())
    return found


LARGE = {
    "a bomb": bomb(60),
    "a bomb of pages": bomb(60, last="briefs(first: 7) { nodes { briefId } }"),
    "a fragment on pages of all sizes": (
        "{" + "".join(f"p{size}: briefs(first: {size}) {{ ...Page }} " for size in range(100)) + "}"
        "fragment Page on BriefConnection {" + "totalCount nodes { briefId }" * 300 + "}"
    ),
    "many operations with one fragment": (
        "".join(f"query Q{number} {{ ...Some }} " for number in range(400))
        + "fragment Some on Query {"
        + "__typename " * 1_000
        + "}"
    ),
    "a fragment in itself": "{ ...A } fragment A on Query { ...A __typename ...A }",
}


@pytest.mark.parametrize("query", LARGE.values(), ids=LARGE)
def test_every_selection_is_measured_once(schema: CompiledSchema, query: str) -> None:
    document = parse(query)
    measuring = Measuring(schema.graphql, document)

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            measuring.operation(definition)

    assert measuring.selections <= selections_in(document)


def test_equal_selections_are_measured_once(schema: CompiledSchema) -> None:
    fields = " ".join(
        f'a{number}: draft(draftId: "{number}") {{ title qcResult {{ issues {{ severity }} }} }}'
        f" b{number}: qcResult(draftId: {number}) {{ issues {{ position }} }}"
        for number in range(20)
    )
    document = parse(f"{{ {fields} }}")
    measuring = Measuring(schema.graphql, document)
    operation = get_operation_ast(document)
    assert operation is not None
    measures = measuring.operation(operation)
    assert measures.fields == 20 * (5 + 3)
    assert measuring.selections == 40 + 4 + 2


def test_a_bomb_of_few_bytes_is_refused_by_what_it_expands_to(schema: CompiledSchema) -> None:
    small = bomb(23)
    assert len(small) < 800

    error = refusal(schema, small)

    assert error is not None
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "rootFields",
        "allowed": 100,
        "amount": 2**22,
    }


def test_numbers_that_nobody_can_read_are_not_written(schema: CompiledSchema) -> None:
    error = refusal(schema, bomb(150))

    assert error is not None
    assert "more than a billion" in error["message"]
    assert error["extensions"]["amount"] == 2**53
