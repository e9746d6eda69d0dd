"""What holds for the plans and drafts of every brief, however strange its words are."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from domain.json_object import JsonObject
from domain.production import Tactic
from domain.qc import QcIssue, QcSeverity
from domain.validation import require_valid
from orchestration.producers.briefs.fields import SYNONYMS, Field
from orchestration.producers.briefs.phrases import clean
from orchestration.producers.drafts.generator import draft_of
from orchestration.producers.drafts.markdown import UNSUBSCRIBE, escaped
from orchestration.producers.qc.facts import numbers_in
from orchestration.producers.qc.registry import BY_ID
from orchestration.producers.qc.text import Text
from tests import builders as build
from tests.producers.pipeline import Pipeline

HOSTILE: Final = (
    "# Heading", "**bold** _it_ `code`", "[a](javascript:alert(1))", "![x](y)",
    "<script>a()</script>", "<b>x</b>", "{{ 7*7 }}", "{% for a in b %}", "{# c #}", "*|FNAME|*",
    "%%name%%", "---", "===",
    "***", "1. one", "- item", "> quote", "+ plus", "~~~", "```", "| a | b |", "|---|---|",
    "&lt;&#35;",
    "\u202eabc\u202c", "\u200b", "שלום עולם", "\u2028x", "a\\", "\\[x]", "x{{{{y}}}}", "{{{%%}}}",
    "http://a.b/(c)<d>", "<!-- c -->", "${x}", "<%= x %>", "\ud7ff", "e\u0301", "😀! Best",
    "\x01\x85",
    "\tcode", "    code", "subject: x", "Sell 30% more", "$XX", "TBD", "lorem ipsum",
)  # fmt: skip
PLAIN: Final = (
    "We bake bread.", "40% rye", "Sell 900 loaves by 1 May", "8 weeks", "3 blog posts, email",
    "LinkedIn posts", "https://www.bakery.shop/a?b=c", "Book a table", "Why? Because.",
    "People who bake",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(PLAIN),
    st.lists(st.sampled_from((*HOSTILE, *PLAIN)), min_size=1, max_size=4).map(" ".join),
    st.lists(st.sampled_from((*HOSTILE, *PLAIN)), min_size=1, max_size=4).map("\n".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
MEMBERS = st.sampled_from(["question", "answer", "name", "by", "url", "alt", "email"])
ANSWERS = st.recursive(
    st.one_of(TEXTS, TEXTS, NUMBERS, st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(MEMBERS, inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from([SYNONYMS[field][0] for field in Field] + ["form", "anything"])
BRIEFS = st.dictionaries(KEYS, ANSWERS, max_size=12)
CHANNELS = st.lists(
    st.one_of(st.sampled_from(["Email", "X", "Podcast", "LinkedIn"]), TEXTS), max_size=4
)

WIDE: Final[dict[str, Any]] = {
    "company": "A " * 10_000,
    "goal": "Sell " * 10_000,
    "audience": "people " * 10_000,
    "key messages": ["word " * 10_000] * 3,
    "description": "This is a sentence. " * 5_000,
    "deliverables": ["blog post"] * 300,
    "banned": "x " * 10_000,
}


@settings(max_examples=60)
@given(BRIEFS, CHANNELS)
@example(WIDE, [])
@example({}, [])
@example({"what is it": {"product": "<b>"}}, ["\u202e", " "])
def test_every_brief_has_one_plan_with_budgets_of_100_percent_and_milestones_in_its_weeks(
    answers: dict[str, Any], channels: list[str]
) -> None:
    made, again = Pipeline(answers, channels), Pipeline(answers, channels)

    plan = made.plan  # making it checks that the commands are valid

    budgets = [Decimal(repr(each.budget_percent)) for each in plan.recommendations or ()]
    assert sum(budgets) == 100
    weeks = [int(milestone.week.removeprefix("Week ")) for milestone in plan.timeline.milestones]
    assert weeks == sorted(weeks)
    assert weeks[0] >= 1
    assert weeks[-1] == plan.timeline.duration_weeks
    assert all(each.tactics for each in plan.recommendations or ())
    assert len(made.tactics) >= 1
    assert (again.understood, again.plan, again.campaign) == (
        made.understood, plan, made.campaign,
    )  # fmt: skip


_ALLOWED: Final = frozenset(
    {"heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "hr",
     "bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close",
     "list_item_open", "list_item_close", "blockquote_open", "blockquote_close"}
)  # fmt: skip
_ALLOWED_INSIDE: Final = frozenset({"text", "link_open", "link_close", "image", "softbreak"})
_TEMPLATE_CODE = re.compile(r"\{\{|\{%|\{#|\*\||%%|<%|\$\{")


def links_of(tokens: list[Token]) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]


def require_no_markup_but_ours(body: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inside = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in tokens} <= _ALLOWED
    assert {token.type for token in inside} <= _ALLOWED_INSIDE
    for address in links_of(inside):
        assert address.startswith(("https://", "http://", "%7B%7Bunsubscribe_url"))
    assert not _TEMPLATE_CODE.search(body.replace(UNSUBSCRIBE, "").replace("\\", ""))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", body)


@settings(max_examples=60)
@given(BRIEFS, CHANNELS)
@example(WIDE, [])
def test_words_of_a_brief_become_neither_markup_nor_template_code_nor_numbers_it_lacks(
    answers: dict[str, Any], channels: list[str]
) -> None:
    made = Pipeline(answers, channels)
    known = numbers_in("\n".join([*made.known, *answers]))

    for tactic, draft in zip(made.tactics[:5], made.drafts, strict=False):
        require_no_markup_but_ours(draft.body)
        require_no_markup_but_ours(escaped(draft.title))
        assert numbers_in(Text(draft.body).plain) <= known
        assert made.draft(tactic) == draft


@settings(max_examples=60)
@given(TEXTS, st.sampled_from(["blog_post", "email", "x_post", "video_script"]))
def test_words_of_guidelines_and_verdicts_become_no_markup_either(text: str, kind: str) -> None:
    guidelines = {
        "requiredPhrases": [text],
        "requiredSections": {kind: [text]},
        "legalLines": [text],
        "callsToAction": [text],
        "utm": {"source": text},
        "language": text,
    }
    issues = tuple(
        QcIssue(
            QcSeverity.MAJOR,
            "Title",
            f"The line “{text}” is missing.",
            benchmark_id=benchmark_id,
        )
        for benchmark_id in BY_ID
    )
    made = Pipeline({"company": "Rye", "website": "rye.shop", "benefits": ["Rye keeps."]})
    subject = replace(
        made.subject(Tactic("X", kind, text.strip() or "Rye")),
        brief=replace(made.brief, brand_guidelines=JsonObject.of(guidelines)),
        verdict=build.result(issues=issues),
    )

    command = draft_of(subject)

    require_valid(command)
    require_no_markup_but_ours(command.body)


@given(st.one_of(TEXTS, st.lists(st.sampled_from("{}%#*|$<>[] "), max_size=12).map("".join)))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert not _TEMPLATE_CODE.search(once)


@given(TEXTS)
def test_an_escaped_text_reads_as_it_was(text: str) -> None:
    text = clean(text)

    for before, after in (("", ""), ("- ", ""), ("Voiceover: ", ""), ("### ", " end"), ("> ", "")):
        [*_, shown] = Text(f"{before}{escaped(text)}{after}").plain.split("\n")
        assert shown == f"{before if before.startswith('V') else ''}{text}{after}".strip()
