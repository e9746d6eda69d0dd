"""Keys, texts and URLs of commands keep to limits, each tested on both sides."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import validation
from domain.onboarding import BriefScope
from tests import builders as build
from tests.domain.commands import Path, kpi, milestone, timeline, violations, within

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
    assert violations(command(**{field: key})) == []


@every_key
@pytest.mark.parametrize(
    "key",
    [
        *("", " ", "\u2003", "k" * 201, " k", "k ", "\u00a0k", "k\u2028"),
        *("k\tk", "k\nk", "k\x00", "k\x1bk", "k\x7f", "k\x85k", "\ud83d", "k\udfff"),
    ],
)
def test_another_is_no_key(command: Callable[..., Any], field: str, key: str) -> None:
    assert violations(command(**{field: key})) == [(field,)]


@pytest.mark.parametrize(
    ("command", "field"), OPTIONAL_KEYS, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_entitys_own_key_may_be_absent(command: Callable[..., Any], field: str) -> None:
    assert violations(command(**{field: None})) == []


# Texts


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
    (build.save_plan, "kpis", kpi, "name", 500, False),
    (build.save_plan, "kpis", kpi, "unit", 500, True),
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
        (command, within(name, items, field), (name, 1, field), limit, blank)
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
        lambda value: timeline(milestones=(milestone(), milestone(name=value))),
        ("timeline", "milestones", 1, "name"),
        500,
        False,
    ),
    (
        build.save_plan,
        lambda value: timeline(milestones=(milestone(week=value),)),
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
    def broken(text: str) -> list[Path]:
        return violations(command(**change(text)))

    for fine in ("x" * limit, "\U0001f600" * limit, " a\tb\r\nc ", "\x01", "\u0301"):
        assert broken(fine) == []
    for wrong in ("x" * (limit + 1), "a\x00b", "\ud800", "x\udc00\ud800"):
        assert broken(wrong) == [path]
    for blank in ("", " ", "\t\n\u00a0\u3000"):
        assert broken(blank) == ([] if may_be_blank else [path])


def test_an_artifact_has_a_name_too() -> None:
    def broken(name: str) -> list[Path]:
        artifact = build.artifact(name=name, url="https://files.example/x")
        return violations(build.save_package(artifacts=(artifact,)))

    assert broken("x" * 500) == []
    assert broken("x" * 501) == broken(" ") == [("artifacts", 0, "name")]


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
    assert violations(build.save_package(artifacts=(build.artifact(url=url),))) == []


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

    assert violations(command) == [("artifacts", 1, "url")]


@given(st.from_regex(validation._PLAIN_URL, fullmatch=True))
def test_what_is_told_of_plain_urls_at_once_is_so(url: str) -> None:
    assert validation._has_all_of_a_url(url)


@pytest.mark.parametrize("code", range(0x180))
def test_keys_have_no_control_characters(code: int) -> None:
    is_control = unicodedata.category(chr(code)) == "Cc"

    broken = violations(build.save_package(package_id=f"a{chr(code)}b"))

    assert broken == [("package_id",)] * is_control
