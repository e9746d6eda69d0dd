"""Cursors are opaque: only those that were given out for this list in this order are taken."""

import asyncio
import json
from base64 import urlsafe_b64encode
from hashlib import blake2s

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from repositories.factory import PersistenceMode, create_storage
from schema.root import CompiledSchema
from tests.schema.types_under_test import BRIEF, CAMPAIGN, DRAFT, PACKAGE, PLAN
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock

PAGE = """query($after: String, $before: String, $orderBy: DeliveryPackageOrder) {
  deliveryPackages(after: $after, before: $before, orderBy: $orderBy) {
    edges { cursor node { packageId } }
  }
}"""


async def cursor_in(api: InProcess, **arguments: object) -> str:
    edges = (await api.ask(PAGE, **arguments))["deliveryPackages"]["edges"]
    cursor: str = edges[0]["cursor"]
    return cursor


@pytest.fixture(scope="module")
def alone(schema: CompiledSchema) -> InProcess:
    """Nothing is stored here: what a cursor means is decided before anything is read."""
    return InProcess(schema, create_storage(PersistenceMode.INMEMORY))


@pytest.fixture(scope="module")
def a_cursor(schema: CompiledSchema) -> str:
    async def make() -> str:
        api = InProcess(schema, create_storage(PersistenceMode.INMEMORY))
        await PACKAGE.put(api, "package-1")
        return await cursor_in(api)

    return asyncio.run(make())


@pytest.mark.parametrize("argument", ["after", "before"])
@given(data=st.data())
@settings(max_examples=400)
async def test_a_cursor_with_one_character_changed_is_bad_user_input(
    alone: InProcess, a_cursor: str, argument: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(a_cursor) - 1))
    other = data.draw(
        st.sampled_from("ABCDabcd0189-_=+/ .\n\x00é\ud800") | st.characters(codec=None)
    )
    assume(other != a_cursor[place])
    changed = a_cursor[:place] + other + a_cursor[place + 1 :]

    error = await alone.fail(PAGE, **{argument: changed})

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(f"{argument}:")


@given(text=st.text())
@settings(max_examples=100)
async def test_any_other_text_is_bad_user_input(alone: InProcess, text: str) -> None:
    error = await alone.fail(PAGE, after=text)

    assert error["code"] == "BAD_USER_INPUT"


async def test_the_cursor_itself_is_taken(alone: InProcess, a_cursor: str) -> None:
    """Otherwise the tests above would pass on a server that takes none."""
    assert await alone.ask(PAGE, after=a_cursor) == {"deliveryPackages": {"edges": []}}


@pytest.mark.parametrize(
    "order",
    [
        {"field": "CREATED_AT", "direction": "ASC"},
        {"field": "UPDATED_AT", "direction": "DESC"},
        {"field": "PACKAGE_ID", "direction": "DESC"},
    ],
    ids=lambda order: f"{order['field']} {order['direction']}",
)
async def test_a_cursor_of_another_order_is_bad_user_input(api: InProcess, order: Json) -> None:
    await PACKAGE.put(api, "package-1")
    newest_first = await cursor_in(api)
    otherwise = await cursor_in(api, orderBy=order)

    there = await api.fail(PAGE, after=newest_first, orderBy=order)
    back = await api.fail(PAGE, after=otherwise)

    default, other = "CREATED_AT DESC", f"{order['field']} {order['direction']}"
    assert there["code"] == back["code"] == "BAD_USER_INPUT"
    assert there["message"] == (
        f"after: this cursor is of a list of DeliveryPackage ordered by {default}, "
        f"but the list here is of DeliveryPackage ordered by {other}."
    )
    assert back["message"] == (
        f"after: this cursor is of a list of DeliveryPackage ordered by {other}, "
        f"but the list here is of DeliveryPackage ordered by {default}."
    )
    assert await api.ask(PAGE, after=otherwise, orderBy=order)


async def test_a_cursor_of_another_entity_is_bad_user_input(api: InProcess) -> None:
    """Though its order is the same, and even its key."""
    await CAMPAIGN.put(api, "key")
    await PACKAGE.put(api, "key")
    campaigns = (await api.ask("{ campaigns { pageInfo { endCursor } } }"))["campaigns"]

    error = await api.fail(PAGE, after=campaigns["pageInfo"]["endCursor"])

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"] == (
        "after: this cursor is of a list of Campaign ordered by CREATED_AT DESC, "
        "but the list here is of DeliveryPackage ordered by CREATED_AT DESC."
    )


async def test_a_cursor_serves_wherever_the_same_list_is_in_the_same_order(
    api: InProcess,
) -> None:
    await BRIEF.put(api, "brief-1")
    for version in (1, 2):
        await PLAN.put(api, f"plan-{version}", briefId="brief-1", version=version)
    nested = await api.ask(
        '{ brief(briefId: "brief-1") { strategyPlans(first: 1) { pageInfo { endCursor } } } }'
    )
    cursor = nested["brief"]["strategyPlans"]["pageInfo"]["endCursor"]

    data = await api.ask(
        "query($after: String) { strategyPlans(after: $after) { nodes { strategyId } } }",
        after=cursor,
    )

    assert data["strategyPlans"]["nodes"] == [{"strategyId": "plan-2"}]


HOSTILE = ("a", 'quo"te', "back\\slash", "/", "é", "a\u2028b", "😀", '","')
CONTROLS = ("\t", "\x01", "\x1f", "\x7f", "\n", "\x80", "", "\\u0041")


@pytest.mark.parametrize("order", ["DRAFT_ID", "TITLE", "CREATED_AT", "REVISION"])
@pytest.mark.parametrize("size", ["first: 100", "last: 100", "first: 1", "last: 1"])
async def test_a_cursor_is_the_same_wherever_the_item_is_on_a_page(
    api: InProcess, clock: SettableClock, order: str, size: str
) -> None:
    """Databases write what is within a list, and it's to be what Python would write."""
    await PLAN.put(api, "plan-1")
    for number, (key, control) in enumerate(zip(HOSTILE, CONTROLS, strict=True)):
        await DRAFT.put(api, key, strategyId="plan-1", title=f"{key}{control}.")
        clock.move(seconds=1, microseconds=100 * (number % 3))
    page = f"""drafts({size}, orderBy: {{ field: {order}, direction: DESC }}) {{
      edges {{ cursor node {{ draftId }} }} pageInfo {{ startCursor endCursor }} }}"""

    data = await api.ask(
        f"""{{ {page}
          strategyPlan(strategyId: "plan-1") {{ {page} }}
          strategyPlans {{ nodes {{ {page} }} }}
        }}"""
    )

    at_root, [of_list] = data["drafts"], data["strategyPlans"]["nodes"]
    assert at_root == data["strategyPlan"]["drafts"] == of_list["drafts"]
    first, last = at_root["edges"][0]["cursor"], at_root["edges"][-1]["cursor"]
    assert at_root["pageInfo"] == {"startCursor": first, "endCursor": last}


# Forged, with a right checksum: of no use to anybody, and no way to break anything either


def forged(*parts: object) -> str:
    payload = json.dumps(parts, separators=(",", ":")).encode()
    checksum = blake2s(payload, digest_size=6).digest()
    return urlsafe_b64encode(checksum + payload).decode().rstrip("=")


SCOPE = ("DeliveryPackage", "created_at", "DESC")
MOMENT = "2026-03-02T09:30:15+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        forged(*SCOPE, MOMENT),
        forged(*SCOPE, MOMENT, "key", "more"),
        forged(*SCOPE, "2026-03-02", "key"),
        forged(*SCOPE, "2026-03-02T09:30:15", "key"),
        forged(*SCOPE, "9999-12-31T23:59:59-12:00", "key"),
        forged(*SCOPE, "0001-01-01T00:00:00+12:00", "key"),
        forged(*SCOPE, 5, "key"),
        forged(*SCOPE, None, "key"),
        forged(*SCOPE, [MOMENT], "key"),
        forged(*SCOPE, MOMENT, 5),
        forged(*SCOPE, MOMENT, None),
        forged(*SCOPE, MOMENT, "k\x00y"),
        forged(*SCOPE, MOMENT, "k\ud800y"),
        forged("DeliveryPackage", "artifacts", "DESC", MOMENT, "key"),
        forged("DeliveryPackage", "created_at", "SIDEWAYS", MOMENT, "key"),
        forged({}, [], None, 1, "key"),
        forged("\ud800", "created_at", "DESC", MOMENT, "key"),
        forged(),
    ],
)
async def test_a_forged_cursor_is_bad_user_input(api: InProcess, cursor: str) -> None:
    await PACKAGE.put(api, "package-1")

    error = await api.fail(PAGE, after=cursor)

    assert error["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("REVISION", "1"),
        ("REVISION", 1.5),
        ("REVISION", 10**30),
        ("REVISION", None),
        ("PACKAGE_ID", 5),
        ("PACKAGE_ID", "x\x00"),
        ("PACKAGE_ID", "x\ud800"),
    ],
)
async def test_a_forged_value_of_another_order_is_bad_user_input(
    api: InProcess, field: str, value: object
) -> None:
    await PACKAGE.put(api, "package-1")
    order = {"field": field, "direction": "ASC"}

    error = await api.fail(
        PAGE,
        after=forged("DeliveryPackage", field.lower(), "ASC", value, "key"),
        orderBy=order,
    )

    assert error["code"] == "BAD_USER_INPUT"
