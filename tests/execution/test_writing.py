"""Results that are to be written: what somebody else can write is left to them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLScalarType

from execution import BatchResolver, Engine, Selected, Writer
from tests.execution.asking import Json, run, run_by_graphql_core, schema_of

SDL = """
scalar Moment
type Query { shelves: [Shelf!]! at: Moment! on: Moment }
type Shelf { books(longest: Int): [Book!]! best: Book }
type Book { title: String! pages: Int! loud: String! author: Author }
type Author { name: String! }
"""
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
BOOKS: list[Json] = [
    {"title": "B", "pages": 2, "author": {"name": "Bob"}},
    {"title": "A", "pages": 1, "author": None},
]
ROOT: Json = {"shelves": [{"books": BOOKS}, {"books": []}], "at": MOMENT, "on": date(2026, 1, 2)}


class Writing:
    """An engine that may leave books and moments to a writer, and what the writer was asked for."""

    def __init__(self, *answers: Any) -> None:
        self.schema = schema_of(SDL, Book={"loud": lambda book, _: book["title"] + "!"})
        moment = self.schema.type_map["Moment"]
        assert isinstance(moment, GraphQLScalarType)
        moment.coerce_output_value = lambda value: f"<{value.isoformat()}>"
        shelf: Any = self.schema.type_map["Shelf"]
        self._written = (shelf.fields["books"], shelf.fields["best"])
        book: Any = self.schema.type_map["Book"]
        self._attributes = {id(book.fields[name]): name for name in ("title", "pages")}
        self._answers = answers or ("written", "written")
        self.asked: list[list[Selected]] = []
        self.engine = Engine(
            self.schema,
            attribute_of=self._attribute_of,
            writer_of=self._writer_of,
            writable_of=lambda leaf: datetime if leaf is moment else None,
        )

    async def data(self, query: str) -> Any:
        result = await run(self.engine, query, root_value=ROOT, to_write=True)
        assert result.errors is None
        return result.data

    def _attribute_of(self, field: GraphQLField) -> str | None:
        return self._attributes.get(id(field))

    def _writer_of(self, field: GraphQLField) -> Writer | None:
        return self._writer if any(field is one for one in self._written) else None

    def _writer(self, selected: Sequence[Selected]) -> BatchResolver:
        self.asked.append(list(selected))

        async def write(parents: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
            assert len(parents) == 2
            return self._answers

        return write


async def test_what_a_writer_gives_is_left_as_it_is() -> None:
    writing = Writing({"any": "thing"}, b"bytes")

    data = await writing.data("{ shelves { books { title pages } } }")

    assert data == {"shelves": [{"books": {"any": "thing"}}, {"books": b"bytes"}]}
    assert writing.engine.counts.by_graphql_core == 0


async def test_a_writer_is_told_what_is_selected_in_the_order_of_the_response() -> None:
    writing = Writing()

    await writing.data(
        """query { shelves { books { called: title ...more __typename title @skip(if: true) } } }
        fragment more on Book { title type: __typename called: title }"""
    )

    assert writing.asked == [
        [
            Selected("called", "title", "Book"),
            Selected("title", "title", "Book"),
            Selected("type", None, "Book"),
            Selected("__typename", None, "Book"),
        ]
    ]


@pytest.mark.parametrize("selection", ["author { name }", "loud", "title loud"])
async def test_objects_of_which_more_is_selected_are_not_written(selection: str) -> None:
    writing = Writing()
    query = f"{{ shelves {{ books {{ {selection} }} }} }}"
    writing.engine = Engine(writing.schema, writer_of=writing._writer_of)

    result = await run(writing.engine, query, root_value=ROOT, to_write=True)

    assert result == await run_by_graphql_core(writing.schema, query, root_value=ROOT)
    assert writing.asked == []


async def test_a_result_that_is_not_to_be_written_has_values() -> None:
    writing = Writing()
    query = "{ at shelves { books { title __typename } } }"
    asked = {"root_value": ROOT}
    writing.engine = Engine(writing.schema, writer_of=writing._writer_of)

    written = await run(
        writing.engine, "{ at shelves { best { __typename } } }", to_write=True, **asked
    )
    result = await run(writing.engine, query, **asked)

    assert written.data is not None
    assert result == await run_by_graphql_core(writing.schema, query, **asked)
    assert writing.asked == [[Selected("__typename", None, "Book")]]


async def test_one_document_is_planned_for_both() -> None:
    writing = Writing()
    query = "{ at }"

    written = await writing.data(query)
    values = await run(writing.engine, query, root_value=ROOT)

    assert written == {"at": MOMENT}
    assert values.data == {"at": "<2026-03-01T00:00:00+00:00>"}


async def test_what_a_writer_does_not_have_is_null() -> None:
    writing = Writing(None, "written")

    assert await writing.data("{ shelves { best { title } } }") == {
        "shelves": [{"best": None}, {"best": "written"}]
    }


@pytest.mark.parametrize("missing", [None, ValueError("torn")])
async def test_what_a_writer_must_have_fails_its_object(missing: Any) -> None:
    writing = Writing("written", missing)

    result = await run(
        writing.engine, "{ shelves { books { title } } }", root_value=ROOT, to_write=True
    )

    assert result.data is None
    assert result.errors is not None
    [error] = result.errors
    assert error.path == ["shelves", 1, "books"]


async def test_leaves_that_can_be_written_are_left_as_they_are() -> None:
    """Only those of the very class; others are coerced."""
    assert await Writing().data("{ at on }") == {"at": MOMENT, "on": "<2026-01-02>"}
