"""Commands keep to limits: each is tested on both sides, with each violation at its field."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import validation
from domain.delivery import DeliveryArtifact
from domain.errors import ValidationFailed, Violation
from domain.onboarding import BriefScope
from domain.production import Tactic
from domain.qc import QcIssue, QcSeverity
from domain.strategy import Kpi, Milestone, StrategyTimeline
from domain.validation import Checked, RuledPart, require_valid
from tests import builders as build

Path = tuple[str | int, ...]


def _violations(command: Checked) -> list[Path]:
    """Where the command breaks a rule."""
    return [violation.path for violation in command.violations()]


COMMANDS: dict[str, Callable[..., Any]] = {
    "SubmitIntake": build.submit_intake,
    "NormalizeBrief": build.normalize_brief,
    "SaveStrategyPlan": build.save_plan,
    "DecideStrategyPlan": build.decide_plan,
    "SaveCampaign": build.save_campaign,
    "SaveDraft": build.save_draft,
    "RecordQcResult": build.record_result,
    "SaveDeliveryPackage": build.save_package,
    "Delete": lambda **changes: build.delete("brief_id", "brief-1", **changes),
}

every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@every_command
def test_a_complete_command_is_valid(command: Callable[..., Any]) -> None:
    assert _violations(command()) == []


@every_command
@pytest.mark.parametrize("revision", [None, 0, 1, 10**9])
def test_a_revision_may_be_expected(command: Callable[..., Any], revision: int | None) -> None:
    assert _violations(command(expected_revision=revision)) == []


@every_command
def test_no_revision_is_negative(command: Callable[..., Any]) -> None:
    assert _violations(command(expected_revision=-1)) == [("expected_revision",)]


# Keys

KEY_FIELDS = [
    (build.submit_intake, "brief_id"),
    (build.submit_intake, "client_id"),
    (build.normalize_brief, "brief_id"),
    (build.save_plan, "strategy_id"),
    (build.save_plan, "brief_id"),
    (build.decide_plan, "strategy_id"),
    (build.save_campaign, "campaign_id"),
    (build.save_campaign, "strategy_id"),
    (build.save_draft, "draft_id"),
    (build.save_draft, "strategy_id"),
    (build.save_draft, "campaign_id"),
    (build.record_result, "result_id"),
    (build.record_result, "draft_id"),
    (build.save_package, "package_id"),
    (build.save_package, "draft_id"),
]
OPTIONAL_KEYS = [
    (build.submit_intake, "brief_id"),
    (build.save_plan, "strategy_id"),
    (build.save_campaign, "campaign_id"),
    (build.save_draft, "draft_id"),
    (build.save_draft, "campaign_id"),
    (build.record_result, "result_id"),
    (build.save_package, "package_id"),
]

every_key = pytest.mark.parametrize(
    ("command", "field"), KEY_FIELDS, ids=lambda value: getattr(value, "__name__", value)
)


@every_key
@pytest.mark.parametrize(
    "key", ["k", "k" * 200, "\U0001f600" * 200, "a key", "a/b:c", "\u200b", "\u00e9", "'; --"]
)
def test_a_key_is_any_text_of_up_to_200_characters(
    command: Callable[..., Any], field: str, key: str
) -> None:
    assert _violations(command(**{field: key})) == []


@every_key
@pytest.mark.parametrize(
    "key",
    [
        *("", " ", "\u2003", "k" * 201, " k", "k ", "\u00a0k", "k\u2028"),
        *("k\tk", "k\nk", "k\x00", "k\x1bk", "k\x7f", "k\x85k", "\ud83d", "k\udfff"),
    ],
)
def test_another_is_no_key(command: Callable[..., Any], field: str, key: str) -> None:
    assert _violations(command(**{field: key})) == [(field,)]


@pytest.mark.parametrize(
    ("command", "field"), OPTIONAL_KEYS, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_entitys_own_key_may_be_absent(command: Callable[..., Any], field: str) -> None:
    assert _violations(command(**{field: None})) == []


# Texts


def _in(name: str, items: Callable[..., Any], field: str) -> Callable[[Any], dict[str, Any]]:
    """The changes that give an item's field a value, the item being the second."""
    return lambda value: {name: (items(), items(**{field: value}))}


def _timeline(**changes: Any) -> dict[str, Any]:
    return {"timeline": replace(StrategyTimeline(duration_weeks=4), **changes)}


def _kpi(**changes: Any) -> Kpi:
    return replace(Kpi(name="n", target_value=1.0, unit="u", timeframe_days=1), **changes)


def _milestone(**changes: Any) -> Milestone:
    return replace(Milestone(name="n", week="w"), **changes)


OWN_TEXTS: list[tuple[Callable[..., Any], str, int, bool]] = [
    (build.normalize_brief, "target_audience", 10_000, True),
    (build.save_plan, "executive_summary", 10_000, True),
    (build.decide_plan, "decided_by", 500, False),
    (build.save_campaign, "name", 500, False),
    (build.save_draft, "content_type", 500, False),
    (build.save_draft, "title", 500, False),
    (build.save_draft, "body", 1_000_000, False),
]
TEXTS_OF_ITEMS: list[tuple[Callable[..., Any], str, Callable[..., Any], str, int, bool]] = [
    (build.save_plan, "kpis", _kpi, "name", 500, False),
    (build.save_plan, "kpis", _kpi, "unit", 500, True),
    (build.save_plan, "recommendations", build.recommendation, "channel", 500, False),
    (build.save_plan, "recommendations", build.recommendation, "rationale", 10_000, True),
    (build.save_campaign, "tactics", build.tactic, "channel", 500, False),
    (build.save_campaign, "tactics", build.tactic, "content_type", 500, False),
    (build.save_campaign, "tactics", build.tactic, "title", 500, False),
    (build.record_result, "issues", build.issue, "section", 500, False),
    (build.record_result, "issues", build.issue, "reason", 10_000, False),
    (build.save_package, "artifacts", build.artifact, "format", 50, False),
]

TEXT_FIELDS: list[tuple[Callable[..., Any], Callable[[Any], dict[str, Any]], Path, int, bool]] = [
    # command, how its field is set, where that is, the most characters, may it be blank
    *(
        (command, lambda value, field=field: {field: value}, (field,), limit, blank)
        for command, field, limit, blank in OWN_TEXTS
    ),
    *(
        (command, _in(name, items, field), (name, 1, field), limit, blank)
        for command, name, items, field, limit, blank in TEXTS_OF_ITEMS
    ),
    (
        build.normalize_brief,
        lambda value: {"objectives": ("fine", value)},
        ("objectives", 1),
        10_000,
        True,
    ),
    (
        build.normalize_brief,
        lambda value: {"scope": BriefScope(deliverables=("fine", value))},
        ("scope", "deliverables", 1),
        10_000,
        True,
    ),
    (
        build.normalize_brief,
        lambda value: {"scope": BriefScope(exclusions=(value,))},
        ("scope", "exclusions", 0),
        10_000,
        True,
    ),
    (
        build.save_plan,
        lambda value: {"recommendations": [build.recommendation(tactics=("fine", value))]},
        ("recommendations", 0, "tactics", 1),
        10_000,
        True,
    ),
    (
        build.save_plan,
        lambda value: _timeline(milestones=(_milestone(), _milestone(name=value))),
        ("timeline", "milestones", 1, "name"),
        500,
        False,
    ),
    (
        build.save_plan,
        lambda value: _timeline(milestones=(_milestone(week=value),)),
        ("timeline", "milestones", 0, "week"),
        500,
        True,
    ),
]


@pytest.mark.parametrize(
    ("command", "change", "path", "limit", "may_be_blank"),
    TEXT_FIELDS,
    ids=[".".join(map(str, field[2])) for field in TEXT_FIELDS],
)
def test_texts_have_a_limit_and_hold_nothing_that_cannot_be_stored(
    command: Callable[..., Any],
    change: Callable[[Any], dict[str, Any]],
    path: Path,
    limit: int,
    may_be_blank: bool,
) -> None:
    def violations(text: str) -> list[Path]:
        return _violations(command(**change(text)))

    for fine in ("x" * limit, "\U0001f600" * limit, " a\tb\r\nc ", "\x01", "\u0301"):
        assert violations(fine) == []
    for wrong in ("x" * (limit + 1), "a\x00b", "\ud800", "x\udc00\ud800"):
        assert violations(wrong) == [path]
    for blank in ("", " ", "\t\n\u00a0\u3000"):
        assert violations(blank) == ([] if may_be_blank else [path])


def test_an_artifact_has_a_name_too() -> None:
    def violations(name: str) -> list[Path]:
        artifact = build.artifact(name=name, url="https://files.example/x")
        return _violations(build.save_package(artifacts=(artifact,)))

    assert violations("x" * 500) == []
    assert violations("x" * 501) == violations(" ") == [("artifacts", 0, "name")]


# Lists


@pytest.mark.parametrize(
    ("command", "change", "path"),
    [
        (build.save_plan, lambda n: {"kpis": (_kpi(),) * n}, ("kpis",)),
        (
            build.save_plan,
            lambda n: {"recommendations": (build.recommendation(budget_percent=0),) * n},
            ("recommendations",),
        ),
        (
            build.save_plan,
            lambda n: {"recommendations": (build.recommendation(tactics=("x",) * n),)},
            ("recommendations", 0, "tactics"),
        ),
        (
            build.save_plan,
            lambda n: _timeline(milestones=(_milestone(),) * n),
            ("timeline", "milestones"),
        ),
        (build.save_campaign, lambda n: {"tactics": (build.tactic(),) * n}, ("tactics",)),
        (build.record_result, lambda n: {"issues": (build.issue(),) * n}, ("issues",)),
        (build.save_package, lambda n: {"artifacts": (build.artifact(),) * n}, ("artifacts",)),
        (build.normalize_brief, lambda n: {"objectives": ("x",) * n}, ("objectives",)),
        (
            build.normalize_brief,
            lambda n: {"scope": BriefScope(deliverables=("x",) * n)},
            ("scope", "deliverables"),
        ),
        (
            build.normalize_brief,
            lambda n: {"scope": BriefScope(exclusions=("x",) * n)},
            ("scope", "exclusions"),
        ),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_lists_have_up_to_500_items(
    command: Callable[..., Any], change: Callable[[int], dict[str, Any]], path: Path
) -> None:
    assert _violations(command(**change(0))) == []
    assert _violations(command(**change(500))) == []
    assert _violations(command(**change(501))) == [path]


# Numbers


@pytest.mark.parametrize(
    ("command", "change", "path"),
    [
        (build.save_plan, lambda n: {"version": n}, ("version",)),
        (build.save_plan, lambda n: _timeline(duration_weeks=n), ("timeline", "duration_weeks")),
        (
            build.save_plan,
            lambda n: {"kpis": (_kpi(timeframe_days=n),)},
            ("kpis", 0, "timeframe_days"),
        ),
        (
            build.normalize_brief,
            lambda n: {"scope": BriefScope(timeline_weeks=n)},
            ("scope", "timeline_weeks"),
        ),
    ],
    ids=["version", "duration", "timeframe", "timeline"],
)
def test_counts_are_positive_and_fit_in_32_bits(
    command: Callable[..., Any], change: Callable[[int], dict[str, Any]], path: Path
) -> None:
    for fine in (1, 2**31 - 1):
        assert _violations(command(**change(fine))) == []
    for wrong in (0, -1, 2**31, -(2**63)):
        assert _violations(command(**change(wrong))) == [path]


def test_a_scope_and_a_plan_need_no_number() -> None:
    assert _violations(build.save_plan(version=None)) == []
    assert _violations(build.normalize_brief(scope=BriefScope(timeline_weeks=None))) == []


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize("score", [0, 0.0, -0.0, 5e-324, 0.5, 1, 1.0])
def test_a_score_is_from_0_to_1(score: float) -> None:
    assert _violations(build.record_result(score=score)) == []


@pytest.mark.parametrize("score", [-5e-324, -1, 1.0000000000000002, 1.2, NAN, INFINITE, -INFINITE])
def test_another_is_no_score(score: float) -> None:
    assert _violations(build.record_result(score=score)) == [("score",)]


@pytest.mark.parametrize("value", [0.0, -1.5, 1e308, -1e308])
def test_a_target_is_any_finite_number(value: float) -> None:
    assert _violations(build.save_plan(kpis=(_kpi(target_value=value),))) == []


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
def test_another_is_no_target(value: float) -> None:
    command = build.save_plan(kpis=(_kpi(), _kpi(target_value=value)))

    assert _violations(command) == [("kpis", 1, "target_value")]


# Times

LAST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
BEHIND = timezone(-timedelta(hours=12))

every_time = pytest.mark.parametrize(
    ("command", "field"),
    [(build.submit_intake, "submitted_at"), (build.record_result, "evaluated_at")],
    ids=["submitted_at", "evaluated_at"],
)


@every_time
@pytest.mark.parametrize("time", [None, FIRST, LAST, FIRST.astimezone(BEHIND)])
def test_a_time_is_in_the_years_1970_to_9998(
    command: Callable[..., Any], field: str, time: datetime | None
) -> None:
    assert _violations(command(**{field: time})) == []


@every_time
@pytest.mark.parametrize(
    "time",
    [
        FIRST - timedelta(microseconds=1),
        LAST + timedelta(microseconds=1),
        LAST.replace(tzinfo=BEHIND),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(2026, 1, 1),  # noqa: DTZ001 - no offset
    ],
)
def test_another_is_not(command: Callable[..., Any], field: str, time: datetime) -> None:
    assert _violations(command(**{field: time})) == [(field,)]


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/a/b.pdf?x=1&y=%20#z",
        "https://user:pass@example.com:8443/",
        "https://[2001:db8::1]:80/x",
        "https://xn--bcher-kva.example/",
        "https://b\u00fccher.example/\u00e4",
        "s3://bucket/key/with%20space",
        "file:///srv/files/a.pdf",
        "HTTPS://EXAMPLE.COM/",
        "https://example.com/" + "x" * (2_048 - 20),
    ],
)
def test_a_url_is_absolute(url: str) -> None:
    assert _violations(build.save_package(artifacts=(build.artifact(url=url),))) == []


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            " ",
            "example.com",
            "/a/b",
            "//example.com/a",
            "a b",
            "https:",
            "https://",
            "http:/x",
        ),
        *("ftp://example.com/a", "javascript:alert(1)", "data:text/plain,x", "mailto:a@b.c"),
        *(
            "https:///path",
            "https://:80/",
            "https://example.com:port/",
            "https://example.com:99999",
        ),
        *("https://[::1", "https://exa mple.com", "https://example.com/a b", "file://", "file:///"),
        *("s3:///key", " https://example.com", "https://example.com\n", "https://example.com/\x00"),
        *("https://example.com/\ud800", "https://example.com/\x7f", "https:example.com"),
        "https://example.com/" + "x" * (2_048 - 19),
    ],
)
def test_another_is_not_one(url: str) -> None:
    command = build.save_package(artifacts=(build.artifact(), build.artifact(url=url)))

    assert _violations(command) == [("artifacts", 1, "url")]


@given(st.from_regex(validation._PLAIN_URL, fullmatch=True))
def test_what_is_told_of_plain_urls_at_once_is_so(url: str) -> None:
    assert validation._has_all_of_a_url(url)


@pytest.mark.parametrize("code", range(0x180))
def test_keys_have_no_control_characters(code: int) -> None:
    is_control = unicodedata.category(chr(code)) == "Cc"

    broken = _violations(build.save_package(package_id=f"a{chr(code)}b"))

    assert broken == [("package_id",)] * is_control


# Budgets


def _budgets(*percents: float) -> list[Path]:
    recommendations = tuple(build.recommendation(budget_percent=it) for it in percents)
    return _violations(build.save_plan(recommendations=recommendations))


@pytest.mark.parametrize(
    "percents",
    [
        (),
        (0,),
        (100,),
        (100.0, 0.0),
        (0.1,) * 10 + (99.0,),
        (33.3, 33.3, 33.4),
        (0.1, 0.2, 99.7),
        (1.1, 2.2, 96.7),
        (1 / 3,) * 300,
        (99.99999999999999,),
        (5e-324,) * 500,
    ],
)
def test_budgets_add_up_to_at_most_100(percents: tuple[float, ...]) -> None:
    assert _budgets(*percents) == []


@pytest.mark.parametrize(
    "percents",
    [(0.1,) * 11 + (99.0,), (50, 50.1), (100, 1e-20), (33.4,) * 3, (99.99999999999999, 0.1)],
)
def test_more_is_too_much(percents: tuple[float, ...]) -> None:
    assert _budgets(*percents) == [("recommendations",)]


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=20))
def test_tenths_add_up_as_they_are_written(tenths: list[int]) -> None:
    assert (_budgets(*(tenth / 10 for tenth in tenths)) == []) is (sum(tenths) <= 1_000)


@pytest.mark.parametrize("percent", [-0.1, -5e-324, 100.1, NAN, INFINITE, -INFINITE])
def test_each_budget_is_from_0_to_100(percent: float) -> None:
    at_item: Path = ("recommendations", 1, "budget_percent")

    assert _budgets(0, percent)[0] == at_item
    assert set(_budgets(0, percent)) <= {at_item, ("recommendations",)}


# JSON

JSON_FIELDS = [
    (build.submit_intake, "responses"),
    (build.normalize_brief, "brand_guidelines"),
    (build.save_draft, "metadata"),
]

every_json = pytest.mark.parametrize(
    ("command", "field"), JSON_FIELDS, ids=[field for _, field in JSON_FIELDS]
)


def _nested(levels: int) -> dict[str, Any]:
    """Objects and lists in turn, the innermost empty."""
    value: Any = {} if levels % 2 else []
    for level in range(levels - 1, 0, -1):
        value = {"a": value} if level % 2 else [value]
    return dict(value)


def _of_bytes(size: int) -> dict[str, Any]:
    """The last character takes two bytes."""
    return {"a": "x" * (size - len('{"a":""}') - 2) + "\u00e4"}


RIGHT_JSON: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no name": {"": ""},
    "everything": {"a": [1, 1.5, "x", None, True, False, {}, []]},
    "integers of 64 bits": {"least": -(2**63), "greatest": 2**63 - 1},
    "the greatest float": {"float": 1.7976931348623157e308},
    "any character": {"\U0001f600\n": "\x01\u2028"},
    "32 levels": _nested(32),
    "256 KiB": _of_bytes(256 * 1024),
}


@every_json
@pytest.mark.parametrize("value", RIGHT_JSON.values(), ids=RIGHT_JSON)
def test_json_is_an_object_within_limits(
    command: Callable[..., Any], field: str, value: dict[str, Any]
) -> None:
    assert _violations(command(**{field: value})) == []


WRONG_JSON = {
    "a list": [],
    "a text": "x",
    "a number": 1,
    "a boolean": True,
    "an integer of 65 bits": {"a": 2**63},
    "a negative integer of 65 bits": {"a": [-(2**63) - 1]},
    "an integer of 5,000 digits": {"a": 10**5_000},
    "not a number": {"a": NAN},
    "infinity": {"a": INFINITE},
    "negative infinity, deep": {"a": [{"b": -INFINITE}]},
    "NUL": {"a": "\x00"},
    "a high surrogate": {"a": ["\ud800"]},
    "a low surrogate": {"a": {"b": "\udfff"}},
    "NUL in a name": {"\x00": 1},
    "a surrogate in a name": {"\ud800": 1},
    "NUL in a name, deep": {"a": [{"b\x00": 1}]},
    "another object": {"a": object()},
    "33 levels": _nested(33),
    "a byte too many": _of_bytes(256 * 1024 + 1),
}


@every_json
@pytest.mark.parametrize("value", WRONG_JSON.values(), ids=WRONG_JSON)
def test_other_json_is_refused(command: Callable[..., Any], field: str, value: Any) -> None:
    assert _violations(command(**{field: value})) == [(field,)]


def test_json_however_deep_is_refused_without_recursion() -> None:
    assert _violations(build.save_draft(metadata=_nested(100_000))) == [("metadata",)]


def test_the_message_points_into_the_json() -> None:
    value = {"a/b": [0, {"c~d": "\x00"}], "\ud800": 1, "e": 2**63}

    messages = [violation.message for violation in build.save_draft(metadata=value).violations()]

    assert sorted(messages) == [
        "integers must fit in 64 bits, at /e",
        "must not contain NUL (U+0000), at /a~1b/1/c~0d",
        "names must not contain lone surrogates (U+D800 to U+DFFF)",
    ]


@every_json
def test_only_responses_are_needed(command: Callable[..., Any], field: str) -> None:
    if field != "responses":
        assert _violations(command(**{field: None})) == []


# Several at once


def test_every_violation_is_told_in_the_order_of_the_fields() -> None:
    command = build.record_result(
        result_id="",
        draft_id="\x00",
        score=2.0,
        evaluated_at=datetime(2026, 1, 1),  # noqa: DTZ001 - no offset
        issues=(build.issue(section="", reason=""), build.issue(), build.issue(reason=" ")),
        expected_revision=-1,
    )

    with pytest.raises(ValidationFailed) as raised:
        require_valid(command)

    assert [violation.path for violation in raised.value.violations] == [
        ("result_id",),
        ("draft_id",),
        ("score",),
        ("evaluated_at",),
        ("issues", 0, "section"),
        ("issues", 0, "reason"),
        ("issues", 2, "reason"),
        ("expected_revision",),
    ]
    assert all(violation.message for violation in raised.value.violations)


def test_no_more_violations_are_told_than_anybody_would_read() -> None:
    wrong = build.artifact(name="", url="", format="")
    many = build.save_package(artifacts=(wrong,) * 500)
    deep = build.save_draft(metadata={str(n): "\x00" for n in range(10_000)})

    for command, most in ((many, 1_000), (deep, 100)):
        with pytest.raises(ValidationFailed) as raised:
            require_valid(command)
        assert len(raised.value.violations) == most


def test_messages_can_be_sent_whatever_the_input_was() -> None:
    hostile = "\ud800\x00" * 10
    commands: list[Checked] = [
        build.save_draft(draft_id=hostile, title=hostile, metadata={hostile: {hostile: hostile}}),
        build.save_package(artifacts=(build.artifact(url=hostile),)),
    ]

    for command in commands:
        for violation in command.violations():
            violation.message.encode()
            assert "\x00" not in violation.message


def test_a_violation_is_moved_below_another_field() -> None:
    assert Violation(("name",), "m").under("kpis", 0) == Violation(("kpis", 0, "name"), "m")


def test_severities_are_a_closed_set() -> None:
    assert [str(severity) for severity in QcSeverity] == ["CRITICAL", "MAJOR", "MINOR"]


TEXTS = st.sampled_from(
    ["", " ", "a", "é漢", "a\x00", "\ud800", "\udc00", "\n", "a" * 50, "a" * 51, "a" * 501]
)
PARTS = st.one_of(
    st.lists(
        st.builds(
            DeliveryArtifact,
            TEXTS,
            st.sampled_from(["https://example.com/a", "file:///a", "ftp://a", "", "s3://a/\n"])
            | st.integers(2_030, 2_040).map(lambda length: f"https://a.b/{'x' * length}"),
            TEXTS,
        ),
        max_size=4,
    ),
    st.lists(st.builds(QcIssue, st.sampled_from(QcSeverity), TEXTS, TEXTS), max_size=4),
    st.lists(st.builds(Tactic, TEXTS, TEXTS, TEXTS), max_size=4),
    st.lists(st.builds(Milestone, TEXTS, TEXTS), max_size=4),
)


@given(PARTS)
def test_the_parts_of_a_list_break_the_rules_that_they_break_alone(
    parts: list[RuledPart],
) -> None:
    """Though all of them are looked at together first."""
    alone = [
        violation.under("parts", index)
        for index, part in enumerate(parts)
        for violation in part.violations()
    ]

    assert list(validation.items("parts", parts)) == alone
