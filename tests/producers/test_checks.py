"""Each benchmark finds what it says, and lets pass what is just within its rule."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from domain.qc import QcSeverity
from orchestration.producers.qc.evaluating import evaluated
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.registry import BY_ID, REGISTERED
from tests.producers.checking import draft, finds, found, other

LONG: Final = " ".join(one + other for one in "abcdefghijklm" for other in "nopqrstuvwxyz")
MAIL: Final = {"content_type": "email"}
POST: Final = {"content_type": "social_post"}

CASES: Final[list[tuple[str, bool, str, Mapping[str, Any]]]] = [
    # Form
    (
        "required-sections",
        True,
        "# Bread\n\nText",
        {"guidelines": {"requiredSections": {"blog": ["Prices"]}}},
    ),
    (
        "required-sections",
        False,
        "# Our prices",
        {"guidelines": {"requiredSections": {"blog": ["Prices"]}}},
    ),
    (
        "required-sections",
        False,
        "Text",
        {"guidelines": {"requiredSections": {"email": ["Prices"]}}},
    ),
    ("length", True, "word " * 149, {}),
    ("length", False, "word " * 150, {}),
    ("length", False, "word " * 2500, {}),
    ("length", True, "word " * 2501, {}),
    ("length", True, "word " * 11, {"guidelines": {"length": {"blog_post": [5, 10]}}}),
    ("length", False, "word " * 10, {"guidelines": {"length": {"blog_post": [5, 10]}}}),
    ("length", False, "word", {"content_type": "poster"}),
    ("length", False, "50 %", {"content_type": "poster"}),
    ("length", False, "![](poster.png)", {"content_type": "poster"}),
    ("length", True, "---\nsubject: Bread\n---\n<!-- here -->", {"content_type": "poster"}),
    ("length", True, "***", {"guidelines": {"length": {"blog_post": [0, 10]}}}),
    ("length", True, "a" * 200_001, {"content_type": "poster"}),
    ("heading-order", True, "# A\n\n### B", {}),
    ("heading-order", False, "# A\n\n## B\n\n### C\n\n# D", {}),
    ("heading-order", False, "### A\n\n### B", {}),
    ("heading-order", False, "```\n# A\n\n### B\n```", {}),
    ("call-to-action", True, "Bread takes time. It is worth it.", {}),
    ("call-to-action", False, "Bread takes time. Book a loaf for Saturday.", {}),
    ("call-to-action", False, "Bread takes time. If you like it, order a loaf.", {}),
    ("call-to-action", False, "[Order a loaf](https://bakery.shop)\n\nBread takes time.", {}),
    ("call-to-action", True, "Bread. To unsubscribe, click the link.", {}),
    ("call-to-action", False, "Bread awaits.", {"guidelines": {"callsToAction": ["bread awaits"]}}),
    ("call-to-action", False, "Bread. https://bakery.shop/bread", POST),
    ("call-to-action", False, "Bread.", {"content_type": "poster"}),
    # Wording
    ("placeholders", True, "Lorem ipsum dolor", {}),
    ("placeholders", True, "It costs $XX.", {}),
    ("placeholders", True, "Dear [name],", {}),
    ("placeholders", True, "Dear {{name}},", {}),
    ("placeholders", False, "Dear {{name}},", MAIL),
    ("placeholders", True, "Dear [insert name],", MAIL),
    ("placeholders", False, "[Order a loaf](https://bakery.shop)", {}),
    ("placeholders", False, "[The door opens.] He waits.", {}),
    ("placeholders", False, "Our todo list is short.", {}),
    (
        "banned-phrases",
        True,
        "It is Guilt-Free.",
        {"guidelines": {"bannedPhrases": ["guilt-free"]}},
    ),
    (
        "banned-phrases",
        False,
        "Guilt. Free bread.",
        {"guidelines": {"bannedPhrases": ["guilt-free"]}},
    ),
    ("banned-phrases", False, "A partisan.", {"guidelines": {"bannedPhrases": ["artisan"]}}),
    ("banned-phrases", True, "Artisan bread.", {"guidelines": {"never": ["artisan"]}}),
    (
        "banned-phrases",
        True,
        "We don\u2019t bake.",
        {"guidelines": {"bannedPhrases": ["don't  bake"]}},
    ),
    ("required-phrases", True, "Bread.", {"guidelines": {"requiredPhrases": ["since 2009"]}}),
    (
        "required-phrases",
        False,
        "Bread, since\n2009.",
        {"guidelines": {"requiredPhrases": ["Since 2009"]}},
    ),
    (
        "required-phrases",
        False,
        "Bread.",
        {"guidelines": {"requiredPhrases": {"email": ["since 2009"]}}},
    ),
    ("tone", True, "Bread!", {"guidelines": {"never": ["exclamation marks"]}}),
    ("tone", False, "Bread!", {"guidelines": {}}),
    ("tone", True, "The most tender crumb.", {"guidelines": {"never": ["superlatives"]}}),
    (
        "tone",
        False,
        "Most people like it.",
        {"guidelines": {"never": ["superlatives"]}},
    ),
    ("tone", True, "We don't.", {"guidelines": {"never": ["contractions"]}}),
    ("tone", False, "Ottilie's bread.", {"guidelines": {"never": ["contractions"]}}),
    ("tone", True, "FREE BREAD", {"guidelines": {"never": ["all caps"]}}),
    ("tone", False, "The BBC", {"guidelines": {"never": ["all caps"]}}),
    ("tone", True, "Bread 🍞", {"guidelines": {"never": ["emoji"]}}),
    ("tone", True, "Hungry?", {"guidelines": {"never": ["questions"]}}),
    ("tone", True, "I bake.", {"guidelines": {"never": ["first person singular"]}}),
    ("doubled-words", True, "The the bread.", {}),
    ("doubled-words", True, "of\nof", {}),
    ("doubled-words", False, "He had had bread in Baden Baden.", {}),
    ("repeated-sentences", True, "We bake it every day. Why? We bake it every day.", {}),
    ("repeated-sentences", False, "We bake it daily. We bake it daily.", {}),
    (
        "near-duplicates",
        True,
        LONG,
        {"others": (other(LONG.replace("an", "loaves").replace("gt", "rye")),)},
    ),
    ("near-duplicates", False, LONG, {"others": (other("Quite another text. " * 20),)}),
    ("near-duplicates", False, "Bread takes time.", {"others": (other("Bread takes time."),)}),
    # Language
    (
        "readability",
        True,
        "Organisational complexity necessitates administrative re-evaluation. " * 15,
        {},
    ),
    ("readability", False, "We bake bread. It is good. " * 15, {}),
    ("readability", False, "Organisational complexity necessitates re-evaluation.", {}),
    (
        "readability",
        False,
        "Organisational complexity necessitates administrative re-evaluation. " * 15,
        {"guidelines": {"language": "de"}},
    ),
    ("readability", True, "We bake bread. It is good. " * 15, {"guidelines": {"readingEase": 130}}),
    ("long-sentences", True, f"{'word ' * 41}.", {}),
    ("long-sentences", False, f"{'word ' * 40}.", {}),
    ("spelling", True, "We recieve bread.", {}),
    ("spelling", True, "Recieve bread.", {}),
    ("spelling", False, "We receive bread from Wrenfield.", {}),
    ("spelling", False, "Our colour is grey, and we organise it.", {}),
    ("spelling", True, "Our colour is grey.", {"guidelines": {"language": "en-US"}}),
    ("spelling", False, "We like crumbly zwieback.", {"guidelines": {"names": ["Zwieback"]}}),
    ("spelling", False, "Wir haben Brot.", {"guidelines": {"language": "de-DE"}}),
    (
        "spelling",
        False,
        "Write to ottilie@bakery.shop, @ottilie or #brotzeit, or see bakery.shop/brot.",
        {},
    ),
    ("spelling", False, "It isn\u2019t hers; it\u2019s the baker\u2019s.", {}),
    ("spelling", False, "Wir haben Brot.", {"metadata": {"language": "de"}}),
    # Facts
    ("unsupported-claims", True, "We use 60% rye.", {}),
    ("unsupported-claims", False, "We use 40 percent rye.", {}),
    ("unsupported-claims", True, "Loved by 2,000 customers.", {}),
    ("unsupported-claims", False, "Loved by 2,000 customers.", {"brief": "2000 people come"}),
    ("unsupported-claims", True, "Nine out of ten return.", {}),
    (
        "unsupported-claims",
        False,
        "Loved by 2 million customers.",
        {"guidelines": {"claims": ["2,000,000 of them"]}},
    ),
    (
        "unsupported-claims",
        False,
        "It cost $1,234,567.5.",
        {"guidelines": {"price": 1234567.5}},
    ),
    ("unsupported-claims", False, "Bake it for 45 minutes in 2 tins on 3 May.", {}),
    ("unsupported-claims", False, "We use 60% rye.", {"brief": None}),
    ("unsupported-claims", True, "It costs $4.50.", {}),
    ("unsupported-claims", True, "The #1 bakery in town.", {"brief": "A bakery."}),
    ("past-dates", True, "Join us on 29 November 2026.", {}),
    ("past-dates", False, "Join us on 30 November 2026.", {}),
    ("past-dates", True, "Join us on November 29th, 2026.", {}),
    ("past-dates", True, "Join us by 2026-11-29.", {}),
    ("past-dates", False, "We opened on 3 May 2009.", {}),
    (
        "past-dates",
        True,
        "Join us on 1 December 2026.",
        {"metadata": {"publishDate": "2026-12-02"}},
    ),
    ("impossible-dates", True, "Join us on 30 February 2027.", {}),
    ("impossible-dates", True, "Join us on Monday, 1 December 2026.", {}),
    ("impossible-dates", False, "Join us on Tuesday, 1 December 2026.", {}),
    ("impossible-dates", False, "Join us on 29 February 2028.", {}),
    # Links
    ("links", True, "[Order](order)", {}),
    ("links", True, "[Order]()", {}),
    ("links", True, "[Order](#)", {}),
    ("links", True, "[Order](https://example.com)", {}),
    ("links", True, "[Order](http://bakery)", {}),
    ("links", True, "[Order](http://localhost:8000/)", {}),
    ("links", True, "[Order](javascript:void)", {}),
    ("links", True, "[Down](#prices)", {}),
    ("links", False, "[Down](#our-prices)\n\n# Our prices", {}),
    (
        "links",
        False,
        "[Order](https://bakery.shop) [Call](tel:+15550100) [Write](mailto:a@bakery.shop)",
        {},
    ),
    ("links", False, "[Unsubscribe]({{unsubscribe_url}})", {}),
    ("links", True, '<a href="order.html">Order</a>', {}),
    ("link-text", True, "[here](https://bakery.shop)", {}),
    ("link-text", True, "[Read more!](https://bakery.shop)", {}),
    ("link-text", False, "[Read more about rye](https://bakery.shop)", {}),
    ("utm-parameters", True, "[A](https://b.shop?utm_source=a&utm_medium=email)", {}),
    (
        "utm-parameters",
        True,
        "[A](https://b.shop?utm_source=A&utm_medium=email&utm_campaign=c)",
        {},
    ),
    (
        "utm-parameters",
        False,
        "[A](https://b.shop?utm_source=a&utm_medium=email&utm_campaign=c) [B](https://b.shop)",
        {},
    ),
    (
        "utm-parameters",
        True,
        "[A](https://b.shop?utm_source=a&utm_medium=email&utm_campaign=c) [B](https://b.shop/b?utm_source=a&utm_medium=email&utm_campaign=d)",
        {},
    ),
    (
        "utm-parameters",
        True,
        "[A](https://b.shop?utm_source=a&utm_medium=email&utm_campaign=c)",
        {"others": (other("https://b.shop?utm_campaign=d", same_campaign=True),)},
    ),
    (
        "utm-parameters",
        False,
        "[A](https://b.shop?utm_source=a&utm_medium=email&utm_campaign=c)",
        {"others": (other("https://b.shop?utm_campaign=d"),)},
    ),
    (
        "utm-parameters",
        True,
        "[A](https://b.shop?utm_source=a&utm_medium=email&utm_campaign=c)",
        {"guidelines": {"utm": {"source": "b"}}},
    ),
    # Accessibility
    ("alt-texts", True, "![](https://b.shop/a.jpg)", {}),
    ("alt-texts", True, "![a.jpg](https://b.shop/a.jpg)", {}),
    ("alt-texts", True, '<img src="https://b.shop/a.jpg">', {}),
    ("alt-texts", False, '<img src="https://b.shop/a.jpg" alt="">', {}),
    ("alt-texts", False, "![A round loaf](https://b.shop/a.jpg)", {}),
    ("alt-texts", True, f"![{'a' * 251}](https://b.shop/a.jpg)", {}),
    ("contrast", True, "Text", {"guidelines": {"colors": {"text": "#777", "background": "#fff"}}}),
    (
        "contrast",
        False,
        "Text",
        {"guidelines": {"colors": {"text": "#767676", "background": "#ffffff"}}},
    ),
    ("contrast", True, '<p style="color:#999;background:#fff">a</p>', {}),
    ("contrast", False, '<p style="color:#999">a</p>', {}),
    # Channels
    ("subject-length", True, "Text", MAIL),
    ("subject-length", False, f"---\nsubject: {'a' * 60}\n---\nText", MAIL),
    ("subject-length", True, f"---\nsubject: {'a' * 61}\n---\nText", MAIL),
    ("subject-length", False, "Text", MAIL | {"metadata": {"subject": "Bread"}}),
    ("subject-length", False, "Text", {}),
    ("preheader-length", True, f"---\npreheader: {'a' * 34}\n---\nText", MAIL),
    ("preheader-length", False, f"---\npreheader: {'a' * 35}\n---\nText", MAIL),
    ("preheader-length", False, f"---\npreheader: {'a' * 130}\n---\nText", MAIL),
    ("preheader-length", True, f"---\npreheader: {'a' * 131}\n---\nText", MAIL),
    ("email-weight", True, "a" * 104_500, MAIL),
    ("email-weight", False, "a" * 104_300, MAIL),
    ("unsubscribe", True, "[Order](https://b.shop)", MAIL),
    ("unsubscribe", False, "[Unsubscribe](https://b.shop)", MAIL),
    ("unsubscribe", False, "---\ntransactional: yes\n---\nYour invoice", MAIL),
    ("legal-lines", True, "Text", {"guidelines": {"legalLines": ["A Ltd."]}}),
    ("legal-lines", False, "Text\n\na ltd.", {"guidelines": {"legalLines": ["A Ltd."]}}),
    ("legal-lines", False, "Text", {"guidelines": {"legalLines": {"email": ["A Ltd."]}}}),
    ("social-limits", True, "a" * 281, POST | {"metadata": {"channel": "X"}}),
    ("social-limits", False, "a" * 280, POST | {"metadata": {"channel": "X"}}),
    ("social-limits", True, "a" * 501, {"content_type": "mastodon_post"}),
    ("social-limits", False, "a" * 900, POST),
    ("social-limits", True, "#a " * 6, {"content_type": "instagram_post"}),
    ("social-limits", False, "#a " * 5, {"content_type": "instagram_post"}),
    ("spoken-length", True, f"---\nduration: 60\n---\n{'word ' * 161}", {"content_type": "video"}),
    ("spoken-length", False, f"---\nduration: 60\n---\n{'word ' * 160}", {"content_type": "video"}),
    (
        "spoken-length",
        False,
        f"Visual: {'word ' * 300}",
        {"content_type": "video", "metadata": {"duration": 60}},
    ),
    ("spoken-length", True, "word " * 300, {"content_type": "video", "metadata": {"duration": 60}}),
]


@pytest.mark.parametrize(
    ("benchmark_id", "is_found", "body", "changes"),
    CASES,
    ids=[f"{name}-{index}" for index, (name, *_) in enumerate(CASES)],
)
def test_a_benchmark_finds_what_breaks_its_rule_and_nothing_else(
    benchmark_id: str, is_found: bool, body: str, changes: Mapping[str, Any]
) -> None:
    assert finds(benchmark_id, body, **changes) is is_found


def test_every_benchmark_has_cases_of_both_kinds() -> None:
    assert {(name, is_found) for name, is_found, *_ in CASES} == {
        (name, is_found) for name in BY_ID for is_found in (True, False)
    }


def test_benchmarks_are_described_with_their_sources() -> None:
    assert len(BY_ID) == len(REGISTERED)
    for registered in REGISTERED:
        described = registered.benchmark
        assert re.fullmatch("[a-z]+(-[a-z]+)*", described.benchmark_id)
        assert described.name
        assert described.description.endswith(".")
        assert described.source
        assert set(described.content_types) <= set(Kind)


def test_an_issue_names_its_section_and_what_to_do() -> None:
    [finding] = found(
        "spelling", draft("# Flour\n\n## Rye\n\nIt comes on Teusday morning, in sakcs.")
    )

    assert finding.section == "Rye"
    assert finding.reason == "“sakcs” isn't in the dictionary."
    assert "“sacks”" in finding.hint
    assert finding.severity is QcSeverity.MINOR


@pytest.mark.parametrize(
    ("word", "suggested"),
    [
        ("recieve", "“receive” or “relieve”"),
        ("accomodate", "“accommodate”"),
        ("definately", "“definitely”"),
        ("seperately", "“separately”"),
        ("enviroment", "“environment”"),
        ("alot", "“a lot” or “alto”"),
    ],
)
def test_a_misspelt_word_comes_with_what_was_probably_meant(word: str, suggested: str) -> None:
    [finding] = found("spelling", draft(f"We {word} bread."))

    assert finding.hint.startswith(f"Did you mean {suggested}?")


def test_a_rude_word_is_suggested_to_nobody() -> None:
    [finding] = found("spelling", draft("We slutt bread."))

    assert "slut" not in finding.hint


def test_a_word_that_is_hardly_meant_comes_with_the_one_that_is() -> None:
    [finding] = found("spelling", draft("We cant bake."))

    assert finding.hint == "Did you mean “can't”?"


@pytest.mark.parametrize("word", ["zorblatt", "untermstrich"])
def test_a_word_that_is_like_no_other_comes_without_a_guess(word: str) -> None:
    """It would take a tenth of a second to compare it with all words, and to find nonsense."""
    [finding] = found("spelling", draft(f"We like {word} a lot."))

    assert finding.hint.startswith("If it's a name")


def test_a_long_subject_is_less_bad_than_none() -> None:
    [absent] = found("subject-length", draft(content_type="email"))
    [long] = found("subject-length", draft(content_type="email", metadata={"subject": "a" * 61}))

    assert (absent.severity, long.severity) == (QcSeverity.MAJOR, QcSeverity.MINOR)


ABOUT_LENGTH: Final[list[tuple[str, Mapping[str, Any], QcSeverity]]] = [
    ("word " * 149, {}, QcSeverity.MAJOR),
    ("word " * 38, {}, QcSeverity.MAJOR),
    ("word " * 37, {}, QcSeverity.CRITICAL),
    ("word", {}, QcSeverity.CRITICAL),
    ("![](loaf.png)", MAIL, QcSeverity.CRITICAL),
    ("Bread today", POST, QcSeverity.MAJOR),
    ("#bread https://bakery.shop", POST, QcSeverity.CRITICAL),
    ("word " * 5, {"guidelines": {"length": {"blog_post": [20, 30]}}}, QcSeverity.MAJOR),
    ("word " * 4, {"guidelines": {"length": {"blog_post": [20, 30]}}}, QcSeverity.CRITICAL),
    ("<!-- here -->", {"content_type": "poster"}, QcSeverity.CRITICAL),
    ("パンは時間がかかります。" * 10, {}, QcSeverity.MAJOR),
    ("パンは時間がかかります。", {}, QcSeverity.CRITICAL),
    ("a " * 100_001, {}, QcSeverity.MAJOR),
]


@pytest.mark.parametrize(("body", "changes", "severity"), ABOUT_LENGTH)
def test_a_draft_of_less_than_a_quarter_of_the_least_fails_whatever_its_score(
    body: str, changes: Mapping[str, Any], severity: QcSeverity
) -> None:
    evaluation = evaluated(draft(body, **changes), ["length"], 0.0)

    assert [it.severity for it in evaluation.findings] == [severity]
    assert evaluation.passed is (severity is not QcSeverity.CRITICAL)


def test_front_matter_goes_before_metadata() -> None:
    body = f"---\nsubject: {'a' * 61}\n---\nText"

    assert finds("subject-length", body, content_type="email", metadata={"subject": "Bread"})


def test_what_isnt_as_documented_in_the_guidelines_is_ignored() -> None:
    strange: dict[str, Any] = {
        "never": 1,
        "bannedPhrases": {"a": 1},
        "requiredPhrases": [None],
        "length": [9, 3],
        "colors": "red",
        "legalLines": {"all": {"a": 1}},
        "utm": [1],
        "readingEase": "high",
        "language": 7,
        "names": True,
        "requiredSections": "x",
        "claims": 3.5,
        "callsToAction": {},
    }
    enormous: dict[str, Any] = {"readingEase": 10**400, "length": {"all": [0, 10**400]}}

    for registered in REGISTERED:
        name = registered.benchmark.benchmark_id
        for guidelines in (strange, enormous):
            assert finds(name, "Bread.", guidelines=guidelines) is finds(name, "Bread.")


def test_too_many_hashtags_are_less_bad_than_a_post_that_is_too_long() -> None:
    [hashtags] = found("social-limits", draft("#a " * 6, content_type="instagram_post"))
    [length] = found("social-limits", draft("a" * 2201, content_type="instagram_post"))

    assert (hashtags.severity, length.severity) == (QcSeverity.MINOR, QcSeverity.CRITICAL)
