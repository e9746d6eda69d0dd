"""Results that are to be rendered: what somebody else can render is left to them."""

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

from execution import ArgumentsOf, Bind, Engine, FieldBinding, Render, SelectedField
from execution.arguments import Arguments
from execution.plans import MAX_SELECTED
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


def _with_arguments(selected: Sequence[SelectedField]) -> Iterator[Arguments]:
    for each in selected:
        if each.arguments is not None:
            yield each.arguments
        yield from _with_arguments(each.selected or ())


def _selected(
    key: str,
    type_: GraphQLObjectType,
    field: GraphQLField,
    below: tuple[SelectedField, ...] | None = None,
) -> SelectedField:
    """With what the engine was given for renderers to know the field by: the field itself."""
    return SelectedField(key, type_, field, below, binding=FieldBinding(member=field))


class Rendering:
    """An engine that may have books and moments rendered; notes what it asks the renderer."""

    def __init__(self, *results: Any) -> None:
        self.schema = schema_of(SDL, Book={"loud": lambda book, _: book["title"] + "!"})
        moment = self.schema.type_map["Moment"]
        assert isinstance(moment, GraphQLScalarType)
        moment.coerce_output_value = lambda value: f"<{value.isoformat()}>"
        self._rendered = [
            self.field(*name) for name in (("Shelf", "books"), ("Shelf", "best"), ("Query", "all"))
        ]
        self._results = results or ("rendered", "rendered")
        self.can_render = True
        self.can_bind = True
        self.given: list[Json] = []
        self.asked: list[Sequence[SelectedField]] = []
        self.told: list[tuple[Any, Json]] = []
        self.engine = Engine(
            self.schema,
            binding_of=self._binding_of,
            encodable_of=lambda leaf: datetime if leaf is moment else None,
        )

    def type(self, name: str) -> GraphQLObjectType:
        type_ = self.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        return type_

    def field(self, type_name: str, name: str) -> GraphQLField:
        field: GraphQLField = self.type(type_name).fields[name]
        return field

    async def data(self, query: str) -> Any:
        result = await run(self.engine, query, root_value=ROOT, with_renderers=True)
        assert result.errors is None
        return result.data

    def _binding_of(self, field: GraphQLField) -> FieldBinding:
        is_rendered = any(field is one for one in self._rendered)
        return FieldBinding(renderer=self._renderer if is_rendered else None, member=field)

    def _renderer(self, selected: Sequence[SelectedField]) -> Bind | None:
        self.asked.append(selected)

        async def render(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
            self.told.append((context, arguments))
            return [self._result(number) for number in range(len(parents))]

        def bind(given: ArgumentsOf) -> Render | None:
            for below in _with_arguments(selected):
                self.given.append(given(below))
            return render if self.can_bind else None

        return bind if self.can_render else None

    def _result(self, number: int) -> Any:
        result = self._results[number]
        if isinstance(result, ZeroDivisionError):
            raise result
        return result


async def test_what_a_renderer_gives_is_left_as_it_is() -> None:
    rendering = Rendering({"any": "thing"}, b"bytes")

    data = await rendering.data("{ shelves { books { title pages } } }")

    assert data == {"shelves": [{"books": {"any": "thing"}}, {"books": b"bytes"}]}
    assert rendering.engine.counts.by_graphql_core == 0


async def test_a_renderer_is_told_what_is_selected_in_the_order_of_the_response() -> None:
    rendering = Rendering()
    book, title = rendering.type("Book"), rendering.field("Book", "title")

    await rendering.data(
        """query { shelves { books { called: title ...more __typename title @skip(if: true) } } }
        fragment more on Book { title type: __typename called: title }"""
    )

    assert rendering.asked == [
        (
            _selected("called", book, title),
            _selected("title", book, title),
            _selected("type", book, TypeNameMetaFieldDef),
            _selected("__typename", book, TypeNameMetaFieldDef),
        )
    ]


async def test_a_renderer_is_told_what_is_selected_below_too() -> None:
    rendering = Rendering()
    book, author = rendering.type("Book"), rendering.type("Author")

    await rendering.data("{ shelves { books { author { called: name } } } }")

    name = _selected("called", author, rendering.field("Author", "name"))
    assert rendering.asked == [
        (_selected("author", book, rendering.field("Book", "author"), (name,)),)
    ]


async def test_a_renderer_is_told_the_context_and_the_arguments() -> None:
    rendering = Rendering()

    for query in ("{ all { title } }", "{ all(longest: 2) { title } at }"):
        await run(
            rendering.engine, query, root_value=ROOT, context_value="context", with_renderers=True
        )

    assert rendering.told == [("context", {"longest": 9}), ("context", {"longest": 2})]


BELOW: Final = (
    "query($longest: Int) { shelves { books { author { books(longest: $longest) { title } } } } }"
)


async def test_a_renderer_is_given_the_arguments_of_fields_below() -> None:
    """They may depend on variables, and a plan serves all of these."""
    rendering = Rendering()

    for longest in (1, 2):
        await run(
            rendering.engine, BELOW, {"longest": longest}, root_value=ROOT, with_renderers=True
        )

    assert rendering.given == [{"longest": 1}, {"longest": 2}]


@pytest.mark.parametrize(
    "query",
    [BELOW, "query($longest: Int) { all { author { books(longest: $longest) { title } } } }"],
)
async def test_what_can_not_be_written_with_its_arguments_is_resolved(query: str) -> None:
    rendering = Rendering()
    rendering.can_bind = False
    variables = {"longest": 1}

    result = await run(rendering.engine, query, variables, root_value=ROOT, with_renderers=True)

    assert rendering.told == []
    expected = await run_by_graphql_core(rendering.schema, query, variables, root_value=ROOT)
    assert result.formatted == expected.formatted


async def test_a_renderer_is_not_told_of_more_than_anybody_writes() -> None:
    rendering = Rendering()
    books = " ".join(f"a{number}: title" for number in range(MAX_SELECTED + 1))

    result = await run(
        rendering.engine,
        f"{{ shelves {{ books {{ {books} }} }} }}",
        root_value=ROOT,
        with_renderers=True,
    )

    assert result.errors is None
    assert rendering.asked == []


@pytest.mark.parametrize("selection", ["author { name }", "loud", "title loud"])
async def test_what_a_renderer_can_not_write_is_resolved(selection: str) -> None:
    rendering = Rendering()
    rendering.can_render = False
    query = f"{{ shelves {{ books {{ {selection} }} }} }}"

    result = await run(rendering.engine, query, root_value=ROOT, with_renderers=True)

    assert result == await run_by_graphql_core(rendering.schema, query, root_value=ROOT)
    assert len(rendering.asked) == 1


async def test_a_result_that_is_not_to_be_written_has_values() -> None:
    rendering = Rendering()
    query = "{ at shelves { books { title __typename } } }"

    rendered = await run(rendering.engine, query, root_value=ROOT, with_renderers=True)
    result = await run(rendering.engine, query, root_value=ROOT)

    assert rendered.data is not None
    assert result == await run_by_graphql_core(rendering.schema, query, root_value=ROOT)
    assert len(rendering.asked) == 1


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

    assert (
        Rendering().engine.plan(document, operation, with_renderers=True).single_statement is is_one
    )


async def test_what_fails_in_the_only_field_is_told_as_by_graphql_core() -> None:
    for results in ((None,), (ValueError("torn"),), (ZeroDivisionError("torn"),)):
        rendering = Rendering(*results)
        alone, beside = [
            await run(rendering.engine, query, root_value=ROOT, with_renderers=True)
            for query in ("{ called: all { title } }", "{ called: all { title } at }")
        ]

        assert alone.formatted == beside.formatted
        assert (alone.data, len(alone.errors or ())) == (None, 1)
        assert alone.errors is not None
        assert alone.errors[0].path == ["called"]
        assert alone.errors[0].locations is not None


async def test_wrong_arguments_of_the_only_field_are_told_as_by_graphql_core() -> None:
    rendering = Rendering()
    query = "query($longest: Int) { shelves { __typename } all(longest: $longest) { title } }"
    alone = "query($longest: Int) { all(longest: $longest) { title } }"

    for asked in (query, alone):
        result = await run(
            rendering.engine, asked, {"longest": "x"}, root_value=ROOT, with_renderers=True
        )
        expected = await run_by_graphql_core(
            rendering.schema, asked, {"longest": "x"}, root_value=ROOT
        )
        assert result.formatted == expected.formatted
    assert rendering.told == []


async def test_one_document_is_planned_for_both() -> None:
    rendering = Rendering()
    query = "{ at }"

    rendered = await rendering.data(query)
    values = await run(rendering.engine, query, root_value=ROOT)

    assert rendered == {"at": MOMENT}
    assert values.data == {"at": "<2026-03-01T00:00:00+00:00>"}


async def test_what_a_renderer_does_not_have_is_null() -> None:
    rendering = Rendering(None, "rendered")

    assert await rendering.data("{ shelves { best { title } } }") == {
        "shelves": [{"best": None}, {"best": "rendered"}]
    }


@pytest.mark.parametrize("missing", [None, ValueError("torn")])
async def test_what_a_renderer_must_have_fails_its_object(missing: Any) -> None:
    rendering = Rendering("rendered", missing)

    result = await run(
        rendering.engine, "{ shelves { books { title } } }", root_value=ROOT, with_renderers=True
    )

    assert result.data is None
    assert result.errors is not None
    [error] = result.errors
    assert error.path == ["shelves", 1, "books"]


async def test_leaves_that_can_be_written_are_left_as_they_are() -> None:
    """Only those of the very class; others are coerced."""
    assert await Rendering().data("{ at on }") == {"at": MOMENT, "on": "<2026-01-02>"}
