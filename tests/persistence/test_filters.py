"""Which entities a filter matches: two-valued, literal, by code point."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from domain.onboarding import BriefStage
from domain.strategy import ApprovalState
from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    IsNull,
    Not,
    Operator,
    Order,
    PageRequest,
)
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories
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
from tests.support.statements import watched

EQ, NE = Operator.EQ, Operator.NE
GT, GTE, LT, LTE = Operator.GT, Operator.GTE, Operator.LT, Operator.LTE
IN, NOT_IN = Operator.IN, Operator.NOT_IN
CONTAINS, STARTS_WITH = Operator.CONTAINS, Operator.STARTS_WITH

Rows = Mapping[str, Any]
"""The value of the field that is filtered by, for each key: one letter."""


async def _store(
    repositories: Repositories, entity_type: TypeUnderTest, field: str, rows: Rows
) -> None:
    await entity_type.save(
        repositories, *(entity_type.record(key, **{field: rows[key]}) for key in rows)
    )


async def _matching(repositories: Repositories, entity_type: TypeUnderTest, filter: Filter) -> str:
    """The keys of those that match, in order; counted, too."""
    order = Order(entity_type.key_name, Direction.ASC)
    async with repositories.read() as snapshot:
        page = await entity_type.reads_of(snapshot).page(
            PageRequest(100, order=order, filter=filter)
        )
        assert await entity_type.reads_of(snapshot).count(filter) == len(page.items)
    return "".join(entity_type.key_of(record) for record in page.items)


async def _check(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    field: str,
    rows: Rows,
    operator: Operator,
    value: Any,
    expected: str,
) -> None:
    """Require that the comparison matches the expected rows, and its negation all others."""
    await _store(repositories, entity_type, field, rows)

    await _check_stored(
        repositories, entity_type, Comparison(field, operator, value), rows, expected
    )


async def _check_stored(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    filter: Filter,
    rows: Rows,
    expected: str,
) -> None:
    assert await _matching(repositories, entity_type, filter) == expected
    others = "".join(key for key in sorted(rows) if key not in expected)
    assert await _matching(repositories, entity_type, Not(filter)) == others


# Text

TITLES = {
    "a": "Bread",
    "b": "bread",
    "c": "50% rye_flour",
    "d": "50 rye flour",
    "e": "back\\slash",
    "f": "über😀brot",
    "g": "u\u0308ber",
    "h": "x",
    "i": "",
    "j": "STRASSE",
    "k": "straße",
}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, "bread", "b"),
        (EQ, "Bread ", ""),
        (EQ, "", "i"),
        (EQ, "über😀brot", "f"),
        (NE, "bread", "acdefghijk"),
        (IN, ("bread", "x", "absent", "bread"), "bh"),
        (IN, (), ""),
        (IN, ("50% rye_flour", "back\\slash", ""), "cei"),
        (NOT_IN, ("bread", "x"), "acdefgijk"),
        (NOT_IN, (), "abcdefghijk"),
        (CONTAINS, "read", "ab"),
        (CONTAINS, "Bread", "a"),
        (CONTAINS, "%", "c"),
        (CONTAINS, "_", "c"),
        (CONTAINS, "\\", "e"),
        (CONTAINS, "", "abcdefghijk"),
        (CONTAINS, "😀", "f"),
        (CONTAINS, "ü", "f"),
        (CONTAINS, "\u0308", "g"),
        (CONTAINS, "STRASSE", "j"),
        (STARTS_WITH, "bre", "b"),
        (STARTS_WITH, "50%", "c"),
        (STARTS_WITH, "50_", ""),
        (STARTS_WITH, "back\\", "e"),
        (STARTS_WITH, "über😀", "f"),
        (STARTS_WITH, "u", "g"),
        (STARTS_WITH, "", "abcdefghijk"),
        (STARTS_WITH, "bread and more", ""),
    ],
)
async def test_text(
    repositories: Repositories, operator: Operator, value: Any, expected: str
) -> None:
    await _check(repositories, DRAFT, "title", TITLES, operator, value, expected)


UNSTORABLE = {"NUL": "b\x00", "a high surrogate": "\ud800", "a low surrogate": "b\udfff"}


@pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_text_that_cannot_be_stored_is_equal_to_nothing(
    repositories: Repositories, text: str
) -> None:
    await DRAFT.save(repositories, build.draft("a"), build.draft("b", campaign_id=None))

    for field in ("title", "draft_id", "campaign_id"):
        cases: list[tuple[Operator, Any, str]] = [
            (EQ, text, ""),
            (NE, text, "ab"),
            (IN, (text,), ""),
            (NOT_IN, (text,), "ab"),
            (CONTAINS, text, ""),
            (STARTS_WITH, text, ""),
        ]
        for operator, value, matching in cases:
            comparison = Comparison(field, operator, value)
            assert await _matching(repositories, DRAFT, comparison) == matching
            others = "" if matching else "ab"
            assert await _matching(repositories, DRAFT, Not(comparison)) == others


async def test_text_that_cannot_be_stored_leaves_the_rest_of_a_list(
    repositories: Repositories,
) -> None:
    await DRAFT.save(repositories, build.draft("a", title="x"), build.draft("b", title="y"))

    assert await _matching(repositories, DRAFT, Comparison("title", IN, ("\x00", "y"))) == "b"


@pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_a_key_that_cannot_be_stored_is_absent(
    repositories: Repositories, entity_type: TypeUnderTest, text: str
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    async with repositories.read() as snapshot:
        reads = entity_type.reads_of(snapshot)
        assert await reads.get(text) is None
        assert set(await reads.get_many([text, "key"])) == {"key"}
    assert await repositories.write(lambda unit: entity_type.of(unit).get_for_update(text)) is None


# Keys and references


@pytest.mark.parametrize("entity_type", TYPES_UNDER_TEST, ids=lambda entity_type: entity_type.name)
async def test_keys(repositories: Repositories, entity_type: TypeUnderTest) -> None:
    await entity_type.save(repositories, *(entity_type.record(key) for key in "abc"))

    cases: list[tuple[Operator, Any, str]] = [
        (EQ, "b", "b"),
        (EQ, "B", ""),
        (NE, "b", "ac"),
        (IN, ("c", "a", "x"), "ac"),
        (NOT_IN, ("c", "a", "x"), "b"),
    ]
    for operator, value, expected in cases:
        comparison = Comparison(entity_type.key_name, operator, value)
        assert await _matching(repositories, entity_type, comparison) == expected


# What may be absent

NULLABLE_TEXT = {"a": None, "b": "x", "c": "y", "d": None}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, "x", "b"),
        (NE, "x", "acd"),
        (IN, ("x", "z"), "b"),
        (NOT_IN, ("x", "z"), "acd"),
        (IN, (), ""),
        (NOT_IN, (), "abcd"),
        (CONTAINS, "", "bc"),
        (STARTS_WITH, "x", "b"),
    ],
)
@pytest.mark.parametrize(
    ("entity_type", "field"),
    [(BRIEF, "target_audience"), (PLAN, "decided_by"), (DRAFT, "campaign_id")],
    ids=lambda value: getattr(value, "name", value),
)
async def test_text_that_may_be_absent(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    field: str,
    operator: Operator,
    value: Any,
    expected: str,
) -> None:
    await _check(repositories, entity_type, field, NULLABLE_TEXT, operator, value, expected)


NULLABLE_TIME = {"a": None, "b": START, "c": START + timedelta(hours=1), "d": None}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, START, "b"),
        (NE, START, "acd"),
        (GT, START, "c"),
        (GTE, START, "bc"),
        (LT, START, ""),
        (LTE, START, "b"),
    ],
)
@pytest.mark.parametrize(
    ("entity_type", "field"),
    [(BRIEF, "normalized_at"), (PLAN, "decided_at")],
    ids=lambda value: getattr(value, "name", value),
)
async def test_a_time_that_may_be_absent(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    field: str,
    operator: Operator,
    value: Any,
    expected: str,
) -> None:
    await _check(repositories, entity_type, field, NULLABLE_TIME, operator, value, expected)


@pytest.mark.parametrize(
    ("entity_type", "field", "rows"),
    [
        (BRIEF, "target_audience", NULLABLE_TEXT),
        (PLAN, "decided_by", NULLABLE_TEXT),
        (DRAFT, "campaign_id", NULLABLE_TEXT),
        (BRIEF, "normalized_at", NULLABLE_TIME),
        (PLAN, "decided_at", NULLABLE_TIME),
    ],
    ids=lambda value: getattr(value, "name", None) or str(value)[:20],
)
async def test_absence(
    repositories: Repositories, entity_type: TypeUnderTest, field: str, rows: Rows
) -> None:
    await _store(repositories, entity_type, field, rows)

    await _check_stored(repositories, entity_type, IsNull(field), rows, "ad")


async def test_an_empty_text_is_not_absent(repositories: Repositories) -> None:
    rows = {"a": "", "b": None}
    await _store(repositories, BRIEF, "target_audience", rows)

    await _check_stored(repositories, BRIEF, IsNull("target_audience"), rows, "b")


async def test_what_is_never_absent_is_not(repositories: Repositories) -> None:
    rows = {"a": "x", "b": ""}
    await _store(repositories, DRAFT, "title", rows)

    await _check_stored(repositories, DRAFT, IsNull("title"), rows, "")


# Times

MICROSECOND = timedelta(microseconds=1)
TIMES = {
    "a": START - MICROSECOND,
    "b": START,
    "c": START + MICROSECOND,
    "d": START.replace(microsecond=0) + timedelta(seconds=1),
}
AHEAD = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize("offset", [None, AHEAD])
@pytest.mark.parametrize(
    ("operator", "expected"),
    [(EQ, "b"), (NE, "acd"), (GT, "cd"), (GTE, "bcd"), (LT, "a"), (LTE, "ab")],
)
@pytest.mark.parametrize(
    ("entity_type", "field"),
    [(RESULT, "evaluated_at"), (PACKAGE, "created_at")],
    ids=lambda value: getattr(value, "name", value),
)
async def test_times(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    field: str,
    operator: Operator,
    expected: str,
    offset: timezone | None,
) -> None:
    value: datetime = START.astimezone(offset) if offset else START

    await _check(repositories, entity_type, field, TIMES, operator, value, expected)


# Numbers


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, 2, "b"),
        (NE, 2, "acd"),
        (GT, 2, "cd"),
        (GTE, 2, "bcd"),
        (LT, 2, "a"),
        (LTE, 2, "ab"),
        (GT, 2**31 - 2, "d"),
        (LT, 0, ""),
        (GTE, -(2**31), "abcd"),
    ],
)
async def test_integers(
    repositories: Repositories, operator: Operator, value: int, expected: str
) -> None:
    versions = {"a": 1, "b": 2, "c": 10, "d": 2**31 - 1}

    await _check(repositories, PLAN, "version", versions, operator, value, expected)


async def test_revisions(repositories: Repositories) -> None:
    for key, saves in {"a": 1, "b": 2, "c": 3}.items():
        await CAMPAIGN.save(repositories, *[build.campaign(key)] * saves)

    assert await _matching(repositories, CAMPAIGN, Comparison("revision", GTE, 2)) == "bc"


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, 0.3, "b"),
        (EQ, 0.1 + 0.2, "c"),
        (NE, 0.3, "acd"),
        (GT, 0.3, "cd"),
        (GTE, 0.3, "bcd"),
        (LT, 0.3, "a"),
        (LTE, 0.3, "ab"),
        (EQ, 1, "d"),
        (EQ, -0.0, "a"),
        (GT, -1e300, "abcd"),
    ],
)
async def test_floats(
    repositories: Repositories, operator: Operator, value: float, expected: str
) -> None:
    scores = {"a": 0.0, "b": 0.3, "c": 0.1 + 0.2, "d": 1.0}

    await _check(repositories, RESULT, "score", scores, operator, value, expected)


# Booleans and enums


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [(EQ, True, "ac"), (EQ, False, "b"), (NE, True, "b"), (NE, False, "ac")],
)
async def test_booleans(
    repositories: Repositories, operator: Operator, value: bool, expected: str
) -> None:
    passed = {"a": True, "b": False, "c": True}

    await _check(repositories, RESULT, "passed", passed, operator, value, expected)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (EQ, ApprovalState.PENDING, "a"),
        (NE, ApprovalState.PENDING, "bc"),
        (IN, (ApprovalState.REJECTED, ApprovalState.PENDING), "ac"),
        (NOT_IN, (ApprovalState.REJECTED, ApprovalState.PENDING), "b"),
        (IN, (), ""),
    ],
)
async def test_enums(
    repositories: Repositories, operator: Operator, value: Any, expected: str
) -> None:
    states = dict(zip("abc", ApprovalState, strict=True))

    await _check(repositories, PLAN, "approval", states, operator, value, expected)


async def test_stages(repositories: Repositories) -> None:
    stages = dict(zip("ab", BriefStage, strict=True))

    await _check(repositories, BRIEF, "stage", stages, EQ, BriefStage.NORMALIZED, "b")


# Logic

IS_A, IS_B = Comparison("title", EQ, "A"), Comparison("title", EQ, "B")
NO_CAMPAIGN = IsNull("campaign_id")
HAS_CAMPAIGN = Not(NO_CAMPAIGN)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (AllOf(()), "abc"),
        (AnyOf(()), ""),
        (Not(AllOf(())), ""),
        (Not(AnyOf(())), "abc"),
        (AllOf((IS_A, HAS_CAMPAIGN)), "a"),
        (AllOf((IS_A, IS_B)), ""),
        (AnyOf((IS_A, IS_B)), "abc"),
        (AnyOf((IS_B, NO_CAMPAIGN)), "bc"),
        (Not(AllOf((IS_A, HAS_CAMPAIGN))), "bc"),
        (Not(AnyOf((IS_B, NO_CAMPAIGN))), "a"),
        (Not(Not(IS_A)), "ac"),
        (AllOf((AnyOf((IS_A, IS_B)), Not(AllOf((IS_A, NO_CAMPAIGN))))), "ab"),
        (AllOf((IS_A,)), "ac"),
    ],
    ids=str,
)
async def test_conditions_are_combined(
    repositories: Repositories, filter: Filter, expected: str
) -> None:
    await DRAFT.save(
        repositories,
        build.draft("a", title="A", campaign_id="x"),
        build.draft("b", title="B", campaign_id="x"),
        build.draft("c", title="A", campaign_id=None),
    )

    assert await _matching(repositories, DRAFT, filter) == expected


async def test_no_filter_matches_everything(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, *(entity_type.record(key) for key in "abc"))

    async with repositories.read() as snapshot:
        page = await entity_type.reads_of(snapshot).page(PageRequest(100))
        assert len(page.items) == await entity_type.reads_of(snapshot).count(None) == 3


async def test_a_list_takes_no_more_room_as_a_parameter_than_its_texts(database: Database) -> None:
    """Escapes would be six characters for each."""
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    texts = tuple(f"{number} " + "é\u2028" * 1_000 for number in range(20))
    filter = Comparison("draft_id", IN, texts)
    with watched(database) as statements:
        async with repositories.read() as snapshot:
            await snapshot.drafts.count(filter)
    [[given]] = statements.arguments
    given = given if isinstance(given, str) else "".join(given)
    assert len(given) <= 1.01 * len("".join(texts))
