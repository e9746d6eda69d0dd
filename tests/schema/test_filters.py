"""Finding entities by what they are like, and putting them in order."""

from typing import Any

import pytest

from tests import inputs
from tests.schema.types_under_test import (
    BRIEF,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    TYPES_UNDER_TEST,
    TypeUnderTest,
)
from tests.support.graphql import InProcess, Json
from tests.support.sdl import enum_type, input_type
from tests.support.sources import SettableClock


async def found(
    api: InProcess, entity_type: TypeUnderTest, filter: Json | None, **order: str
) -> list[str]:
    """The keys of all that match, in order of the key unless another is given."""
    order_by = order or {"field": upper(entity_type.key), "direction": "ASC"}
    data = await api.ask(
        f"""query($filter: {entity_type.type_name}Filter, $orderBy: {entity_type.type_name}Order) {{
          it: {entity_type.name}s(filter: $filter, orderBy: $orderBy, first: 100) {{
            nodes {{ key: {entity_type.key} }} totalCount }} }}""",
        filter=filter,
        orderBy=order_by,
    )
    keys = [node["key"] for node in data["it"]["nodes"]]
    assert data["it"]["totalCount"] == len(keys)
    return keys


def upper(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


# Every comparator

DRAFTS: dict[str, Json] = {
    "a": {"title": "Plain", "contentType": "ad", "campaignId": "campaign-1"},
    "b": {"title": "100 % plain", "contentType": "ad", "campaignId": None},
    "c": {"title": "plain_text", "contentType": "post", "campaignId": "campaign-2"},
    "d": {"title": "Éclair", "contentType": "post", "campaignId": None},
}


@pytest.fixture
async def drafts(api: InProcess) -> None:
    for key, changes in DRAFTS.items():
        await DRAFT.put(api, key, **changes)


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        # Keys
        ({"draftId": {"eq": "b"}}, "b"),
        ({"draftId": {"ne": "b"}}, "acd"),
        ({"draftId": {"in": ["d", "a", "x", "a"]}}, "ad"),
        ({"draftId": {"in": []}}, ""),
        ({"draftId": {"nin": ["d", "a", "x"]}}, "bc"),
        ({"draftId": {"nin": []}}, "abcd"),
        # Texts
        ({"title": {"eq": "plain"}}, ""),
        ({"title": {"contains": "plain"}}, "bc"),
        ({"title": {"contains": "%"}}, "b"),
        ({"title": {"contains": "_"}}, "c"),
        ({"title": {"contains": "é"}}, ""),
        ({"title": {"contains": ""}}, "abcd"),
        ({"title": {"startsWith": "P"}}, "a"),
        ({"title": {"startsWith": "É"}}, "d"),
        ({"title": {"startsWith": "%"}}, ""),
        ({"title": {"in": ["Plain", "Éclair"]}}, "ad"),
        ({"title": {"nin": ["Plain", "Éclair"]}}, "bc"),
        # What may be absent
        ({"campaignId": {"isNull": True}}, "bd"),
        ({"campaignId": {"isNull": False}}, "ac"),
        ({"not": {"campaignId": {"isNull": True}}}, "ac"),
        ({"campaignId": {"isNull": True, "eq": "campaign-1"}}, ""),
        ({"campaignId": {"isNull": False, "ne": "campaign-1"}}, "c"),
        ({"or": [{"campaignId": {"isNull": True}}, {"title": {"eq": "Plain"}}]}, "abd"),
        ({"campaignId": {"ne": "campaign-1"}}, "bcd"),
        ({"campaignId": {"nin": ["campaign-1"]}}, "bcd"),
        ({"campaignId": {"in": ["campaign-1"]}}, "a"),
        ({"not": {"campaignId": {"in": ["campaign-1"]}}}, "bcd"),
        # What can't be stored is never found, and its complement is everything
        ({"title": {"contains": "\x00"}}, ""),
        ({"draftId": {"in": ["a", "\ud800"]}}, "a"),
        ({"title": {"ne": "\ud800"}}, "abcd"),
        ({"not": {"title": {"startsWith": "\x00"}}}, "abcd"),
        # Several conditions
        ({}, "abcd"),
        ({"title": {}}, "abcd"),
        ({"title": {"contains": "plain", "startsWith": "plain"}}, "c"),
        ({"contentType": {"eq": "ad"}, "campaignId": {"isNull": True}}, "b"),
        ({"and": [{"contentType": {"eq": "ad"}}, {"campaignId": {"isNull": True}}]}, "b"),
        ({"or": [{"contentType": {"eq": "ad"}}, {"campaignId": {"isNull": True}}]}, "abd"),
        ({"or": [{"draftId": {"eq": "a"}}, {"draftId": {"eq": "c"}}]}, "ac"),
        ({"not": {"contentType": {"eq": "ad"}}}, "cd"),
        ({"not": {"or": [{"draftId": {"eq": "a"}}, {"draftId": {"eq": "c"}}]}}, "bd"),
        ({"not": {"not": {"draftId": {"eq": "a"}}}}, "a"),
        ({"contentType": {"eq": "ad"}, "or": [{"draftId": {"eq": "a"}}]}, "a"),
        ({"contentType": {"eq": "ad"}, "not": {"draftId": {"eq": "a"}}}, "b"),
        ({"and": []}, "abcd"),
        ({"or": []}, ""),
        ({"not": {}}, ""),
        ({"or": [{}]}, "abcd"),
        # Null is the same as left out
        ({"title": None, "and": None, "or": None, "not": None}, "abcd"),
        ({"title": {"contains": "plain", "eq": None, "ne": None}}, "bc"),
        ({"campaignId": {"in": ["campaign-1"], "eq": None, "ne": None, "isNull": None}}, "a"),
        ({"campaignId": {"eq": None, "ne": None, "isNull": None}}, "abcd"),
        ({"not": {"title": {"eq": None, "contains": "plain"}, "campaignId": None}}, "ad"),
        ({"not": {"title": {"eq": None}}}, ""),
        ({"or": [{"title": {"eq": "Plain"}}, {"title": {"eq": None}}]}, "abcd"),
    ],
    ids=str,
)
async def test_texts_and_keys_and_their_combinations(
    api: InProcess, filter: Json, keys: str
) -> None:
    assert await found(api, DRAFT, filter) == list(keys)


RESULTS: dict[str, Json] = {
    "a": {"score": 0, "passed": False, "evaluatedAt": "2026-03-01T00:00:00Z"},
    "b": {"score": 0.5, "passed": False, "evaluatedAt": "2026-03-02T00:00:00Z"},
    "c": {"score": 1, "passed": True, "evaluatedAt": "2026-03-03T00:00:00Z"},
}


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ({"score": {"eq": 0.5}}, "b"),
        ({"score": {"ne": 0.5}}, "ac"),
        ({"score": {"gt": 0.5}}, "c"),
        ({"score": {"gte": 0.5}}, "bc"),
        ({"score": {"lt": 0.5}}, "a"),
        ({"score": {"lte": 0.5}}, "ab"),
        ({"score": {"gt": 0, "lt": 1}}, "b"),
        ({"score": {"gt": -1e308, "lt": 1e308}}, "abc"),
        ({"passed": {"eq": True}}, "c"),
        ({"passed": {"eq": False}}, "ab"),
        ({"evaluatedAt": {"eq": "2026-03-02T01:00:00+01:00"}}, "b"),
        ({"evaluatedAt": {"gt": "2026-03-02T00:00:00Z"}}, "c"),
        ({"evaluatedAt": {"gte": "2026-03-02T00:00:00Z"}}, "bc"),
        ({"evaluatedAt": {"lt": "2026-03-02T00:00:00Z"}}, "a"),
        ({"evaluatedAt": {"lte": "2026-03-02T00:00:00Z"}}, "ab"),
        ({"evaluatedAt": {"ne": "2026-03-02T00:00:00Z"}}, "ac"),
        ({"revision": {"eq": 2}}, "b"),
        ({"revision": {"gt": 1}}, "b"),
        ({"revision": {"lt": 2147483647, "gte": -2147483648}}, "abc"),
        ({"revision": {"eq": None}}, "abc"),
        ({"score": {"gt": None, "lt": 0.5}}, "a"),
    ],
    ids=str,
)
async def test_numbers_moments_and_yes_or_no(api: InProcess, filter: Json, keys: str) -> None:
    for key, changes in RESULTS.items():
        await RESULT.put(api, key, **changes)
    await RESULT.put(api, "b", **RESULTS["b"])

    assert await found(api, RESULT, filter) == list(keys)


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ({"approval": {"eq": "PENDING"}}, "p"),
        ({"approval": {"ne": "PENDING"}}, "ar"),
        ({"approval": {"in": ["APPROVED", "REJECTED"]}}, "ar"),
        ({"approval": {"nin": ["APPROVED", "REJECTED"]}}, "p"),
        ({"decidedBy": {"isNull": True}}, "p"),
        ({"decidedBy": {"startsWith": "A"}}, "ar"),
        ({"decidedAt": {"isNull": False}}, "ar"),
        ({"decidedAt": {"isNull": None, "eq": None, "ne": None, "lt": None}}, "apr"),
        ({"decidedAt": {"lt": "2100-01-01T00:00:00Z"}}, "ar"),
        ({"not": {"decidedAt": {"lt": "2100-01-01T00:00:00Z"}}}, "p"),
    ],
    ids=str,
)
async def test_closed_sets_and_what_may_be_absent(api: InProcess, filter: Json, keys: str) -> None:
    for key in "arp":
        await PLAN.put(api, key)
    await api.do("approveStrategyPlan", inputs.decide_plan(strategyId="a"))
    await api.do("rejectStrategyPlan", inputs.decide_plan(strategyId="r"))

    assert await found(api, PLAN, filter) == list(keys)


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ({"stage": {"eq": "NORMALIZED"}}, "n"),
        ({"stage": {"in": ["INTAKE"]}}, "i"),
        ({"targetAudience": {"isNull": True}}, "i"),
        ({"targetAudience": {"contains": "bake"}}, "n"),
        ({"not": {"targetAudience": {"contains": "bake"}}}, "i"),
        ({"normalizedAt": {"isNull": True}}, "i"),
        ({"clientId": {"eq": "client-1"}}, "in"),
    ],
    ids=str,
)
async def test_briefs_by_how_far_they_came(api: InProcess, filter: Json, keys: str) -> None:
    for key in "in":
        await BRIEF.put(api, key)
    await api.do("normalizeBrief", inputs.normalize_brief(briefId="n"))

    assert await found(api, BRIEF, filter) == list(keys)


VALUES: dict[str, Any] = {
    "ID": "x",
    "String": "x",
    "Int": 1,
    "Float": 1.5,
    "DateTime": "2026-03-01T00:00:00Z",
    "Boolean": True,
    "BriefStage": "INTAKE",
    "ApprovalState": "PENDING",
}
CONDITIONS = [
    (entity_type, field, operator, str(comparator.type))
    for entity_type in TYPES_UNDER_TEST
    for field, definition in input_type(f"{entity_type.type_name}Filter").fields.items()
    if field not in ("and", "or", "not")
    for operator, comparator in input_type(str(definition.type)).fields.items()
]


async def test_every_condition_that_can_be_written_can_be_asked(api: InProcess) -> None:
    """Together with its complement it finds everything, each entity once."""
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.put(api, "a")
        await entity_type.put(api, "b")

    for entity_type, field, operator, type_ in CONDITIONS:
        condition = {field: {operator: value_of(type_)}}

        matching = await found(api, entity_type, condition)
        others = await found(api, entity_type, {"not": condition})

        assert sorted(matching + others) == ["a", "b"], condition


async def test_a_form_that_sends_what_is_not_filled_in_as_null_finds_the_same(
    api: InProcess,
) -> None:
    """So do clients that are made from the schema."""
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.put(api, "a")
        await entity_type.put(api, "b")

    for entity_type, field, operator, type_ in CONDITIONS:
        fields = input_type(f"{entity_type.type_name}Filter").fields
        comparators = input_type(str(fields[field].type)).fields
        condition = {operator: value_of(type_)}
        form = dict.fromkeys(fields) | {field: dict.fromkeys(comparators) | condition}

        assert await found(api, entity_type, form) == await found(
            api, entity_type, {field: condition}
        ), form

    for entity_type in TYPES_UNDER_TEST:
        fields = input_type(f"{entity_type.type_name}Filter").fields
        conditions = {type_field for one, type_field, *_ in CONDITIONS if one is entity_type}
        untouched = {
            name: dict.fromkeys(input_type(str(definition.type)).fields)
            for name, definition in fields.items()
            if name in conditions
        }

        assert await found(api, entity_type, untouched) == ["a", "b"]


def value_of(type_: str) -> Any:
    value = VALUES[type_.strip("[]!")]
    return [value] if type_.startswith("[") else value


# Limits


async def test_two_hundred_conditions_are_allowed_and_no_more(api: InProcess) -> None:
    await DRAFT.put(api, "a")
    allowed = {"or": [{"draftId": {"eq": "a"}}] * 200}

    assert await found(api, DRAFT, allowed) == ["a"]

    error = await refused(api, {"or": [{"draftId": {"eq": "a"}}] * 201})
    assert "200 conditions" in error["message"]


@pytest.mark.parametrize(
    "filter",
    [
        {"and": [{}] * 201},
        {"or": [{"and": [{"draftId": {}}] * 50}] * 5},
        {"not": {"or": [{"draftId": {"eq": "a", "ne": "b"}, "and": []}] * 67}},
        {"or": [{"title": {"in": ["a"], "contains": "b"}, "revision": None}] * 101},
    ],
    ids=["empty", "lists in lists", "several each", "several comparisons"],
)
async def test_too_many_conditions_are_counted_before_anything_is_made_of_them(
    api: InProcess, monkeypatch: pytest.MonkeyPatch, filter: Json
) -> None:
    monkeypatch.setattr("schema.filtering._all_of", None)

    error = await refused(api, filter)

    assert "200 conditions" in error["message"]


async def test_ten_levels_are_allowed_and_no_more(api: InProcess) -> None:
    await DRAFT.put(api, "a")

    assert await found(api, DRAFT, negated(9)) == []

    error = await refused(api, negated(10))
    assert "10 levels" in error["message"]


async def test_five_hundred_values_are_allowed_and_no_more(api: InProcess) -> None:
    await DRAFT.put(api, "a")

    assert await found(api, DRAFT, {"draftId": {"in": ["a"] * 500}}) == ["a"]

    error = await refused(api, {"draftId": {"in": ["a"] * 501}})
    assert "500 items" in error["message"]


@pytest.mark.parametrize("levels", [100, 1_000, 10_000])
async def test_a_filter_of_hostile_depth_is_refused(api: InProcess, levels: int) -> None:
    await refused(api, negated(levels))


def negated(times: int) -> Json:
    filter: Json = {}
    for _ in range(times):
        filter = {"not": filter}
    return filter


async def refused(api: InProcess, filter: Json) -> Json:
    error = await api.fail(
        "query($filter: DraftFilter) { drafts(filter: $filter) { nodes { id } } }", filter=filter
    )
    assert error["code"] in ("BAD_USER_INPUT", "LIMIT_EXCEEDED")
    return error


# Orders

ORDERS = [
    (entity_type, name)
    for entity_type in TYPES_UNDER_TEST
    for name in enum_type(f"{entity_type.type_name}OrderField").values
]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(
    ("entity_type", "field"),
    ORDERS,
    ids=[f"{entity_type.name} by {field}" for entity_type, field in ORDERS],
)
async def test_every_order_goes_by_its_field_and_then_by_the_key(
    api: InProcess, clock: SettableClock, entity_type: TypeUnderTest, field: str, direction: str
) -> None:
    for number, key in enumerate("dabc"):
        await entity_type.put(api, key, **(OTHERWISE[entity_type.name] if number % 2 else {}))
        if number:
            clock.move(hours=1)
    await entity_type.put(api, "a")
    if entity_type is BRIEF:
        await api.do("normalizeBrief", inputs.normalize_brief(briefId="b"))
    if entity_type is PLAN:
        await api.do("rejectStrategyPlan", inputs.decide_plan(strategyId="b"))
    name = lower(field)
    all_ = (
        await api.ask(
            f"{{ it: {entity_type.name}s {{ nodes {{ key: {entity_type.key} value: {name} }} }} }}"
        )
    )["it"]["nodes"]
    expected = in_order(all_, direction)

    assert await found(api, entity_type, None, field=field, direction=direction) == [
        node["key"] for node in expected
    ]


OTHERWISE: dict[str, Json] = {
    "brief": {"clientId": "Client-2", "submittedAt": "2026-01-01T00:00:00Z"},
    "strategyPlan": {"version": 5},
    "campaign": {"strategyId": "Plan-2", "name": "autumn"},
    "draft": {"strategyId": "Plan-2", "contentType": "Zine", "title": "another"},
    "qcResult": {"passed": True, "score": 0.9, "evaluatedAt": "2026-01-01T00:00:00Z"},
    "deliveryPackage": {"draftId": "Draft-2"},
}


def in_order(nodes: list[Json], direction: str) -> list[Json]:
    """Equal values follow by their key, ascending, in both directions."""
    return sorted(
        sorted(nodes, key=lambda node: node["key"]),
        key=lambda node: node["value"],
        reverse=direction == "DESC",
    )


def lower(name: str) -> str:
    first, *others = name.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


@pytest.mark.parametrize(
    ("entity_type", "field"),
    ORDERS,
    ids=[f"{entity_type.name} by {field}" for entity_type, field in ORDERS],
)
async def test_every_order_can_be_paged(
    api: InProcess, entity_type: TypeUnderTest, field: str
) -> None:
    for number, key in enumerate("dabc"):
        await entity_type.put(api, key, **(OTHERWISE[entity_type.name] if number % 2 else {}))
    order = {"field": field, "direction": "ASC"}
    query = f"""query($orderBy: {entity_type.type_name}Order, $after: String) {{
      it: {entity_type.name}s(first: 1, after: $after, orderBy: $orderBy) {{
        nodes {{ key: {entity_type.key} }} pageInfo {{ endCursor }} }} }}"""

    keys, cursor = [], None
    while (page := (await api.ask(query, orderBy=order, after=cursor))["it"])["nodes"]:
        keys += [node["key"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]

    assert keys == await found(api, entity_type, None, field=field, direction="ASC")
    assert len(keys) == 4


async def test_an_order_needs_both_its_field_and_its_direction(api: InProcess) -> None:
    query = "query($orderBy: DraftOrder) { drafts(orderBy: $orderBy) { nodes { id } } }"

    for order in ({"field": "TITLE"}, {"direction": "ASC"}, {"field": "BODY", "direction": "ASC"}):
        assert (await api.fail(query, orderBy=order))["code"] == "BAD_USER_INPUT"


async def test_a_nested_list_is_filtered_and_ordered_like_any_other(api: InProcess) -> None:
    for key in "abc":
        await PACKAGE.put(api, key, draftId="draft-1")
    await DRAFT.put(api, "draft-1")

    data = await api.ask(
        """{ draft(draftId: "draft-1") { deliveryPackages(
          filter: { packageId: { ne: "b" } }, orderBy: { field: PACKAGE_ID, direction: DESC }
        ) { nodes { packageId } totalCount } } }"""
    )

    assert data["draft"]["deliveryPackages"] == {
        "nodes": [{"packageId": "c"}, {"packageId": "a"}],
        "totalCount": 2,
    }
