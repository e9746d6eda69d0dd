"""The strategy plan as a PDF: what it shows, for whom it's made, and that content is only text."""

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.json_object import JsonObject
from domain.onboarding import BriefScope
from domain.strategy import ApprovalState, Kpi, Milestone, StrategyTimeline
from orchestration.producers.drafts.generator import draft_of
from orchestration.producers.packager import pdf as module
from orchestration.producers.packager.errors import DocumentFailed
from orchestration.producers.packager.glyphs import CHARACTERS, INSTEAD, displayable
from orchestration.producers.packager.strategy import strategy_content
from orchestration.producers.ports import DraftSubject
from tests import builders as build
from tests.producers.packager.packages import pdf, pdf_text, subject

NOTE = "stands for a character"
CODE = r'#import "x" #panic("no") $x$ \u{41} *bold* _it_ <label> @ref https://a.example // note'


def test_the_plan_is_told_in_the_words_of_the_brief_the_plan_and_the_campaign() -> None:
    made = subject(
        brief={"responses": JsonObject.of({"Company name": " Oak & Rye "})},
        plan={
            "executive_summary": "First thought.\n\nSecond thought.",
            "kpis": (Kpi("orders", 3000.0, "%", 56), Kpi("cost", 18.5, "EUR", 30)),
            "timeline": StrategyTimeline(12, (Milestone("launch", "3"),)),
        },
    )

    text = pdf_text(made)
    first = pdf(made).pages[0].extract_text()

    assert "Spring bread" in first
    assert "Oak & Rye" in first
    assert "Version 3, approved" in first
    for told in (
        "First thought. Second thought.",
        "be known in town",
        "people who bake",
        "landing page",
        "orders 3,000% 8 weeks",
        "cost 18.5 EUR 30 days",
        "search 12.5%",
        "Not assigned yet 75%",
        "It reaches them.",
        "brand words",
        "Week 3 launch",
        "12 weeks",
        "search Ad first week",
    ):
        assert told in text


def test_a_plan_with_nothing_in_it_is_a_document_too() -> None:
    made = subject(
        brief={"scope": None, "objectives": (), "target_audience": None},
        plan={
            "executive_summary": " ",
            "kpis": (),
            "timeline": StrategyTimeline(1),
            "recommendations": None,
            "approval": ApprovalState.PENDING,
            "decided_at": None,
        },
        campaign={"tactics": None},
    )

    assert "1 week." in pdf_text(made)


def test_content_is_text_and_never_code() -> None:
    made = subject(
        brief={
            "objectives": (CODE,),
            "target_audience": CODE,
            "scope": BriefScope((CODE,), (CODE,), 1),
            "responses": JsonObject.of({"company": CODE}),
        },
        plan={
            "executive_summary": CODE,
            "kpis": (Kpi(CODE, 1.0, CODE, 1),),
            "timeline": StrategyTimeline(1, (Milestone(CODE, CODE),)),
            "recommendations": (build.recommendation(CODE, rationale=CODE, tactics=(CODE,)),),
        },
        campaign={"name": CODE, "tactics": (build.tactic(CODE, channel=CODE, content_type=CODE),)},
    )

    # Each of them stands at least once where it isn't parted by the end of a line.
    assert pdf_text(made).count('#import "x" #panic("no") $x$') > 10
    assert pdf(made).metadata.title == CODE  # type: ignore[union-attr]


def test_it_is_tagged_for_those_who_do_not_see_and_fit_for_archives() -> None:
    reader = pdf(subject(brief={"brand_guidelines": JsonObject.of({"language": "pt-BR"})}))
    root: Any = reader.trailer["/Root"]
    described = ET.fromstring(root["/Metadata"].get_data())

    def said(name: str) -> set[str | None]:
        return {each.text for each in described.iter() if each.tag.endswith(name)}

    assert root["/MarkInfo"]["/Marked"].value
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "pt-BR"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert said("ua/ns/id/}part") == {"1"}
    assert said("pdfa/ns/id/}part") == {"2"}
    assert said("}conformance") == {"A"}


def test_tables_go_on_with_their_headings_and_pages_have_numbers() -> None:
    kpis = tuple(Kpi(f"measure {number}", 1.0, "", 7) for number in range(80))
    pages = [page.extract_text() for page in pdf(subject(plan={"kpis": kpis})).pages]

    assert sum("MEASURE" in page for page in pages) > 1
    assert all(f"{number} / {len(pages)}" in page for number, page in enumerate(pages[1:], 2))


def test_characters_that_the_fonts_lack_are_replaced_and_it_says_so() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    lacking = subject(plan={"executive_summary": f"Launch \U0001f680 with 中文 and {family}."})

    assert f"Launch {INSTEAD} with {INSTEAD}{INSTEAD} and {INSTEAD}." in pdf_text(lacking)
    assert NOTE in pdf_text(lacking)
    assert NOTE not in pdf_text(subject(plan={"executive_summary": f"Ελλάς {INSTEAD}"}))


def test_every_character_that_is_kept_has_a_glyph_in_every_style() -> None:
    kept = re.findall(f"[{CHARACTERS}]", "".join(map(chr, range(0x20, 0x10000))))
    shown = tuple(" ".join(kept[at : at + 300]) for at in range(0, len(kept), 300))
    brief, plan, campaign = _parts()
    content = strategy_content(
        replace(brief, objectives=shown),  # upright
        replace(plan, recommendations=tuple(map(build.recommendation, shown))),  # bold
        campaign,
    )

    module._compile_once(module.shown_plan(content))


def test_a_letter_with_an_accent_that_no_font_has_loses_the_accent() -> None:
    odd = "q" + "\u0489" + "\u05b8" + " is odd"

    assert "is odd" in pdf_text(subject(plan={"executive_summary": odd}))


def test_what_typst_refuses_is_told_as_a_failure() -> None:
    content = {**strategy_content(*_parts()), "month": 13}

    with pytest.raises(DocumentFailed, match="month is invalid"):
        module.pdf_of(module.shown_plan(content))


@pytest.mark.parametrize(
    ("responses", "name"),
    [
        ({"brand": "Bea", "companyName": "Cob Ltd."}, "Bea"),
        ({"companyName": "Cob Ltd.", "brand": "Bea"}, "Cob Ltd"),
        ({"Client_Name": "Dot"}, "Dot"),
        ({"What is your company called?": "Eve"}, "Eve"),
        ({"about you": {"company": {"name": "Fay"}}}, "Fay"),
        ({"form": [{"question": "Your brand", "answer": "Gus"}]}, "Gus"),
        ({"company": 4711}, "4711"),
        ({"company": "n/a", "brand": "Hal"}, "Hal"),
        ({"company": "We are a bakery. " * 9, "goal": "more"}, None),
        ({"company": "We began in a garage, and now we are here.", "goal": "more"}, None),
        ({"company": " ", "goal": "more"}, None),
        ({"goal": "more"}, None),
    ],
)
def test_the_client_is_called_as_in_drafts(responses: dict[str, object], name: str | None) -> None:
    brief, plan, campaign = _parts()
    brief = replace(brief, responses=JsonObject.of(responses))
    subject = DraftSubject(
        brief=brief, plan=plan, campaign=campaign, tactic=build.tactic(content_type="landing_page")
    )

    assert strategy_content(brief, plan, campaign)["client"] == name
    assert name is None or name in draft_of(subject).body


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@settings(max_examples=12)
@given(texts, texts, texts)
def test_any_text_makes_a_document_and_the_same_one_twice(one: str, two: str, three: str) -> None:
    brief, plan, campaign = _parts()
    recommendation = build.recommendation(one or "-", rationale=two, tactics=(three,))
    content = strategy_content(
        replace(brief, objectives=(one, two), target_audience=three),
        replace(plan, executive_summary=one, recommendations=(recommendation,)),
        replace(campaign, name=two or "-", tactics=(build.tactic(three or "-"),)),
    )

    plan = module.shown_plan(content)

    assert module._compile(plan) == module._compile(plan)


@given(texts)
def test_what_is_displayed_is_displayed_as_it_is(text: str) -> None:
    assert displayable(displayable(text)) == displayable(text)


def _parts() -> tuple[Any, Any, Any]:
    made = subject()
    return made.brief, made.plan, made.campaign
