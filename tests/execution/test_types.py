"""Interfaces and unions, and types that check their objects."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
)

from execution import Engine
from tests.execution.asking import Json, response_to, run, schema_of

SDL = """
interface Pet { name: String }
type Cat implements Pet { name: String  lives: Int! }
type Dog implements Pet { name: String  friend: Pet  friends: [Pet!] }
type Stone { weight: Int }
union Thing = Cat | Dog | Stone
type Query { pets: [Pet]  rows: [[Pet!]]  things: [Thing]  cat: Cat  cats: [Cat]  must: Pet! }
"""

QUERY = """{
  pets {
    __typename name ... on Cat { lives } ... on Dog { friend { name } friends { __typename } }
  }
}"""

TOM: Json = {"kind": "Cat", "name": "Tom", "lives": 9}
REX: Json = {"kind": "Dog", "name": "Rex", "friend": TOM, "friends": [TOM, TOM]}
ACE: Json = {"kind": "Dog", "name": "Ace", "friend": REX, "friends": []}


def abstract(schema: GraphQLSchema, name: str) -> GraphQLInterfaceType | GraphQLUnionType:
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLInterfaceType | GraphQLUnionType)
    return type_


def checked(schema: GraphQLSchema, name: str, is_type_of: Callable[..., Any]) -> None:
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    type_.is_type_of = is_type_of


def kind_of(value: Json, *_: Any) -> Any:
    kind = value["kind"]
    if isinstance(kind, Exception):
        raise kind
    return kind


async def kind_of_later(value: Json, *_: Any) -> Any:
    await asyncio.sleep(0)
    return kind_of(value)


def kind_of_now_or_later(value: Json, *_: Any) -> Any:
    return kind_of_later(value) if value["name"] == "Tom" else kind_of(value)


@pytest.fixture(params=[kind_of, kind_of_later, kind_of_now_or_later])
def by_resolve_type(request: pytest.FixtureRequest) -> GraphQLSchema:
    schema = schema_of(SDL)
    for name in ("Pet", "Thing"):
        abstract(schema, name).resolve_type = request.param
    return schema


@pytest.fixture(params=["now", "later"])
def by_is_type_of(request: pytest.FixtureRequest) -> GraphQLSchema:
    schema = schema_of(SDL)

    def is_(name: str) -> Callable[..., Any]:
        def is_type_of(value: Json, _: Any) -> bool:
            return bool(kind_of(value) == name)

        async def is_type_of_later(value: Json, _: Any) -> bool:
            await asyncio.sleep(0)
            return bool(kind_of(value) == name)

        return is_type_of if request.param == "now" else is_type_of_later

    for name in ("Cat", "Dog", "Stone"):
        checked(schema, name, is_(name))
    return schema


PETS = {
    "pets": [
        {"__typename": "Cat", "name": "Tom", "lives": 9},
        {
            "__typename": "Dog",
            "name": "Rex",
            "friend": {"name": "Tom"},
            "friends": [{"__typename": "Cat"}, {"__typename": "Cat"}],
        },
        None,
        {"__typename": "Dog", "name": "Ace", "friend": {"name": "Rex"}, "friends": []},
    ]
}


async def test_types_by_resolve_type(by_resolve_type: GraphQLSchema) -> None:
    result = await response_to(by_resolve_type, QUERY, root_value={"pets": [TOM, REX, None, ACE]})

    assert result == {"data": PETS}


async def test_types_by_is_type_of(by_is_type_of: GraphQLSchema) -> None:
    result = await response_to(by_is_type_of, QUERY, root_value={"pets": [TOM, REX, None, ACE]})

    assert result == {"data": PETS}


async def test_types_by_the_name_that_an_object_has() -> None:
    class Dog:
        name = "Rex"
        __typename = "Dog"

    class Named(Dog):
        _Named__typename = "Cat"
        lives = 7

    pets = [{"__typename": "Cat", "name": "Tom", "lives": 9}, Dog(), Named()]

    result = await response_to(
        schema_of(SDL), "{ pets { __typename ... on Cat { lives } } }", root_value={"pets": pets}
    )

    assert result["data"]["pets"] == [
        {"__typename": "Cat", "lives": 9},
        {"__typename": "Dog"},
        {"__typename": "Cat", "lives": 7},
    ]


async def test_unions(by_resolve_type: GraphQLSchema) -> None:
    things = [REX, {"kind": "Stone", "weight": 5, "name": ""}, TOM]

    result = await response_to(
        by_resolve_type,
        "{ things { ... on Stone { weight } ... on Pet { name } } }",
        root_value={"things": things},
    )

    assert result["data"]["things"] == [{"name": "Rex"}, {"weight": 5}, {"name": "Tom"}]


async def test_a_null_below_one_of_several_types_stays_in_its_place(
    by_resolve_type: GraphQLSchema,
) -> None:
    pets = [TOM, {"kind": "Cat", "name": "Tim"}, REX]

    result = await response_to(
        by_resolve_type, "{ pets { name ... on Cat { lives } } }", root_value={"pets": pets}
    )

    assert result["data"]["pets"] == [{"name": "Tom", "lives": 9}, None, {"name": "Rex"}]
    assert [error["path"] for error in result["errors"]] == [["pets", 1, "lives"]]


@pytest.mark.parametrize(
    "kind", [None, "Nothing", "Stone", "Pet", 5, ValueError("which?"), ["Cat"]], ids=repr
)
async def test_what_is_no_type_of_the_interface_is_an_error(
    by_resolve_type: GraphQLSchema, kind: Any
) -> None:
    pets = [TOM, {"kind": kind, "name": "?"}]

    result = await response_to(
        by_resolve_type, "{ pets { name } must { name } }", root_value={"pets": pets, "must": TOM}
    )

    assert result["data"] == {"pets": [{"name": "Tom"}, None], "must": {"name": "Tom"}}
    assert [error["path"] for error in result["errors"]] == [["pets", 1]]


async def test_where_it_must_not_be_null_all_is(by_resolve_type: GraphQLSchema) -> None:
    must = {"kind": "Nothing", "name": "?"}

    result = await response_to(by_resolve_type, "{ must { name } }", root_value={"must": must})

    assert result["data"] is None


async def test_resolve_type_is_given_the_info_of_the_field() -> None:
    """Its path ends at the field, though the object is an item of a list."""
    told: list[tuple[list[str | int], str, str]] = []

    def resolve_type(_: Any, info: GraphQLResolveInfo[Any], type_: Any) -> str:
        told.append((info.path.as_list(), info.field_name, type_.name))
        return "Cat"

    schema = schema_of(SDL)
    abstract(schema, "Pet").resolve_type = resolve_type
    root = {"pets": [{}, {}], "rows": [[{}], [], [{}, {}]]}

    await response_to(schema, "{ pets { name } rows { name } }", root_value=root)

    assert told[:5] == told[5:]
    assert told[:5] == [
        *[(["pets"], "pets", "Pet")] * 2,
        *[(["rows"], "rows", "Pet")] * 3,
    ]


@pytest.mark.parametrize("later", [False, True])
async def test_a_type_that_does_not_accept_its_object_is_an_error(later: bool) -> None:
    def is_cat(value: Json, _: Any) -> bool:
        if "name" not in value:
            raise ValueError("nameless")
        return bool(value["kind"] == "Cat")

    async def is_cat_later(value: Json, info: Any) -> bool:
        await asyncio.sleep(0)
        return is_cat(value, info)

    schema = schema_of(SDL)
    checked(schema, "Cat", is_cat_later if later else is_cat)
    stray = {"kind": "Dog", "name": "Rex"}

    result = await response_to(
        schema,
        "{ cat { name } cats { name } }",
        root_value={"cat": stray, "cats": [TOM, stray, {"kind": "Cat"}, None, TOM]},
    )

    assert result["data"] == {
        "cat": None,
        "cats": [{"name": "Tom"}, None, None, None, {"name": "Tom"}],
    }
    assert [(error["message"], error["path"]) for error in result["errors"]] == [
        (f"Expected value of type 'Cat' but got: {stray!r}.", ["cat"]),
        (f"Expected value of type 'Cat' but got: {stray!r}.", ["cats", 1]),
        ("nameless", ["cats", 2]),
    ]


async def test_a_type_is_asked_about_an_object_once() -> None:
    asked: list[str] = []

    def is_cat(value: Json, _: Any) -> bool:
        asked.append(value["name"])
        return True

    schema = schema_of(SDL)
    checked(schema, "Cat", is_cat)

    await run(Engine(schema), "{ cats { name lives } }", root_value={"cats": [TOM, {"name": "T"}]})

    assert asked == ["Tom", "T"]


class Known(dict[str, Any]):
    """An object whose class tells its type."""


async def test_a_type_is_not_asked_about_objects_of_the_class_that_is_known_for_it() -> None:
    asked: list[str] = []

    def is_cat(value: Json, _: Any) -> bool:
        asked.append(value["name"])
        return bool(value["name"] != "Rex")

    schema = schema_of(SDL)
    checked(schema, "Cat", is_cat)
    engine = Engine(schema, class_of=lambda type_: Known if type_.name == "Cat" else None)
    known, rex = Known(name="Tom"), {"name": "Rex"}

    alone = await run(engine, "{ cats { name } }", root_value={"cats": [known, None, known]})
    asked_alone = list(asked)
    mixed = await run(engine, "{ cats { name } }", root_value={"cats": [known, rex]})

    assert alone.data == {"cats": [{"name": "Tom"}, None, {"name": "Tom"}]}
    assert asked_alone == []
    assert mixed.data == {"cats": [{"name": "Tom"}, None]}
    assert asked == ["Tom", "Rex"]
