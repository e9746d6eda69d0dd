"""Batch resolvers are called once for all parents of a level."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from graphql import GraphQLField

from execution import BatchResolver, Engine, FieldBinding
from tests.execution.asking import Json, run, schema_of

SDL = """
interface Named { name(upper: Boolean = false): String! }
type Query { authors: [Author!]! named: [Named!]! none: [Author!]! }
type Author implements Named { name(upper: Boolean = false): String! books: [Book!] best: Book }
type Book implements Named { name(upper: Boolean = false): String! author: Author }
"""

ADA: Json = {"__typename": "Author", "id": "ada"}
BOB: Json = {"__typename": "Author", "id": "bob"}
BOOKS: dict[str, list[Json]] = {
    "ada": [{"__typename": "Book", "id": f"a{number}"} for number in range(3)],
    "bob": [{"__typename": "Book", "id": "b0"}],
}
ROOT: Json = {"authors": [ADA, BOB], "named": [ADA, *BOOKS["ada"], BOB], "none": []}


class Batches:
    """Batch resolvers by the names of fields; notes how they were called."""

    def __init__(self, **results: Any) -> None:
        self.calls: list[tuple[str, list[str]]] = []
        self.infos: list[Any] = []
        self._results = results
        self.schema = schema_of(SDL)

    def engine(self, attribute_of: Callable[[GraphQLField], str | None] | None = None) -> Engine:
        fields = {
            id(field): self._resolving(f"{type_name}_{name}")
            for type_name in ("Author", "Book")
            for name, field in self.schema.type_map[type_name].fields.items()  # type: ignore[attr-defined]
            if f"{type_name}_{name}" in self._results
        }

        def binding_of(field: GraphQLField) -> FieldBinding:
            attribute = None if attribute_of is None else attribute_of(field)
            return FieldBinding(resolve_batch=fields.get(id(field)), attribute=attribute)

        return Engine(self.schema, binding_of=binding_of)

    def _resolving(self, name: str) -> BatchResolver:
        async def resolve(parents: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
            self.calls.append((name, [parent["id"] for parent in parents]))
            self.infos.append(info)
            result = self._results[name]
            found = result(parents, **arguments) if callable(result) else result
            if isinstance(found, Exception):
                raise found
            return found  # type: ignore[no-any-return]

        return resolve


def names(parents: Sequence[Any], *, upper: bool) -> list[str]:
    return [parent["id"].upper() if upper else parent["id"] for parent in parents]


def books(parents: Sequence[Any]) -> list[list[Json]]:
    return [BOOKS[parent["id"]] for parent in parents]


@pytest.fixture
def batches() -> Batches:
    return Batches(Author_name=names, Author_books=books, Book_name=names)


async def test_a_batch_resolver_is_called_once_a_level(batches: Batches) -> None:
    engine = batches.engine()

    result = await run(engine, "{ authors { name books { name } } }", root_value=ROOT)

    assert result.errors is None
    assert result.data == {
        "authors": [
            {"name": "ada", "books": [{"name": "a0"}, {"name": "a1"}, {"name": "a2"}]},
            {"name": "bob", "books": [{"name": "b0"}]},
        ]
    }
    assert sorted(batches.calls) == [
        ("Author_books", ["ada", "bob"]),
        ("Author_name", ["ada", "bob"]),
        ("Book_name", ["a0", "a1", "a2", "b0"]),
    ]


async def test_it_gets_the_arguments_and_the_info_of_the_first_parent(batches: Batches) -> None:
    result = await run(
        batches.engine(),
        "query ($up: Boolean!) { authors { books { upper: name(upper: $up) } } }",
        {"up": True},
        root_value=ROOT,
        context_value="the context",
    )

    assert result.data == {
        "authors": [
            {"books": [{"upper": "A0"}, {"upper": "A1"}, {"upper": "A2"}]},
            {"books": [{"upper": "B0"}]},
        ]
    }
    info = batches.infos[-1]
    assert info.path.as_list() == ["authors", 0, "books", 0, "upper"]
    assert info.field_name == "name"
    assert info.context == "the context"


async def test_of_several_types_each_has_its_batch(batches: Batches) -> None:
    result = await run(batches.engine(), "{ named { name } }", root_value=ROOT)

    assert result.data == {"named": [{"name": name} for name in ("ada", "a0", "a1", "a2", "bob")]}
    assert sorted(batches.calls) == [
        ("Author_name", ["ada", "bob"]),
        ("Book_name", ["a0", "a1", "a2"]),
    ]


async def test_without_parents_it_is_not_called(batches: Batches) -> None:
    result = await run(batches.engine(), "{ none { name } }", root_value=ROOT)

    assert result.data == {"none": []}
    assert batches.calls == []


async def test_aliases_are_batches_of_their_own(batches: Batches) -> None:
    query = "{ authors { a: name  b: name(upper: true) } }"

    result = await run(batches.engine(), query, root_value=ROOT)

    assert result.data == {"authors": [{"a": "ada", "b": "ADA"}, {"a": "bob", "b": "BOB"}]}
    assert len(batches.calls) == 2


async def test_an_exception_in_a_place_fails_that_place() -> None:
    batches = Batches(Author_books=[ValueError("no books"), BOOKS["bob"]], Book_name=names)

    result = await run(batches.engine(), "{ authors { books { name } } }", root_value=ROOT)

    assert result.data == {"authors": [{"books": None}, {"books": [{"name": "b0"}]}]}
    [error] = result.errors or []
    assert (error.message, error.path) == ("no books", ["authors", 0, "books"])
    assert isinstance(error.original_error, ValueError)


async def test_one_that_is_raised_fails_all() -> None:
    batches = Batches(Author_books=ValueError("no books"))

    result = await run(batches.engine(), "{ authors { books { name } } }", root_value=ROOT)

    assert result.data == {"authors": [{"books": None}, {"books": None}]}
    assert [error.path for error in result.errors or ()] == [
        ["authors", 0, "books"],
        ["authors", 1, "books"],
    ]


async def test_arguments_that_can_not_be_had_fail_all_without_a_call() -> None:
    batches = Batches(Author_name=names)

    result = await run(
        batches.engine(),
        "query ($up: Boolean = true) { authors { name(upper: $up) best { name } } }",
        {"up": "yes"},
        root_value=ROOT,
    )

    assert result.data is None
    assert batches.calls == []


async def test_nulls_and_wrong_values_are_judged_as_any_resolvers() -> None:
    batches = Batches(Author_name=["ada", None], Author_best=[None, {"name": "b"}])

    result = await run(batches.engine(), "{ authors { best { name } } }", root_value=ROOT)
    assert result.data == {"authors": [{"best": None}, {"best": {"name": "b"}}]}

    result = await run(batches.engine(), "{ authors { name } }", root_value=ROOT)
    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["authors", 1, "name"]]


@pytest.mark.parametrize("found", [[], ["one"], ["one", "two", "three"]])
async def test_a_response_that_is_not_aligned_with_the_parents_fails_all(found: list[str]) -> None:
    batches = Batches(Author_books=found)

    result = await run(batches.engine(), "{ authors { books { name } } }", root_value=ROOT)

    assert result.data == {"authors": [{"books": None}, {"books": None}]}
    assert {error.message for error in result.errors or ()} == {
        f"Expected 2 values, but got {len(found)}."
    }


async def test_a_batch_resolver_goes_before_an_attribute_or_a_resolver(
    batches: Batches,
) -> None:
    name = batches.schema.type_map["Author"].fields["name"]  # type: ignore[attr-defined]
    name.resolve = lambda *_: pytest.fail("called")
    engine = batches.engine(attribute_of=lambda field: "missing" if field is name else None)

    result = await run(engine, "{ authors { name } }", root_value={"authors": [ADA, BOB]})

    assert result.data == {"authors": [{"name": "ada"}, {"name": "bob"}]}
