"""What is read of forms as clients fill them in: markup, wordings of keys, rules and questions."""

import pytest

from orchestration.producers.briefs.fields import Field, field_of
from orchestration.producers.briefs.material import material_of
from tests.producers.forms import material, rules
from tests.producers.pipeline import Pipeline


def test_the_markup_of_rich_text_is_read_as_the_text_that_it_shows() -> None:
    read = material(
        {
            "website": '<a href="https://velo.shop">velo.shop</a>',
            "about": "<p>Velo rents <b>cargo bikes</b> to families &amp; shops.</p><p>We deliver "
            "within 48&nbsp;hours.</p>",
            "benefits": "<ul><li>No repairs</li><li>Insurance included</li></ul>",
            "faq": [{"question": "<p>Is it heavy?</p>", "answer": "<em>No</em>,<br/>it isn't."}],
        }
    )

    assert read.website == "https://velo.shop"
    assert read.description == (
        "Velo rents cargo bikes to families & shops.", "We deliver within 48 hours.",
    )  # fmt: skip
    assert read.benefits == ("No repairs", "Insurance included")
    assert read.questions == (("Is it heavy?", "No, it isn't."),)


def test_what_is_no_markup_of_rich_text_stays() -> None:
    answers = {"about": "Loaves of < 1 kg & > 300 g. <Rye> &c."}

    assert " ".join(material(answers).description) == "Loaves of < 1 kg & > 300 g. <Rye> &c."


def test_a_story_in_the_place_of_the_name_is_a_description_and_no_name() -> None:
    story = (
        "We started in a garage, and then people asked whether they could have a go, so now there "
        "are eleven wheels. We teach throwing."
    )
    made = Pipeline({"company": story})

    assert material_of(made.brief).company == ""
    assert material_of(made.brief).description[-1] == "We teach throwing."
    assert "names" not in rules(made)


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


def test_phrases_are_banned_without_the_quotes_around_them() -> None:
    made = Pipeline(
        {
            "company": "Smile",
            "about": "A perfect smile is quick. We open at eight.",
            "words to avoid": "\"perfect smile\", no 'cheap', „billig“",
            "deliverables": "blog post",
        }
    )

    assert rules(made)["bannedPhrases"] == ["perfect smile", "cheap", "billig"]
    assert "perfect smile" not in made.drafts[0].body


def test_phrases_that_a_long_rule_quotes_are_banned_too() -> None:
    rule = "Please don't call it 'therapy', I got in trouble for that. Don't say 'masterclass'"
    guidelines = rules(Pipeline({"avoid": rule}))

    assert guidelines["bannedPhrases"] == ["therapy", "masterclass"]
    assert guidelines["avoid"] == [rule]


def test_benefits_told_in_sentences_are_parted_though_the_last_has_no_end() -> None:
    read = material({"usp": "Late appointments until 8pm. Free parking. Sedation available"})

    assert read.benefits == (
        "Late appointments until 8pm.", "Free parking.", "Sedation available",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("call", "label", "address"),
    [
        ("Rent now!!! https://velo.shop/rent", "Rent now", "https://velo.shop/rent"),
        (
            "Get your ticket at copperline.beer/tap",
            "Get your ticket",
            "https://copperline.beer/tap",
        ),
        ("Call us at 8 a.m.", "Call us at 8 a.m", "https://rye.shop"),
    ],
)
def test_calls_to_action_lead_where_they_say(call: str, label: str, address: str) -> None:
    made = Pipeline({"cta": call, "website": "rye.shop", "deliverables": "blog post"})

    assert f"[{label}]({address})" in made.drafts[0].body


def test_the_first_of_several_addresses_is_the_website() -> None:
    read = material({"website": "www.mudlark.shop and instagram.com/mudlark"})

    assert read.website == "https://www.mudlark.shop"


def test_questions_in_one_line_each_get_their_answer() -> None:
    read = material({"faq": "Will it last? Five weeks. Do you deliver? Yes, for £8."})

    assert read.questions == (
        ("Will it last?", "Five weeks."), ("Do you deliver?", "Yes, for £8."),
    )  # fmt: skip


def test_a_plan_names_the_answers_that_it_does_not_use() -> None:
    made = Pipeline(
        {
            "company": "Rye",
            "Zielgruppe": "Familien",
            "form": [{"question": "Shoe size?", "answer": "43"}, {"label": "Hat", "value": "-"}],
            "more": {"VAT number": 12, "goal": "Sell 5 loaves", "approved": True},
            "competitors": "Crumb",
        }
    )

    assert (
        "What the brief says under these names isn't used, since they aren't known here: "
        "“Zielgruppe”, “Shoe size?”, “VAT number”." in made.plan.executive_summary
    )
    assert "aren't known here" not in Pipeline({"company": "Rye"}).plan.executive_summary


def test_languages_have_their_own_names_too_and_the_plan_says_what_stays_english() -> None:
    made = Pipeline({"company": "Lindenhof", "language": "Deutsch"})

    assert rules(made)["language"] == "de"
    assert "headings and other words of the drafts' templates are English" in (
        made.plan.executive_summary
    )


def test_calls_to_action_that_are_alternatives_are_several() -> None:
    made = Pipeline({"ask": "Donate £35 / donate furniture / volunteer"})

    assert rules(made)["callsToAction"] == [
        "Donate £35", "donate furniture", "volunteer",
    ]  # fmt: skip


def test_an_audience_that_begins_with_a_name_stays_one() -> None:
    summary = Pipeline({"audience": "Craft beer fans in Leeds"}).plan.executive_summary

    assert "It's planned for this audience: Craft beer fans in Leeds." in summary


def test_a_call_to_action_with_an_address_of_its_own_leads_there() -> None:
    read = material(
        {"website": "rye.shop", "cta": {"text": "Book midweek", "url": "https://rye.shop/midweek"}}
    )

    assert (read.actions, read.website) == (("Book midweek",), "https://rye.shop/midweek")


def test_names_inside_of_known_answers_that_are_not_known_are_told_too() -> None:
    made = Pipeline({"brand voice": {"tone": "calm", "dos": ["mention the sea"]}})

    assert "“dos”" in made.plan.executive_summary


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("What does your company do?", Field.DESCRIPTION),
        ("What is the name of your company?", Field.COMPANY),
        ("What is your company called?", Field.COMPANY),
        ("Your company", Field.COMPANY),
        ("Company size", None),
        ("Who is your ideal client?", Field.AUDIENCE),
        ("What should we want people to know?", Field.MESSAGES),
        ("Who buys it?", Field.AUDIENCE),
        ("launch", Field.START),
        ("launch event ideas", None),
    ],
)
def test_a_name_inside_of_a_longer_key_is_taken_only_where_it_asks_for_that(
    key: str, field: Field | None
) -> None:
    assert field_of(key) is field


def test_what_has_to_be_shown_is_no_phrase_to_write() -> None:
    guidelines = rules(Pipeline({"mandatories": "Equal employer; CQC logo"}))

    assert guidelines["requiredPhrases"] == ["Equal employer"]


def test_messages_that_are_alternatives_are_several() -> None:
    read = material({"headlines": "Soap that never ends / The last bottle you'll buy"})

    assert read.messages == ("Soap that never ends", "The last bottle you'll buy")
