"""Lists, page by page, at the root and nested under what they belong to."""

from dataclasses import dataclass

import pytest

from tests.schema.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    TYPES_UNDER_TEST,
    TypeUnderTest,
    every_type,
)
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock


@dataclass(frozen=True, slots=True)
class Listing:
    """A connection field, and how it gets items whose keys sort in the order of saving."""

    entity_type: TypeUnderTest
    parent: str | None = None
    """The lookup that it is nested in."""
    reference: str | None = None
    """The item's field that holds the parent's key, which is `parent`."""

    @property
    def id(self) -> str:
        return f"{self.parent or 'root'}.{self.entity_type.name}s"

    def query(self, arguments: str = "", variables: str = "") -> str:
        declared = f"query({variables})" if variables else "query"
        field = f"{self.entity_type.name}s{f'({arguments})' if arguments else ''}"
        page = f"""{field} {{
            edges {{ cursor node {{ key: {self.entity_type.key} }} }}
            nodes {{ key: {self.entity_type.key} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }}"""
        if self.parent is None:
            return f"{declared} {{ {page} }}"
        parent = next(
            entity_type for entity_type in TYPES_UNDER_TEST if entity_type.name == self.parent
        )
        return f'{declared} {{ parent: {parent.name}({parent.key}: "parent") {{ {page} }} }}'

    async def fill(self, api: InProcess, clock: SettableClock, count: int) -> list[str]:
        """Save so many items and their parent; gives their keys, newest first."""
        if self.parent:
            parent = next(
                entity_type for entity_type in TYPES_UNDER_TEST if entity_type.name == self.parent
            )
            await parent.put(api, "parent")
        keys = [f"key-{number:02}" for number in range(count)]
        for number, key in enumerate(keys):
            changes: Json = {self.reference: "parent"} if self.reference else {}
            if self.entity_type is PLAN and self.reference:
                changes["version"] = number + 1
            await self.entity_type.put(api, key, **changes)
            await self._put_a_stranger(api, key)
            clock.move(seconds=1)
        return keys[::-1]

    async def _put_a_stranger(self, api: InProcess, key: str) -> None:
        """One more that belongs to another parent."""
        if self.reference:
            await self.entity_type.put(api, f"stranger of {key}", **{self.reference: f"not {key}"})

    async def page(self, api: InProcess, **arguments: object) -> Json:
        types = {"first": "Int", "last": "Int", "after": "String", "before": "String"}
        data = await api.ask(
            self.query(
                ", ".join(f"{name}: ${name}" for name in types),
                ", ".join(f"${name}: {type_}" for name, type_ in types.items()),
            ),
            **arguments,
        )
        found: Json = (data["parent"] if self.parent else data)[f"{self.entity_type.name}s"]
        return found


LISTINGS = [
    *(Listing(entity_type) for entity_type in TYPES_UNDER_TEST),
    Listing(PLAN, "brief", "briefId"),
    Listing(CAMPAIGN, "strategyPlan", "strategyId"),
    Listing(DRAFT, "strategyPlan", "strategyId"),
    Listing(DRAFT, "campaign", "campaignId"),
    Listing(PACKAGE, "draft", "draftId"),
]
every_listing = pytest.mark.parametrize(
    "listing", LISTINGS, ids=[listing.id for listing in LISTINGS]
)
PACKAGES = Listing(PACKAGE)


def keys_of(page: Json) -> list[str]:
    keys = [node["key"] for node in page["nodes"]]
    assert [edge["node"]["key"] for edge in page["edges"]] == keys
    return keys


def place_of(page: Json) -> tuple[bool, bool]:
    """(has_previous, has_next)"""
    info = page["pageInfo"]
    cursors = [edge["cursor"] for edge in page["edges"]]
    assert info["startCursor"] == (cursors[0] if cursors else None)
    assert info["endCursor"] == (cursors[-1] if cursors else None)
    return info["hasPreviousPage"], info["hasNextPage"]


@every_listing
async def test_forwards_page_by_page(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    newest_first = await listing.fill(api, clock, 5)

    first = await listing.page(api, first=2)
    second = await listing.page(api, first=2, after=first["pageInfo"]["endCursor"])
    third = await listing.page(api, first=2, after=second["pageInfo"]["endCursor"])

    assert keys_of(first) + keys_of(second) + keys_of(third) == newest_first
    assert [place_of(page) for page in (first, second, third)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


@every_listing
async def test_backwards_page_by_page(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    newest_first = await listing.fill(api, clock, 5)

    last = await listing.page(api, last=2)
    middle = await listing.page(api, last=2, before=last["pageInfo"]["startCursor"])
    first = await listing.page(api, last=2, before=middle["pageInfo"]["startCursor"])

    assert keys_of(first) + keys_of(middle) + keys_of(last) == newest_first
    assert [place_of(page) for page in (first, middle, last)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


@every_listing
async def test_the_total_counts_all_pages_together(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    await listing.fill(api, clock, 5)

    page = await listing.page(api, first=2)
    last = await listing.page(api, first=2, after=page["pageInfo"]["endCursor"])

    assert page["totalCount"] == last["totalCount"] == 5


@every_listing
async def test_a_list_without_items_is_an_empty_page(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    await listing.fill(api, clock, 0)

    page = await listing.page(api)

    assert keys_of(page) == []
    assert place_of(page) == (False, False)
    assert page["totalCount"] == 0


@every_listing
async def test_explicit_nulls_are_the_same_as_nothing(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    await listing.fill(api, clock, 2)

    with_nulls = await api.ask(
        listing.query(
            "first: null, after: null, last: null, before: null, filter: null, orderBy: null"
        )
    )

    assert with_nulls == await api.ask(listing.query())


async def test_a_page_has_twenty_items_unless_asked_otherwise(
    api: InProcess, clock: SettableClock
) -> None:
    newest_first = await PACKAGES.fill(api, clock, 21)

    assert keys_of(await PACKAGES.page(api)) == newest_first[:20]
    assert keys_of(await PACKAGES.page(api, first=100)) == newest_first


async def test_both_ends_of_a_page_may_be_given(api: InProcess, clock: SettableClock) -> None:
    newest_first = await PACKAGES.fill(api, clock, 5)
    cursors = [edge["cursor"] for edge in (await PACKAGES.page(api))["edges"]]

    between = await PACKAGES.page(api, after=cursors[0], before=cursors[4])
    first = await PACKAGES.page(api, first=1, after=cursors[0], before=cursors[4])
    last = await PACKAGES.page(api, last=1, after=cursors[0], before=cursors[4])
    nothing = await PACKAGES.page(api, after=cursors[4], before=cursors[0])

    assert keys_of(between) == newest_first[1:4]
    assert keys_of(first) == newest_first[1:2]
    assert keys_of(last) == newest_first[3:4]
    assert keys_of(nothing) == []


async def test_a_page_of_nothing_still_knows_whether_there_is_more(
    api: InProcess, clock: SettableClock
) -> None:
    await PACKAGES.fill(api, clock, 2)

    page = await PACKAGES.page(api, first=0)

    assert keys_of(page) == []
    assert place_of(page) == (False, True)
    assert page["totalCount"] == 2


async def test_a_cursor_is_a_place_that_stays_when_its_item_goes(
    api: InProcess, clock: SettableClock
) -> None:
    newest_first = await PACKAGES.fill(api, clock, 4)
    page = await PACKAGES.page(api, first=2)
    await api.do("deleteDeliveryPackage", {"packageId": newest_first[1]})
    await PACKAGE.put(api, "newest")

    following = await PACKAGES.page(api, first=2, after=page["pageInfo"]["endCursor"])

    assert keys_of(following) == newest_first[2:]


async def test_a_change_moves_nothing_from_its_place(api: InProcess, clock: SettableClock) -> None:
    newest_first = await PACKAGES.fill(api, clock, 3)

    await PACKAGE.put(api, newest_first[2])

    assert keys_of(await PACKAGES.page(api)) == newest_first


async def test_items_of_the_same_moment_are_ordered_by_their_key(api: InProcess) -> None:
    """By code point: capitals before small letters, and those before accents."""
    keys = ["b", "a", "B", "é", "Z", "e"]
    for key in keys:
        await PACKAGE.put(api, key)

    first = await PACKAGES.page(api, first=3)
    second = await PACKAGES.page(api, first=3, after=first["pageInfo"]["endCursor"])

    assert keys_of(first) + keys_of(second) == ["B", "Z", "a", "b", "e", "é"]


SENSELESS = {
    "first: 1000": "first",
    "first: 101": "first",
    "last: 101": "last",
    "first: -1": "first",
    "last: -1": "last",
    "first: 2147483647": "first",
    "first: -2147483648": "first",
    "first: 1, last: 1": "first, last",
    "first: 0, last: 0": "first, last",
}


@every_listing
async def test_sizes_that_make_no_sense_are_bad_user_input(
    api: InProcess, clock: SettableClock, listing: Listing
) -> None:
    await listing.fill(api, clock, 0)

    for arguments, named in SENSELESS.items():
        error = await api.fail(listing.query(arguments))

        assert error["code"] == "BAD_USER_INPUT", arguments
        assert error["message"].startswith(f"{named}:"), arguments
        assert error["path"][-1] == f"{listing.entity_type.name}s", arguments


async def test_a_first_with_a_last_of_null_is_just_a_first(
    api: InProcess, clock: SettableClock
) -> None:
    newest_first = await PACKAGES.fill(api, clock, 3)

    assert keys_of(await PACKAGES.page(api, first=1, last=None)) == newest_first[:1]
    assert keys_of(await PACKAGES.page(api, first=None, last=1)) == newest_first[-1:]


async def test_pages_of_several_parents_are_cut_for_each(
    api: InProcess, clock: SettableClock
) -> None:
    for brief, versions in {"a": 3, "b": 1, "c": 0}.items():
        await BRIEF.put(api, brief)
        for version in range(1, versions + 1):
            await PLAN.put(api, f"{brief}-{version}", briefId=brief, version=version)
            clock.move(seconds=1)

    data = await api.ask(
        """{ briefs(orderBy: { field: BRIEF_ID, direction: ASC }) { nodes {
          briefId
          first: strategyPlans(first: 2) {
            nodes { strategyId } pageInfo { hasNextPage } totalCount }
          last: strategyPlans(last: 1) { nodes { strategyId } pageInfo { hasPreviousPage } }
        } } }"""
    )

    assert [
        (
            brief["briefId"],
            [plan["strategyId"] for plan in brief["first"]["nodes"]],
            brief["first"]["pageInfo"]["hasNextPage"],
            brief["first"]["totalCount"],
            [plan["strategyId"] for plan in brief["last"]["nodes"]],
            brief["last"]["pageInfo"]["hasPreviousPage"],
        )
        for brief in data["briefs"]["nodes"]
    ] == [
        ("a", ["a-3", "a-2"], True, 3, ["a-1"], True),
        ("b", ["b-1"], False, 1, ["b-1"], False),
        ("c", [], False, 0, [], False),
    ]


@every_type
async def test_a_list_shows_each_entity_as_it_is_found_alone(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    stored = [await entity_type.put(api, key) for key in ("key-1", "key-2")]

    found = (await api.ask(f"{{ {entity_type.name}s {{ nodes {{ {entity_type.fields} }} }} }}"))[
        f"{entity_type.name}s"
    ]

    assert found["nodes"] == stored
