"""Pages: every order, both directions, from both ends, of all and of each parent."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from domain.onboarding import BriefStage
from domain.strategy import ApprovalState
from repositories.criteria import (
    AllOf,
    Comparison,
    Direction,
    Filter,
    Operator,
    Order,
    Page,
    PageRequest,
    Position,
    Scalar,
)
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    TYPES_UNDER_TEST,
    TypeUnderTest,
)
from tests.support.sources import START

ASC, DESC = Direction.ASC, Direction.DESC

# In the order of their code points; people, and linguistic collations, would order otherwise.
TEXTS = [
    *("", " ", "!", "10", "9", "A", "B", "Z", "Zz", "_", "a", "a b", "a-b", "ab", "b", "z"),
    *("z\u0301", "\u00c4", "\u00df", "\u00e4", "\u0101", "\u03b1", "\u0430", "\u4e2d", "\ud7ff"),
    *("\ufb00", "\uff46", "\uffff", "\U0001d11e", "\U0001f600", "\U0010ffff"),
]
KEYS = TEXTS[1:]
TIMES = [
    START - timedelta(days=365),
    START - timedelta(microseconds=1),
    START,
    START.replace(microsecond=0) + timedelta(seconds=1),
    START + timedelta(hours=1),
]

ORDERED_FIELDS: dict[str, tuple[TypeUnderTest, str, list[Any]]] = {
    f"{entity_type.name} by {field}": (entity_type, field, values)
    for entity_type, field, values in cast(
        list[tuple[TypeUnderTest, str, list[Any]]],
        [
            (BRIEF, "client_id", TEXTS),
            (BRIEF, "stage", sorted(BriefStage)),
            (BRIEF, "submitted_at", TIMES),
            (PLAN, "brief_id", TEXTS),
            (PLAN, "version", [1, 2, 9, 10, 2**31 - 1]),
            (PLAN, "approval", sorted(ApprovalState)),
            (CAMPAIGN, "strategy_id", TEXTS),
            (CAMPAIGN, "name", TEXTS),
            (DRAFT, "strategy_id", TEXTS),
            (DRAFT, "content_type", TEXTS),
            (DRAFT, "title", TEXTS),
            (RESULT, "draft_id", TEXTS),
            (RESULT, "passed", [False, True]),
            (RESULT, "score", [0.0, 5e-324, 0.1, 0.3, 0.1 + 0.2, 1.0]),
            (RESULT, "evaluated_at", TIMES),
            (PACKAGE, "draft_id", TEXTS),
            *((entity_type, "created_at", TIMES) for entity_type in TYPES_UNDER_TEST),
            *((entity_type, "updated_at", TIMES) for entity_type in TYPES_UNDER_TEST),
            *((entity_type, "revision", [1, 2, 3]) for entity_type in TYPES_UNDER_TEST),
        ],
    )
}


async def _store_shuffled(
    repositories: Repositories, entity_type: TypeUnderTest, *records: Any
) -> None:
    await entity_type.save(repositories, *random.Random(3).sample(records, k=len(records)))


async def _page(
    repositories: Repositories, entity_type: TypeUnderTest, request: PageRequest
) -> Page[Any]:
    async with repositories.read() as snapshot:
        return await entity_type.reads_of(snapshot).page(request)


def _keys(entity_type: TypeUnderTest, page: Page[Any]) -> list[str]:
    return [entity_type.key_of(record) for record in page.items]


def _place(entity_type: TypeUnderTest, request: PageRequest, record: Any) -> Position:
    return Position(getattr(record, request.order.field), entity_type.key_of(record))


async def _forwards(
    repositories: Repositories, entity_type: TypeUnderTest, request: PageRequest
) -> list[str]:
    """The keys of all pages, from the first on."""
    keys: list[str] = []
    while True:
        page = await _page(repositories, entity_type, request)
        assert page.has_previous == bool(keys)
        keys += _keys(entity_type, page)
        if not page.has_next:
            return keys
        assert len(page.items) == request.limit
        request = replace(request, after=_place(entity_type, request, page.items[-1]))


async def _backwards(
    repositories: Repositories, entity_type: TypeUnderTest, request: PageRequest
) -> list[str]:
    """The keys of all pages, from the last on; in order, all the same."""
    request = replace(request, backwards=True)
    keys: list[str] = []
    while True:
        page = await _page(repositories, entity_type, request)
        assert page.has_next == bool(keys)
        keys = _keys(entity_type, page) + keys
        if not page.has_previous:
            return keys
        assert len(page.items) == request.limit
        request = replace(request, before=_place(entity_type, request, page.items[0]))


# Orders


@pytest.mark.parametrize(
    ("entity_type", "field", "values"), ORDERED_FIELDS.values(), ids=ORDERED_FIELDS.keys()
)
async def test_every_order_has_ties_by_key_and_is_the_same_from_both_ends(
    repositories: Repositories, entity_type: TypeUnderTest, field: str, values: Sequence[Any]
) -> None:
    names = "A" if (entity_type, field) == (RESULT, "draft_id") else "ABa"
    by_value = [[f"{rank:02} {name}" for name in names] for rank in range(len(values))]
    saves = [
        save
        for value, keys in zip(values, by_value, strict=True)
        for number, key in enumerate(keys, start=1)
        for save in _saves(entity_type, key, field, value, number)
    ]
    await _store_shuffled(repositories, entity_type, *saves)

    for direction in Direction:
        request = PageRequest(7, order=Order(field, direction))
        ranks = by_value if direction is ASC else by_value[::-1]
        expected = [key for keys in ranks for key in keys]
        assert await _forwards(repositories, entity_type, request) == expected
        assert await _backwards(repositories, entity_type, request) == expected


def _saves(entity_type: TypeUnderTest, key: str, field: str, value: Any, number: int) -> list[Any]:
    """The saves after which an entity, the `number`-th of those, has the value."""
    if field == "revision":
        return [entity_type.record(key)] * value
    if (entity_type, field) == (PLAN, "brief_id"):
        return [build.plan(key, brief_id=value, version=number)]
    return [entity_type.record(key, **{field: value})]


async def test_keys_are_ordered_by_code_point(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await _store_shuffled(repositories, entity_type, *(entity_type.record(key) for key in KEYS))

    for direction, expected in ((ASC, KEYS), (DESC, KEYS[::-1])):
        request = PageRequest(5, order=Order(entity_type.key_name, direction))
        assert await _forwards(repositories, entity_type, request) == expected
        assert await _backwards(repositories, entity_type, request) == expected


async def test_ties_are_ordered_by_the_code_points_of_their_keys(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await _store_shuffled(repositories, entity_type, *(entity_type.record(key) for key in KEYS))

    for direction in Direction:
        request = PageRequest(5, order=Order("created_at", direction))
        assert await _forwards(repositories, entity_type, request) == KEYS
        assert await _backwards(repositories, entity_type, request) == KEYS


async def test_the_newest_come_first_by_default(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    created = {"b": START, "c": START, "a": START, "d": START + timedelta(microseconds=1)}
    await entity_type.save(
        repositories, *(entity_type.record(key, created_at=time) for key, time in created.items())
    )

    page = await _page(repositories, entity_type, PageRequest(100))

    assert _keys(entity_type, page) == ["d", "a", "b", "c"]


# Windows


LETTERS = "abcdefg"


def _request(
    limit: int,
    *,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
    filter: Filter | None = None,
) -> PageRequest:
    """Packages by key."""
    return PageRequest(
        limit,
        order=Order("package_id", ASC),
        filter=filter,
        after=Position(after, after) if after is not None else None,
        before=Position(before, before) if before is not None else None,
        backwards=backwards,
    )


@pytest.mark.parametrize(
    ("request_", "expected", "has_previous", "has_next"),
    [
        (_request(3), "abc", False, True),
        (_request(7), "abcdefg", False, False),
        (_request(8), "abcdefg", False, False),
        (_request(0), "", False, True),
        (_request(3, after="b"), "cde", True, True),
        (_request(4, after="c"), "defg", True, False),
        (_request(3, after="g"), "", True, False),
        (_request(3, after="bb"), "cde", True, True),
        (_request(3, before="c"), "ab", False, False),
        (_request(3, before="f"), "abc", False, True),
        (_request(3, before="a"), "", False, False),
        (_request(3, after="b", before="e"), "cd", True, False),
        (_request(1, after="b", before="e"), "c", True, True),
        (_request(3, after="d", before="e"), "", True, False),
        (_request(3, after="e", before="b"), "", True, False),
        (_request(3, backwards=True), "efg", True, False),
        (_request(7, backwards=True), "abcdefg", False, False),
        (_request(0, backwards=True), "", True, False),
        (_request(3, before="e", backwards=True), "bcd", True, True),
        (_request(3, before="d", backwards=True), "abc", False, True),
        (_request(3, before="a", backwards=True), "", False, True),
        (_request(3, before="dd", backwards=True), "bcd", True, True),
        (_request(3, after="e", backwards=True), "fg", False, False),
        (_request(1, after="b", before="e", backwards=True), "d", True, True),
        (_request(3, after="b", before="e", backwards=True), "cd", False, True),
    ],
    ids=str,
)
async def test_a_page_is_a_window_between_two_places(
    repositories: Repositories,
    request_: PageRequest,
    expected: str,
    has_previous: bool,
    has_next: bool,
) -> None:
    await PACKAGE.save(repositories, *(build.package(key) for key in LETTERS))

    page = await _page(repositories, PACKAGE, request_)

    assert "".join(_keys(PACKAGE, page)) == expected
    assert (page.has_previous, page.has_next) == (has_previous, has_next)


async def test_a_place_outlives_the_row_that_stood_there(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, *(entity_type.record(key) for key in LETTERS))
    request = PageRequest(2)
    first = await _page(repositories, entity_type, request)
    await entity_type.delete(repositories, "b")

    second = await _page(
        repositories,
        entity_type,
        replace(request, after=_place(entity_type, request, first.items[-1])),
    )

    assert (_keys(entity_type, first), _keys(entity_type, second)) == (["a", "b"], ["c", "d"])


async def test_a_filter_holds_for_every_page(repositories: Repositories) -> None:
    chosen = Comparison("draft_id", Operator.EQ, "chosen")
    records = [
        build.package(f"{n:02}", draft_id="chosen" if n % 3 == 0 else "other") for n in range(20)
    ]
    await _store_shuffled(repositories, PACKAGE, *records)

    request = _request(2, filter=chosen)

    expected = [record.package_id for record in records[::3]]
    assert await _forwards(repositories, PACKAGE, request) == expected
    assert await _backwards(repositories, PACKAGE, request) == expected


async def test_there_is_an_empty_page_when_nothing_is_stored(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    for backwards in (False, True):
        page = await _page(repositories, entity_type, PageRequest(5, backwards=backwards))

        assert page == Page((), has_previous=False, has_next=False)


# Pages of each parent

REFERENCES = {
    "plans of briefs": (PLAN, "brief_id"),
    "campaigns of plans": (CAMPAIGN, "strategy_id"),
    "drafts of plans": (DRAFT, "strategy_id"),
    "drafts of campaigns": (DRAFT, "campaign_id"),
    "packages of drafts": (PACKAGE, "draft_id"),
}
PARENT_KEYS = ["one", "many", "One", "none", "\U0001f600"]
NUMBERS = {"one": 1, "many": 9, "One": 3, "\U0001f600": 2, "not asked for": 4}

of_each_reference = pytest.mark.parametrize(
    ("entity_type", "reference"), REFERENCES.values(), ids=REFERENCES
)


async def _store_references(
    repositories: Repositories, entity_type: TypeUnderTest, reference: str
) -> None:
    records = [
        entity_type.record(
            f"{parent} {n}",
            **{reference: parent} | ({"version": n + 1} if entity_type is PLAN else {}),
            created_at=START + timedelta(hours=n // 2),
        )
        for parent, number in NUMBERS.items()
        for n in range(number)
    ]
    if entity_type is DRAFT and reference == "campaign_id":
        records.append(build.draft("of no campaign", campaign_id=None))
    await _store_shuffled(repositories, entity_type, *records)


@of_each_reference
@pytest.mark.parametrize("backwards", [False, True])
async def test_the_page_of_each_parent_is_the_page_of_its_rows_alone(
    repositories: Repositories, entity_type: TypeUnderTest, reference: str, backwards: bool
) -> None:
    await _store_references(repositories, entity_type, reference)
    requests = [
        PageRequest(2, backwards=backwards),
        PageRequest(100, backwards=backwards, order=Order(entity_type.key_name, DESC)),
        PageRequest(
            2,
            backwards=backwards,
            after=Position(START + timedelta(hours=3), "many 7"),
            before=Position(START, "many 1"),
        ),
        PageRequest(
            3, backwards=backwards, filter=Comparison(entity_type.key_name, Operator.NE, "one 0")
        ),
    ]

    for request in requests:
        async with repositories.read() as snapshot:
            read = getattr(entity_type.reads_of(snapshot), f"pages_by_{reference}")
            pages = await read(PARENT_KEYS, request)
            alone = {
                parent: await entity_type.reads_of(snapshot).page(_only(request, reference, parent))
                for parent in PARENT_KEYS
            }
        assert pages == alone


def _only(request: PageRequest, reference: str, parent: str) -> PageRequest:
    mine = Comparison(reference, Operator.EQ, parent)
    return replace(request, filter=AllOf((mine, request.filter)) if request.filter else mine)


@of_each_reference
async def test_the_rows_of_each_parent_are_paged_in_order(
    repositories: Repositories, entity_type: TypeUnderTest, reference: str
) -> None:
    await _store_references(repositories, entity_type, reference)

    async with repositories.read() as snapshot:
        read = getattr(entity_type.reads_of(snapshot), f"pages_by_{reference}")
        pages = await read([*PARENT_KEYS, "many"], PageRequest(4))

    assert {
        parent: (_keys(entity_type, page), page.has_next) for parent, page in pages.items()
    } == {
        "one": (["one 0"], False),
        "many": (["many 8", "many 6", "many 7", "many 4"], True),
        "One": (["One 2", "One 0", "One 1"], False),
        "none": ([], False),
        "\U0001f600": (["\U0001f600 0", "\U0001f600 1"], False),
    }


@of_each_reference
async def test_the_rows_of_each_parent_are_counted(
    repositories: Repositories, entity_type: TypeUnderTest, reference: str
) -> None:
    await _store_references(repositories, entity_type, reference)
    created_later = Comparison("created_at", Operator.GT, START)

    async with repositories.read() as snapshot:
        count = getattr(entity_type.reads_of(snapshot), f"counts_by_{reference}")

        assert await count(PARENT_KEYS, None) == {
            parent: NUMBERS.get(parent, 0) for parent in PARENT_KEYS
        }
        assert await count(PARENT_KEYS, created_later) == {
            parent: max(NUMBERS.get(parent, 0) - 2, 0) for parent in PARENT_KEYS
        }
        assert await count([], None) == {}


@of_each_reference
async def test_a_parent_that_cannot_be_stored_has_nothing(
    repositories: Repositories, entity_type: TypeUnderTest, reference: str
) -> None:
    await _store_references(repositories, entity_type, reference)

    async with repositories.read() as snapshot:
        reads = cast(Any, entity_type.reads_of(snapshot))
        pages = await getattr(reads, f"pages_by_{reference}")(["\x00", "\ud800"], PageRequest(5))
        counts = await getattr(reads, f"counts_by_{reference}")(["\x00", "\ud800"], None)

    empty: Page[Any] = Page((), has_previous=False, has_next=False)
    assert pages == {"\x00": empty, "\ud800": empty}
    assert counts == {"\x00": 0, "\ud800": 0}


# Pages while others write


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_thousand_rows_are_paged_without_gap_or_repeat_while_others_write(
    repositories: Repositories, direction: Direction, backwards: bool
) -> None:
    chance = random.Random(11)

    def row(name: str) -> Any:
        created_at = START + timedelta(seconds=chance.randrange(20))
        return build.campaign(f"{chance.randrange(10**6):06} {name}", created_at=created_at)

    there = {record.campaign_id: record for record in (row(f"old {n}") for n in range(1_000))}
    await CAMPAIGN.save(repositories, *(replace(record, tactics=()) for record in there.values()))
    throughout = set(there)

    async def others(unit: UnitOfWork) -> None:
        for key in chance.sample(sorted(throughout), k=10):
            await unit.campaigns.delete(key)
            throughout.discard(key)
        for number in range(10):
            await unit.campaigns.save(row(f"new {number}"))

    seen: list[Any] = []
    request = PageRequest(50, order=Order("created_at", direction), backwards=backwards)
    while True:
        page = await _page(repositories, CAMPAIGN, request)
        seen = [*page.items, *seen] if backwards else [*seen, *page.items]
        if not (page.has_previous if backwards else page.has_next):
            break
        await repositories.write(others)
        end = _place(CAMPAIGN, request, seen[0] if backwards else seen[-1])
        request = replace(request, before=end) if backwards else replace(request, after=end)

    keys = [record.campaign_id for record in seen]
    assert len(keys) == len(set(keys))
    assert throughout <= set(keys)
    upwards = sorted(seen, key=lambda record: record.campaign_id)
    in_order = sorted(
        upwards, key=lambda record: cast(Scalar, record.created_at), reverse=direction is DESC
    )
    assert seen == in_order
