"""Operations that nobody would think of, against the server on each backend.

Whatever comes: there are no bugs, and what is answered is what the schema says.
"""

import json
from typing import Any

import pytest
from graphql import NameNode, ObjectFieldNode
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis_graphql import Mode, from_schema, nodes

from domain.scopes import Scope
from repositories.unit_of_work import Storage
from schema.export import exported_schema
from tests import inputs
from tests.http.conftest import Serve
from tests.support.conformance import DoesNotFit, require_fit
from tests.support.graphql import Json, mutation
from tests.support.sdl import client_schema
from tests.support.serving import Served

KNOWN = {
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "LIMIT_EXCEEDED",
}
bounded = settings(max_examples=40)


MOMENTS = some.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | some.text()
VALUES: some.SearchStrategy[Any] = (
    some.integers().map(nodes.Int)
    | some.text().map(nodes.String)
    | some.booleans().map(nodes.Boolean)
)
MEMBERS = some.dictionaries(some.from_regex(r"\A[a-z]{1,8}\Z"), VALUES, max_size=3)
SCALARS: Any = {
    "DateTime": MOMENTS.map(nodes.String),
    "Scope": (some.sampled_from(sorted(Scope)) | some.text()).map(nodes.String),
    "JSON": MEMBERS.map(
        lambda given: nodes.Object(
            [
                ObjectFieldNode(name=NameNode(value=name), value=value)
                for name, value in given.items()
            ]
        )
    ),
}


def operations(mode: Mode) -> some.SearchStrategy[Any]:
    """It takes a second to be made, and the test's process alone needs it."""
    return some.deferred(lambda: from_schema(exported_schema(), custom_scalars=SCALARS, mode=mode))


@pytest.fixture
async def stored(storage: Storage, serve: Serve) -> Served:
    """A server on each backend in turn, with one of everything."""
    server = await serve(storage)
    for name, input in (
        ("submitIntake", inputs.submit_intake()),
        ("normalizeBrief", inputs.normalize_brief()),
        ("saveStrategyPlan", inputs.save_plan()),
        ("saveCampaign", inputs.save_campaign()),
        ("saveDraft", inputs.save_draft()),
        ("recordQcResult", inputs.record_result()),
        ("saveDeliveryPackage", inputs.save_package()),
    ):
        await server.api.do(name, input)
    return server


async def response_to(server: Served, text: str, variables: Any = None) -> Json:
    response = await server.http.post(
        server.url,
        content=json.dumps({"query": text, "variables": variables}),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 200
    body: Json = response.json()
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    assert codes <= KNOWN, body["errors"]
    return body


@bounded
@given(operations(Mode.POSITIVE))
async def test_valid_operations_are_answered_as_the_schema_says(stored: Served, text: Any) -> None:
    require_fit(client_schema(), text, await response_to(stored, text))


@bounded
@given(operations(Mode.NEGATIVE))
async def test_invalid_operations_are_refused(stored: Served, text: Any) -> None:
    response = await response_to(stored, text)

    assert response["errors"]


JSON_VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(codec=None)),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)
MUTATIONS: dict[str, Json] = {
    "submitIntake": inputs.submit_intake(),
    "normalizeBrief": inputs.normalize_brief(),
    "saveStrategyPlan": inputs.save_plan(),
    "approveStrategyPlan": inputs.decide_plan(),
    "saveCampaign": inputs.save_campaign(),
    "saveDraft": inputs.save_draft(),
    "recordQcResult": inputs.record_result(),
    "saveDeliveryPackage": inputs.save_package(),
}


@some.composite
def spoilt(draw: some.DrawFn) -> tuple[str, Json]:
    """A mutation and its input, with some value in it replaced by whatever."""
    name = draw(some.sampled_from(sorted(MUTATIONS)))
    input = json.loads(json.dumps(MUTATIONS[name]))
    at = input
    key: Any = draw(some.sampled_from(sorted(at)))
    while at[key] and isinstance(at[key], dict | list) and draw(some.booleans()):
        at = at[key]
        key = draw(some.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    at[key] = draw(JSON_VALUES)
    return name, input


@bounded
@given(spoilt())
async def test_spoilt_input_is_answered_as_the_schema_says(
    stored: Served, sent: tuple[str, Json]
) -> None:
    name, input = sent
    text = mutation(name)

    require_fit(client_schema(), text, await response_to(stored, text, {"input": input}))


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"data": None},
        {"errors": []},
        {"data": {}},
        {"data": {"brief": None}, "more": 1},
        {"data": {"brief": {"briefId": None, "revision": 1}}},
        {"data": {"brief": {"briefId": "1"}}},
        {"data": {"brief": {"revision": 1, "briefId": "1"}}},
        {"data": {"brief": {"briefId": "1", "revision": "1"}}},
        {"data": {"brief": {"briefId": "1", "revision": 2**31}}},
        {"data": {"brief": [{"briefId": "1", "revision": 1}]}},
        {"data": {"brief": {"briefId": "1", "revision": 1}}, "errors": [{"message": ""}]},
        {
            "data": {"brief": {"briefId": "1", "revision": 1}},
            "errors": [{"message": "a", "path": ["brief"]}],
        },
    ],
)
def test_responses_that_do_not_fit_are_seen(response: Json) -> None:
    with pytest.raises(DoesNotFit):
        require_fit(client_schema(), '{ brief(briefId: "1") { briefId revision } }', response)
