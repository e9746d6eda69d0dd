"""Results that are to be written: what somebody else can write is left to them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    TypeNameMetaFieldDef,
    get_operation_ast,
    parse,
)

from execution import Bind, Engine, Given, Selected, Write, Writer
from execution.arguments import Arguments
from execution.plans import MOST_SELECTED
from tests.execution.asking import Json, run, run_by_graphql_core, schema_of

SDL = """
scalar Moment
type Query { shelves: [Shelf!]! all(longest: Int = 9): Book! at: Moment! on: Moment }
type Shelf { books(longest: Int): [Book!]! best: Book }
type Book { title: String! pages: Int! loud: String! author: Author }
type Author { name: String! books(longest: Int): [Book!] }
"""
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
BOOKS: list[Json] = [
    {"title": "B", "pages": 2, "author": {"name": "Bob"}},
    {"title": "A", "pages": 1, "author": None},
]
ROOT: Json = {"shelves": [{"books": BOOKS}, {"books": []}], "at": MOMENT, "on": date(2026, 1, 2)}


def _with_arguments(selected: Sequence[Selected]) -> Iterator[Arguments]:
    for each in selected:
        if each.arguments is not None:
            yield each.arguments
        yield from _with_arguments(each.selected or ())


class Writing:
    """An engine that may leave books and moments to a writer, and what the writer was asked for."""

    def __init__(self, *answers: Any) -> None:
        self.schema = schema_of(SDL, Book={"loud": lambda book, _: book["title"] + "!"})
        moment = self.schema.type_map["Moment"]
        assert isinstance(moment, GraphQLScalarType)
        moment.coerce_output_value = lambda value: f"<{value.isoformat()}>"
        self._written = [
            self.field(*name) for name in (("Shelf", "books"), ("Shelf", "best"), ("Query", "all"))
        ]
        self._answers = answers or ("written", "written")
        self.can_write = True
        self.can_bind = True
        self.given: list[Json] = []
        self.asked: list[Sequence[Selected]] = []
        self.told: list[tuple[Any, Json]] = []
        self.engine = Engine(
            self.schema,
            writer_of=self._writer_of,
            writable_of=lambda leaf: datetime if leaf is moment else None,
        )

    def type(self, name: str) -> GraphQLObjectType:
        type_ = self.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        return type_

    def field(self, type_name: str, name: str) -> GraphQLField:
        field: GraphQLField = self.type(type_name).fields[name]
        return field

    async def data(self, query: str) -> Any:
        result = await run(self.engine, query, root_value=ROOT, to_write=True)
        assert result.errors is None
        return result.data

    def _writer_of(self, field: GraphQLField) -> Writer | None:
        return self._writer if any(field is one for one in self._written) else None

    def _writer(self, selected: Sequence[Selected]) -> Bind | None:
        self.asked.append(selected)

        async def write(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
            self.told.append((context, arguments))
            return [self._answer(number) for number in range(len(parents))]

        def bind(given: Given) -> Write | None:
            for below in _with_arguments(selected):
                self.given.append(given(below))
            return write if self.can_bind else None

        return bind if self.can_write else None

    def _answer(self, number: int) -> Any:
        answer = self._answers[number]
        if isinstance(answer, ZeroDivisionError):
            raise answer
        return answer


async def test_what_a_writer_gives_is_left_as_it_is() -> None:
    writing = Writing({"any": "thing"}, b"bytes")

    data = await writing.data("{ shelves { books { title pages } } }")

    assert data == {"shelves": [{"books": {"any": "thing"}}, {"books": b"bytes"}]}
    assert writing.engine.counts.by_graphql_core == 0


async def test_a_writer_is_told_what_is_selected_in_the_order_of_the_response() -> None:
    writing = Writing()
    book, title = writing.type("Book"), writing.field("Book", "title")

    await writing.data(
        """query { shelves { books { called: title ...more __typename title @skip(if: true) } } }
        fragment more on Book { title type: __typename called: title }"""
    )

    assert writing.asked == [
        (
            Selected("called", book, title),
            Selected("title", book, title),
            Selected("type", book, TypeNameMetaFieldDef),
            Selected("__typename", book, TypeNameMetaFieldDef),
        )
    ]


async def test_a_writer_is_told_what_is_selected_below_too() -> None:
    writing = Writing()
    book, author = writing.type("Book"), writing.type("Author")

    await writing.data("{ shelves { books { author { called: name } } } }")

    name = Selected("called", author, writing.field("Author", "name"))
    assert writing.asked == [(Selected("author", book, writing.field("Book", "author"), (name,)),)]


async def test_a_writer_is_told_the_context_and_the_arguments() -> None:
    writing = Writing()

    for query in ("{ all { title } }", "{ all(longest: 2) { title } at }"):
        await run(writing.engine, query, root_value=ROOT, context_value="context", to_write=True)

    assert writing.told == [("context", {"longest": 9}), ("context", {"longest": 2})]


BELOW: Final = (
    "query($longest: Int) { shelves { books { author { books(longest: $longest) { title } } } } }"
)


async def test_a_writer_is_given_the_arguments_of_fields_below() -> None:
    """They may depend on variables, and a plan serves all of these."""
    writing = Writing()

    for longest in (1, 2):
        await run(writing.engine, BELOW, {"longest": longest}, root_value=ROOT, to_write=True)

    assert writing.given == [{"longest": 1}, {"longest": 2}]


@pytest.mark.parametrize(
    "query",
    [BELOW, "query($longest: Int) { all { author { books(longest: $longest) { title } } } }"],
)
async def test_what_can_not_be_written_with_its_arguments_is_resolved(query: str) -> None:
    writing = Writing()
    writing.can_bind = False
    variables = {"longest": 1}

    result = await run(writing.engine, query, variables, root_value=ROOT, to_write=True)

    assert writing.told == []
    expected = await run_by_graphql_core(writing.schema, query, variables, root_value=ROOT)
    assert result.formatted == expected.formatted


async def test_a_writer_is_not_told_of_more_than_anybody_writes() -> None:
    writing = Writing()
    books = " ".join(f"a{number}: title" for number in range(MOST_SELECTED + 1))

    result = await run(
        writing.engine, f"{{ shelves {{ books {{ {books} }} }} }}", root_value=ROOT, to_write=True
    )

    assert result.errors is None
    assert writing.asked == []


@pytest.mark.parametrize("selection", ["author { name }", "loud", "title loud"])
async def test_what_a_writer_can_not_write_is_resolved(selection: str) -> None:
    writing = Writing()
    writing.can_write = False
    query = f"{{ shelves {{ books {{ {selection} }} }} }}"

    result = await run(writing.engine, query, root_value=ROOT, to_write=True)

    assert result == await run_by_graphql_core(writing.schema, query, root_value=ROOT)
    assert len(writing.asked) == 1


async def test_a_result_that_is_not_to_be_written_has_values() -> None:
    writing = Writing()
    query = "{ at shelves { books { title __typename } } }"

    written = await run(writing.engine, query, root_value=ROOT, to_write=True)
    result = await run(writing.engine, query, root_value=ROOT)

    assert written.data is not None
    assert result == await run_by_graphql_core(writing.schema, query, root_value=ROOT)
    assert len(writing.asked) == 1


@pytest.mark.parametrize(
    ("query", "is_one"),
    [
        ("{ all { title } }", True),
        ("query A { b: all(longest: 1) { ...more } } fragment more on Book { pages }", True),
        ("{ all { title } at @skip(if: true) }", True),
        ("{ all { title } at }", False),
        ("{ shelves { books { title } } }", False),
        ("{ all { author { books(longest: 1) { title } } } }", True),
    ],
)
async def test_an_operation_that_is_one_written_field_says_so(query: str, is_one: bool) -> None:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None

    assert Writing().engine.prepare(document, operation, to_write=True).is_one_read is is_one


async def test_what_fails_in_the_only_field_is_told_as_by_graphql_core() -> None:
    for answers in ((None,), (ValueError("torn"),), (ZeroDivisionError("torn"),)):
        writing = Writing(*answers)
        alone, beside = [
            await run(writing.engine, query, root_value=ROOT, to_write=True)
            for query in ("{ called: all { title } }", "{ called: all { title } at }")
        ]

        assert alone.formatted == beside.formatted
        assert (alone.data, len(alone.errors or ())) == (None, 1)
        assert alone.errors is not None
        assert alone.errors[0].path == ["called"]
        assert alone.errors[0].locations is not None


async def test_wrong_arguments_of_the_only_field_are_told_as_by_graphql_core() -> None:
    writing = Writing()
    query = "query($longest: Int) { shelves { __typename } all(longest: $longest) { title } }"
    alone = "query($longest: Int) { all(longest: $longest) { title } }"

    for asked in (query, alone):
        result = await run(writing.engine, asked, {"longest": "x"}, root_value=ROOT, to_write=True)
        expected = await run_by_graphql_core(
            writing.schema, asked, {"longest": "x"}, root_value=ROOT
        )
        assert result.formatted == expected.formatted
    assert writing.told == []


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
