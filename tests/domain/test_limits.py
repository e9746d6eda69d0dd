"""Commands keep to limits: each is tested on both sides, with each violation at its field."""

from collections.abc import Callable
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
from domain.strategy import Milestone
from domain.validation import Checked, RuledPart, require_valid
from tests import builders as build
from tests.domain.commands import (
    INFINITE,
    NAN,
    Path,
    every_command,
    kpi,
    milestone,
    timeline,
    violations,
)


@every_command
def test_a_complete_command_is_valid(command: Callable[..., Any]) -> None:
    assert violations(command()) == []


@every_command
@pytest.mark.parametrize("revision", [None, 0, 1, 10**9])
def test_a_revision_may_be_expected(command: Callable[..., Any], revision: int | None) -> None:
    assert violations(command(expected_revision=revision)) == []


@every_command
def test_no_revision_is_negative(command: Callable[..., Any]) -> None:
    assert violations(command(expected_revision=-1)) == [("expected_revision",)]


# Lists


@pytest.mark.parametrize(
    ("command", "change", "path"),
    [
        (build.save_plan, lambda n: {"kpis": (kpi(),) * n}, ("kpis",)),
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
            lambda n: timeline(milestones=(milestone(),) * n),
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
    assert violations(command(**change(0))) == []
    assert violations(command(**change(500))) == []
    assert violations(command(**change(501))) == [path]


# Numbers


@pytest.mark.parametrize(
    ("command", "change", "path"),
    [
        (build.save_plan, lambda n: {"version": n}, ("version",)),
        (build.save_plan, lambda n: timeline(duration_weeks=n), ("timeline", "duration_weeks")),
        (
            build.save_plan,
            lambda n: {"kpis": (kpi(timeframe_days=n),)},
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
        assert violations(command(**change(fine))) == []
    for wrong in (0, -1, 2**31, -(2**63)):
        assert violations(command(**change(wrong))) == [path]


def test_a_scope_and_a_plan_need_no_number() -> None:
    assert violations(build.save_plan(version=None)) == []
    assert violations(build.normalize_brief(scope=BriefScope(timeline_weeks=None))) == []


@pytest.mark.parametrize("score", [0, 0.0, -0.0, 5e-324, 0.5, 1, 1.0])
def test_a_score_is_from_0_to_1(score: float) -> None:
    assert violations(build.record_result(score=score)) == []


@pytest.mark.parametrize("score", [-5e-324, -1, 1.0000000000000002, 1.2, NAN, INFINITE, -INFINITE])
def test_another_is_no_score(score: float) -> None:
    assert violations(build.record_result(score=score)) == [("score",)]


@pytest.mark.parametrize("value", [0.0, -1.5, 1e308, -1e308])
def test_a_target_is_any_finite_number(value: float) -> None:
    assert violations(build.save_plan(kpis=(kpi(target_value=value),))) == []


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
def test_another_is_no_target(value: float) -> None:
    command = build.save_plan(kpis=(kpi(), kpi(target_value=value)))

    assert violations(command) == [("kpis", 1, "target_value")]


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
    assert violations(command(**{field: time})) == []


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
    assert violations(command(**{field: time})) == [(field,)]


# Budgets


def _budgets(*percents: float) -> list[Path]:
    recommendations = tuple(build.recommendation(budget_percent=it) for it in percents)
    return violations(build.save_plan(recommendations=recommendations))


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
            name=TEXTS,
            url=st.sampled_from(["https://example.com/a", "file:///a", "ftp://a", "", "s3://a/\n"])
            | st.integers(2_030, 2_040).map(lambda length: f"https://a.b/{'x' * length}")
            | st.none(),
            format=TEXTS,
            file_id=st.none() | st.sampled_from(["a", " a", "a\n", "", "a" * 200, "a" * 201]),
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
