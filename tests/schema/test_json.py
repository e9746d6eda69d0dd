"""JSON objects: kept as they were given, within limits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from graphql import parse

from schema.context import Context
from tests import builders as build
from tests import inputs
from tests.execution.equality import by_graphql_core
from tests.support.graphql import InProcess, Json

SUBMIT = """mutation($responses: JSON!) {
  submitIntake(input: { briefId: "b", clientId: "c", responses: $responses }) {
    brief { responses }
    errors { __typename code message path }
  }
}"""
LITERAL = """mutation {{
  submitIntake(input: {{ briefId: "b", clientId: "c", responses: {} }}) {{
    brief {{ responses }}
    errors {{ __typename code message path }}
  }}
}}"""


NIGHT = "2026-02-28T23:30:00Z"


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def nested_in_lists(levels: int) -> Json:
    value: list[Any] = []
    for _ in range(levels - 2):
        value = [value]
    return {"a": value}


def of_bytes(size: int) -> Json:
    """An object that takes `size` bytes as compact JSON."""
    return {"a": "x" * (size - len('{"a":""}'))}


async def saved(api: InProcess, query: str, **variables: Any) -> Any:
    """The JSON in the response, after it was stored and read again."""
    payload = (await api.ask(query, **variables))["submitIntake"]
    assert payload["errors"] == []
    stored = await read(api)
    assert exactly(stored) == exactly(payload["brief"]["responses"])
    return stored


async def read(api: InProcess) -> Any:
    return (await api.ask('{ brief(briefId: "b") { responses } }'))["brief"]["responses"]


async def refused(api: InProcess, query: str, **variables: Any) -> list[str]:
    """The messages, all of them for the field."""
    payload = (await api.ask(query, **variables))["submitIntake"]
    assert payload["brief"] is None
    assert {(error["__typename"], *error["path"]) for error in payload["errors"]} == {
        ("ValidationError", "responses")
    }
    assert (await api.everything())["briefs"]["totalCount"] == 0
    return [error["message"] for error in payload["errors"]]


def exactly(value: Any) -> str:
    """Tells 1 from 1.0 and from true, and one order of keys from another."""
    return json.dumps(value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"b": 1, "a": 2, "10": 3, "9": 4},
        {"int": 1, "float": 1.0, "big": 2**63 - 1, "small": -(2**63), "tiny": 5e-324},
        {"yes": True, "no": False, "none": None, "zero": 0, "minus": -0.0},
        {"precise": 0.1, "long": 0.30000000000000004, "large": 1.7976931348623157e308},
        {"": "an empty name", "é": "e\u0301", "emoji": "🎯", "escape": '\\"\n\t\u2028'},
        {"list": [1, [2, [3, {}]], "x", None, 1.5]},
        {"__proto__": 1, "$ref": "#/a", "key with space": 1},
    ],
    ids=lambda given: ",".join(given) or "empty",
)
async def test_an_object_comes_back_exactly_as_it_was_given(api: InProcess, given: Json) -> None:
    assert exactly(await saved(api, SUBMIT, responses=given)) == exactly(given)


async def test_a_literal_is_kept_like_a_variable(api: InProcess) -> None:
    literal = '{ b: 1, a: 2.0, c: [true, null, "x", { d: {} }], e: 9223372036854775807, f: NAME }'

    assert exactly(await saved(api, LITERAL.format(literal))) == exactly(
        {"b": 1, "a": 2.0, "c": [True, None, "x", {"d": {}}], "e": 2**63 - 1, "f": "NAME"}
    )


@pytest.mark.parametrize(
    ("definition", "literal", "given", "kept"),
    [
        ("$v: Int", "{ a: $v, b: [$v] }", {"v": 3}, {"a": 3, "b": [3]}),
        ("$v: Int", "{ a: $v, b: { c: $v } }", {"v": None}, {"a": None, "b": {"c": None}}),
        ("$v: Int = 4", "{ a: $v, b: [$v] }", {}, {"a": 4, "b": [4]}),
        # One that isn't given leaves no name behind, but its place in a list.
        ("$v: Int", "{ a: $v, b: 1 }", {}, {"b": 1}),
        ("$v: Int", "{ a: [1, $v], b: [[$v], {}] }", {}, {"a": [1, None], "b": [[None], {}]}),
        ("$v: Int", "{ a: [{ b: $v, c: 1 }] }", {}, {"a": [{"c": 1}]}),
        ("$v: JSON", "{ a: $v }", {"v": {"x": [1.0, 2**40]}}, {"a": {"x": [1.0, 2**40]}}),
        # As JSON has them, whatever the server makes of them.
        ("$v: DateTime", "{ a: $v }", {"v": "2026-03-01T00:30:00+01:00"}, {"a": NIGHT}),
        ("$v: [DateTime!]", "{ a: $v }", {"v": [NIGHT, NIGHT]}, {"a": [NIGHT, NIGHT]}),
        ("$v: BriefOrderField", "{ a: $v }", {"v": "CLIENT_ID"}, {"a": "CLIENT_ID"}),
        (
            "$v: BriefFilter",
            "{ a: [$v] }",
            {"v": {"stage": {"in": ["INTAKE"]}, "createdAt": {"gt": NIGHT}}},
            {"a": [{"stage": {"in": ["INTAKE"]}, "createdAt": {"gt": NIGHT}}]},
        ),
    ],
    ids=str,
)
async def test_a_literal_may_have_variables_in_it(
    api: InProcess, definition: str, literal: str, given: Json, kept: Json
) -> None:
    query = LITERAL.format(literal).replace("mutation", f"mutation({definition})")

    assert exactly(await saved(api, query, **given)) == exactly(kept)

    # Not only our executor says so.
    async with Context(api.storage, build.caller()) as context:
        theirs = await by_graphql_core(api.schema.graphql, parse(query), given, context)
    assert theirs.errors is None
    assert theirs.data is not None
    assert exactly(theirs.data["submitIntake"]["brief"]["responses"]) == exactly(kept)


async def test_a_variable_of_hostile_depth_in_a_literal_is_refused(api: InProcess) -> None:
    query = LITERAL.format("{ a: $v }").replace("mutation", "mutation($v: JSON)")

    [message] = await refused(api, query, v=nested(100_000))

    assert "32 levels" in message


@pytest.mark.parametrize(
    ("given", "where", "reason"),
    [
        ({"a": {"b": 10**30}}, "/a/b", "64 bits"),
        ({"a": [0, 2**63]}, "/a/1", "64 bits"),
        ({"a": -(2**63) - 1}, "/a", "64 bits"),
        ({"a": float("inf")}, "/a", "finite"),
        ({"a": [float("-inf")]}, "/a/0", "finite"),
        ({"a": float("nan")}, "/a", "finite"),
        ({"a": "x\x00y"}, "/a", "NUL"),
        ({"a": ["x\ud800y"]}, "/a/0", "surrogate"),
        ({"a": "\udc00\ud800"}, "/a", "surrogate"),
        ({"x\x00y": 1}, "names", "NUL"),
        ({"a": {"x\udfffy": 1}}, "/a", "surrogate"),
        ({"a/b": {"c~d": 10**30}}, "/a~1b/c~0d", "64 bits"),
    ],
    ids=repr,
)
async def test_what_can_not_be_kept_exactly_is_refused_with_its_place(
    api: InProcess, given: Json, where: str, reason: str
) -> None:
    [message] = await refused(api, SUBMIT, responses=given)

    assert where in message
    assert reason in message


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("{ a: 1000000000000000000000000000000 }", "64 bits"),
        ("{ a: 1e999 }", "finite"),
        ("{ a: [-1e999] }", "finite"),
        ('{ a: "x\\u0000y" }', "NUL"),
    ],
)
async def test_a_literal_is_checked_like_a_variable(
    api: InProcess, literal: str, reason: str
) -> None:
    [message] = await refused(api, LITERAL.format(literal))

    assert reason in message


async def test_a_number_of_five_thousand_digits_is_refused(api: InProcess) -> None:
    payload = (await api.ask(LITERAL.format(f"{{ a: {'9' * 5000} }}")))["submitIntake"]

    assert [error["path"] for error in payload["errors"]] == [["responses"]]


async def test_a_lone_surrogate_in_a_literal_is_a_syntax_error(api: InProcess) -> None:
    error = await api.fail(LITERAL.format('{ a: "\\ud800" }'))

    assert error["code"] == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize("given", [[], [{}], "text", "{}", 1, 1.5, True])
async def test_what_is_no_object_is_refused(api: InProcess, given: object) -> None:
    assert await refused(api, SUBMIT, responses=given) == ["responses: must be a JSON object."]


@pytest.mark.parametrize("literal", ["[]", '"text"', "1", "1.5", "true", "NAME"])
async def test_a_literal_that_is_no_object_is_refused(api: InProcess, literal: str) -> None:
    assert await refused(api, LITERAL.format(literal)) == ["responses: must be a JSON object."]


@pytest.mark.parametrize("build", [nested, nested_in_lists])
async def test_objects_have_32_levels_at_most(api: InProcess, build: Any) -> None:
    [message] = await refused(api, SUBMIT, responses=build(33))

    assert "32 levels" in message
    assert await saved(api, SUBMIT, responses=build(32)) == build(32)


@pytest.mark.parametrize("levels", [200, 900, 100_000])
async def test_objects_of_hostile_depth_are_refused_alike(api: InProcess, levels: int) -> None:
    [message] = await refused(api, SUBMIT, responses=nested(levels))

    assert "32 levels" in message


async def test_objects_have_256_kib_at_most(api: InProcess) -> None:
    [message] = await refused(api, SUBMIT, responses=of_bytes(256 * 1024 + 1))

    assert "262,144 bytes" in message
    assert await saved(api, SUBMIT, responses=of_bytes(256 * 1024)) == of_bytes(256 * 1024)


async def test_bytes_count_and_not_characters(api: InProcess) -> None:
    [message] = await refused(api, SUBMIT, responses={"a": "é" * (128 * 1024)})

    assert "bytes" in message


async def test_every_place_that_is_wrong_is_named(api: InProcess) -> None:
    messages = await refused(api, SUBMIT, responses={"a": 10**30, "b": ["\x00"], "c": 1})

    assert sorted(message.rpartition(" at ")[2] for message in messages) == ["/a.", "/b/0."]


@pytest.mark.parametrize("wrong", [{"a": 10**30}, {"a": "\x00"}, nested(33), [], "text"], ids=repr)
@pytest.mark.parametrize(
    ("mutation", "build_input", "field"),
    [
        ("submitIntake", inputs.submit_intake, "responses"),
        ("normalizeBrief", inputs.normalize_brief, "brandGuidelines"),
        ("saveDraft", inputs.save_draft, "metadata"),
    ],
    ids=["responses", "brandGuidelines", "metadata"],
)
async def test_all_json_fields_have_the_same_limits(
    api: InProcess, mutation: str, build_input: Callable[..., Json], field: str, wrong: object
) -> None:
    await api.do("submitIntake", inputs.submit_intake())

    [error] = await api.refuse(mutation, build_input(**{field: wrong}))

    assert (error["code"], error["path"]) == ("VALIDATION", [field])


async def test_what_becomes_of_a_response_does_not_reach_what_is_stored(api: InProcess) -> None:
    response = await saved(api, SUBMIT, responses={"a": {"b": 1}})
    response["a"]["b"] = "changed"

    assert await read(api) == {"a": {"b": 1}}
