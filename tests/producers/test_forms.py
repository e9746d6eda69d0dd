"""What is read of forms as clients fill them in: in prose, with markup, in odd numbers and notes."""

from typing import Any

import pytest

from orchestration.producers.briefs.fields import Field, field_of
from orchestration.producers.briefs.material import Material, material_of
from orchestration.producers.briefs.money import budget_of
from orchestration.producers.strategy.objectives import target_in
from tests.producers.pipeline import Pipeline, intake


def material(answers: dict[str, Any]) -> Material:
    return material_of(Pipeline(answers).brief)


def budget(answer: object) -> str:
    return str(budget_of(intake({"budget": answer})))


# Markup


def test_the_markup_of_rich_text_is_read_as_the_text_that_it_shows() -> None:
    found = material(
        {
            "website": '<a href="https://velo.shop">velo.shop</a>',
            "about": "<p>Velo rents <b>cargo bikes</b> to families &amp; shops.</p><p>We deliver "
            "within 48&nbsp;hours.</p>",
            "benefits": "<ul><li>No repairs</li><li>Insurance included</li></ul>",
            "faq": [{"question": "<p>Is it heavy?</p>", "answer": "<em>No</em>,<br/>it isn't."}],
        }
    )

    assert found.website == "https://velo.shop"
    assert found.description == (
        "Velo rents cargo bikes to families & shops.", "We deliver within 48 hours.",
    )  # fmt: skip
    assert found.benefits == ("No repairs", "Insurance included")
    assert found.questions == (("Is it heavy?", "No, it isn't."),)


def test_what_is_no_markup_of_rich_text_stays() -> None:
    answers = {"about": "Loaves of < 1 kg & > 300 g. <Rye> &c."}

    assert " ".join(material(answers).description) == "Loaves of < 1 kg & > 300 g. <Rye> &c."


# Numbers


@pytest.mark.parametrize(
    ("answer", "amount"),
    [
        ("8.500 €", "8,500 EUR"),
        ("1.250.000,00 EUR", "1,250,000 EUR"),
        ("CHF 20'000", "20,000 CHF"),
        ("3 500 €", "3,500 EUR"),
        ("€2.50 a head", "2.5 EUR"),
        ("ca. 20k", "20,000"),
        ({"media": 30000, "total": 45000, "currency": "EUR"}, "45,000 EUR"),
        ({"media": 30000, "currency": "EUR"}, "30,000 EUR"),
    ],
)
def test_budgets_are_read_in_the_numbers_of_all_countries(answer: object, amount: str) -> None:
    assert budget(answer) == amount


def test_a_budgets_parts_are_no_channels() -> None:
    made = Pipeline({"budget": {"total": 9000, "media": 5000}, "channels": ["LinkedIn"]})

    assert material_of(made.brief).channels == ("LinkedIn",)


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        ("3.000 Abonnenten für das Abo", (3000, "Abonnenten")),
        ("500 neue Gäste bis März", (500, "neue Gäste")),
        ("Raise the rating from 4.1 to 4.5 stars", (4.5, "stars")),
    ],
)
def test_targets_are_read_with_all_letters_of_their_units(
    objective: str, target: tuple[float, str]
) -> None:
    assert target_in(objective) == target


# Who it is, and whom it speaks to


def test_a_story_in_the_place_of_the_name_is_a_description_and_no_name() -> None:
    story = (
        "We started in a garage, and then people asked whether they could have a go, so now there "
        "are eleven wheels. We teach throwing."
    )
    made = Pipeline({"company": story})

    assert material_of(made.brief).company == ""
    assert material_of(made.brief).description[-1] == "We teach throwing."
    assert "names" not in made.understood.brand_guidelines


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("Tell us about your business", Field.DESCRIPTION),
        ("Practice name", Field.COMPANY),
        ("studio_name", Field.COMPANY),
        ("What is your company's name?", Field.COMPANY),
        ("What are your customers' main concerns?", Field.PROBLEMS),
        ("Your customer's favourite colour", None),
        ("Who are you trying to reach?", Field.AUDIENCE),
        ("What would you like to achieve?", Field.OBJECTIVES),
        ("Who Is The Campaign For?", Field.AUDIENCE),
        ("Where should this run?", Field.CHANNELS),
        ("How much do you want to spend?", Field.BUDGET),
        ("When does it start?", Field.START),
        ("When does it end?", Field.DEADLINE),
        ("Why should anyone care?", Field.BENEFITS),
        ("how_should_we_sound", Field.TONE),
        ("dont_use", Field.BANNED),
        ("What content do you need?", Field.DELIVERABLES),
        ("What are you promoting?", Field.PRODUCT),
        ("Timescale", Field.TIMELINE),
        ("Contact name", Field.INTERNAL),
    ],
)
def test_keys_are_understood_as_forms_ask(key: str, field: Field | None) -> None:
    assert field_of(key) is field


def test_details_of_an_audience_keep_their_names_and_are_for_the_agency_alone() -> None:
    made = Pipeline(
        {
            "company": "Velo",
            "about": "Velo rents bikes.",
            "deliverables": "landing page",
            "audience": {"age": "30-45", "location": ["Oslo", "Bergen"], "kids": True},
        }
    )

    assert made.understood.target_audience == "age: 30-45; location: Oslo, Bergen; kids"
    assert "Oslo" not in made.drafts[0].body
    assert "It's planned for this audience: age: 30-45; location: Oslo, Bergen; kids." in (
        made.plan.executive_summary
    )


@pytest.mark.parametrize(
    "audience", ["Beer fans 25-45 in Leeds", "Makers (50-500 employees)", "primary: Buyers"]
)
def test_audiences_in_the_words_of_targeting_are_in_no_draft(audience: str) -> None:
    made = Pipeline({"company": "Rye", "audience": audience, "deliverables": "blog post"})

    assert "Who it is for" not in made.drafts[0].body


# Rules, and notes


def test_phrases_are_banned_without_the_quotes_around_them() -> None:
    made = Pipeline(
        {
            "company": "Smile",
            "about": "A perfect smile is quick. We open at eight.",
            "words to avoid": "\"perfect smile\", no 'cheap', „billig“",
            "deliverables": "blog post",
        }
    )

    assert made.understood.brand_guidelines["bannedPhrases"] == ["perfect smile", "cheap", "billig"]
    assert "perfect smile" not in made.drafts[0].body


def test_phrases_that_a_long_rule_quotes_are_banned_too() -> None:
    rule = "Please don't call it 'therapy' because I got in trouble for that. Don't say 'masterclass'"
    guidelines = Pipeline({"avoid": rule}).understood.brand_guidelines

    assert guidelines["bannedPhrases"] == ["therapy", "masterclass"]
    assert guidelines["avoid"] == [rule]


@pytest.mark.parametrize(
    "note",
    [
        "(Please don't use names or photos.)",
        "Please do not mention the landlord.",
        "Not for publication.",
        "NB: check with the lawyer.",
    ],
)
def test_what_is_said_to_the_agency_is_in_no_draft(note: str) -> None:
    made = Pipeline(
        {
            "company": "Trust",
            "case study": f"A family got a table last spring. {note}",
            "deliverables": "blog post",
        }
    )

    assert "A family got a table last spring." in made.drafts[0].body
    assert note.strip("()") not in made.drafts[0].body


def test_a_polite_word_to_readers_stays() -> None:
    answers = {"about": "Please drink responsibly. Please do not feed the goats."}

    assert len(material(answers).description) == 2
