"""What is read of forms as clients fill them in: in prose, markup, odd numbers and notes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.qc import QcSeverity
from orchestration.producers.briefs.durations import days_named
from orchestration.producers.briefs.fields import Field, field_of
from orchestration.producers.briefs.material import Material, material_of
from orchestration.producers.briefs.money import budget_of
from orchestration.producers.strategy.channels import deliverable_of, deliverables_in
from orchestration.producers.strategy.objectives import indicators_of, target_in
from tests.producers.checking import draft, found
from tests.producers.pipeline import Pipeline, intake


def material(answers: dict[str, Any]) -> Material:
    return material_of(Pipeline(answers).brief)


def rules(made: Pipeline) -> Mapping[str, Any]:
    return made.understood.brand_guidelines or {}


def budget(answer: object) -> str:
    return str(budget_of(intake({"budget": answer})))


# Markup


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
        ("€1,200.50 in revenue", (1200.5, "EUR")),
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


@pytest.mark.parametrize(
    "audience", ["Beer fans 25-45 in Leeds", "Makers (50-500 employees)", "primary: Buyers"]
)
def test_audiences_in_the_words_of_targeting_are_in_no_draft(audience: str) -> None:
    made = Pipeline({"company": "Rye", "audience": audience, "deliverables": "blog post"})

    assert "Who it is for" not in made.drafts[0].body


def test_several_audiences_are_several_sentences() -> None:
    made = Pipeline(
        {"company": "Rye", "audience": ["Couples", "Remote workers"], "deliverables": "blog post"}
    )

    assert "## Who it is for\n\nCouples. Remote workers.\n" in made.drafts[0].body


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

    assert rules(made)["bannedPhrases"] == ["perfect smile", "cheap", "billig"]
    assert "perfect smile" not in made.drafts[0].body


def test_phrases_that_a_long_rule_quotes_are_banned_too() -> None:
    rule = "Please don't call it 'therapy', I got in trouble for that. Don't say 'masterclass'"
    guidelines = rules(Pipeline({"avoid": rule}))

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


# Pieces


def deliverables(text: str) -> tuple[str, ...]:
    return Pipeline({"deliverables": text}).understood.scope.deliverables


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "1 landing page, 2 emails to patients, 1 video (45 seconds) for our waiting room",
            ("1 landing page", "2 emails to patients", "1 video (45 seconds) for our waiting room"),
        ),
        ("newsletter and a reel", ("newsletter", "a reel")),
        ("Facebook + Instagram posts x6", ("Facebook + Instagram posts x6",)),
        ("Instagram,Facebook,newsletter", ("Instagram", "Facebook", "newsletter")),
        ("A video script and storyboard", ("A video script and storyboard",)),
        (
            "I don't know, I thought maybe 3 emails and something for Instagram, or even a TikTok.",
            ("3 emails", "Instagram", "TikTok"),
        ),
    ],
)  # fmt: skip
def test_pieces_are_told_apart_however_they_are_listed(text: str, parts: tuple[str, ...]) -> None:
    assert deliverables(text) == parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("Instagram posts x6", 6), ("5x Instagram", 5), ("blog posts (800-1000 words)", 1)],
)
def test_pieces_are_counted_however_that_is_written(text: str, pieces: int) -> None:
    assert deliverable_of(text).pieces == pieces


def test_advertising_that_is_out_of_scope_takes_no_channel_away() -> None:
    made = Pipeline({"deliverables": "2 Instagram posts", "out of scope": "Instagram ads"})

    assert [each.channel for each in made.tactics] == ["Instagram", "Instagram"]


def test_what_is_for_one_network_is_on_no_other() -> None:
    made = Pipeline({"deliverables": "2 Instagram posts, email"}, ["Email", "Facebook"])

    assert "None of the channels takes “2 Instagram posts”." in made.plan.executive_summary
    facebook = (made.plan.recommendations or ())[1]
    assert "Instagram" not in facebook.rationale


# Objectives


def test_an_objective_of_two_verbs_is_two() -> None:
    made = Pipeline({"goal": "Raise £60,000 by 24 December and recruit 50 van volunteers"})

    assert [(each.name, each.target_value, each.unit) for each in made.plan.kpis] == [
        ("Result: Raise £60,000 by 24 December", 60_000, "GBP"),
        ("Applications", 50, "van volunteers"),
    ]


@pytest.mark.parametrize(
    "goal", ["Launch and grow the club", "Book tables and covers", "Explain bread and why it's rye"]
)
def test_an_objective_of_one_sentence_stays_one(goal: str) -> None:
    assert Pipeline({"goal": goal}).understood.objectives == (goal,)


def test_a_target_for_each_month_is_measured_by_the_month() -> None:
    made = Pipeline({"goal": "Get 40 consultations per month", "weeks": 8})

    assert [(each.target_value, each.timeframe_days) for each in made.plan.kpis] == [(40, 30)]


@pytest.mark.parametrize(
    ("objective", "name"),
    [
        ("Generate 120 MQLs in Q1", "Leads"),
        ("Increase demo-to-trial conversion from 18% to 25%", "Conversions"),
        ("Be the thought leader in accuracy", "Result: Be the thought leader in accuracy"),
    ],
)
def test_objectives_are_measured_by_what_they_are_about(objective: str, name: str) -> None:
    assert [each.kpi.name for each in indicators_of([objective], 56)] == [name]


# What a piece says


def test_a_piece_without_names_is_named_after_the_website() -> None:
    made = Pipeline({"website": "www.rye.shop/bread", "deliverables": "blog post"})

    assert made.campaign.name == made.drafts[0].title == "rye.shop"


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


def test_a_product_with_a_name_opens_what_is_said_of_it() -> None:
    read = material(
        {
            "company": "Stackwise GmbH",
            "product": "Stackwise Inventory",
            "about": "Cloud-based inventory for makers. It connects to SAP.",
        }
    )

    assert read.description[0] == "Stackwise Inventory: Cloud-based inventory for makers."


def test_a_script_shows_no_text_twice_in_a_row() -> None:
    made = Pipeline({"company": "Helio", "deliverables": "video"})

    assert made.drafts[0].body == (
        "# Helio\n\nOn-screen text: Helio\n\nVoiceover: Contact Helio.\n"
    )


def test_a_subject_is_not_cut_off_where_there_is_a_whole_one() -> None:
    made = Pipeline(
        {
            "company": "Fernhill",
            "offer": "Free stand with every tree over 6 feet when reserved before 22 November",
            "deliverables": "email",
        }
    )

    assert (made.drafts[0].metadata or {})["subject"] == "Fernhill"


# What isn't read


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


# Time and language


@pytest.mark.parametrize(
    ("timeline", "weeks"),
    [
        ("Launch on 1 December 2026, finish 24 December", 4),
        ("Launch on 1 December 2026", None),
        ("Until 30 March 2026", 4),
    ],
)
def test_a_day_of_launch_is_no_end(timeline: str, weeks: int | None) -> None:
    assert Pipeline({"timeline": timeline}).understood.scope.timeline_weeks == weeks


@pytest.mark.parametrize(
    ("answers", "weeks"),
    [
        ({"deadline": "6 April"}, 5),
        ({"start": "1 December", "deadline": "12 January"}, 6),
        ({"start": "9 November 2026", "deadline": "December 6th"}, 4),
        ({"deadline": "31 April"}, None),
        ({"deadline": "31 April 2027"}, None),
        ({"timeline": "10 Wochen"}, 10),
    ],
)
def test_a_day_without_a_year_is_the_next_one(answers: dict[str, Any], weeks: int | None) -> None:
    assert Pipeline(answers).understood.scope.timeline_weeks == weeks


def test_languages_have_their_own_names_too_and_the_plan_says_what_stays_english() -> None:
    made = Pipeline({"company": "Lindenhof", "language": "Deutsch"})

    assert rules(made)["language"] == "de"
    assert "headings and other words of the drafts' templates are English" in (
        made.plan.executive_summary
    )


# What copy leaves out


def test_notes_of_a_word_and_what_they_said_before_are_no_problems_to_write_of() -> None:
    read = material(
        {"problems": "Cost. Pain. They haven't been here. Old roofs leak. They are steep."}
    )

    assert read.problems == ("Old roofs leak.", "They are steep.")


@pytest.mark.parametrize(
    "aside",
    [
        "We host parties, although to be honest I'd like fewer of those.",
        f"We started in 2014, {'and then we moved to another place ' * 9}.",
    ],
)
def test_asides_and_sentences_without_an_end_are_in_no_draft(aside: str) -> None:
    made = Pipeline(
        {"company": "Mud", "about": f"We teach throwing. {aside}", "deliverables": "blog post"}
    )

    assert material_of(made.brief).description == ("We teach throwing.",)


def test_what_opens_with_the_companys_name_is_not_said_again() -> None:
    made = Pipeline(
        {"company": "Copper", "event": "Harvest Tap Day at the mill", "formats": "X post, email"}
    )
    post, email = made.first("social_post"), made.first("email")

    assert post.body.count("Harvest Tap Day") == 1
    assert "Copper: Harvest Tap Day at the mill." in email.body
    assert "preheader" not in (email.metadata or {})


def test_a_required_word_alone_is_left_to_the_writer() -> None:
    made = Pipeline({"company": "Helio", "must mention": "subsidy", "deliverables": "blog post"})

    assert "ubsidy" not in made.drafts[0].body
    findings = made.checked(made.drafts[0]).findings
    assert "required-phrases" in [each.benchmark_id for each in findings]


def test_a_currency_stands_beside_the_prices_that_it_is_of() -> None:
    read = material({"price": {"monthly": "1290", "currency": "NOK", "deposit": 0}})

    assert read.price == ("monthly: 1290 NOK", "deposit: 0 NOK")


def test_calls_to_action_that_are_alternatives_are_several() -> None:
    made = Pipeline({"ask": "Donate £35 / donate furniture / volunteer"})

    assert rules(made)["callsToAction"] == [
        "Donate £35", "donate furniture", "volunteer",
    ]  # fmt: skip


# What a plan says of what it can't do


def test_a_brief_that_names_channels_gets_those_and_is_told_which_have_no_texts() -> None:
    made = Pipeline(
        {"goal": "Win leads", "channels": "Instagram, our newsletter (1,900 readers), posters"}
    )

    assert [each.channel for each in made.plan.recommendations or ()] == ["Email", "Instagram"]
    assert "No text is written here for “posters”" in made.plan.executive_summary


def test_a_network_alone_takes_what_is_usual_there() -> None:
    made = Pipeline({"company": "Rye", "deliverables": "TikTok, Instagram"})

    assert {(each.channel, each.content_type) for each in made.tactics} == {
        ("TikTok", "video_script"), ("Instagram", "social_post"),
    }  # fmt: skip


def test_a_timeline_without_weeks_is_quoted() -> None:
    summary = Pipeline({"timing": "before Christmas"}).plan.executive_summary

    assert "“before Christmas” gives no number of weeks; 8 weeks are our assumption." in summary
    assert "states no duration" not in summary


def test_an_audience_that_begins_with_a_name_stays_one() -> None:
    summary = Pipeline({"audience": "Craft beer fans in Leeds"}).plan.executive_summary

    assert "It's planned for this audience: Craft beer fans in Leeds." in summary


# Verdicts


def test_a_draft_of_a_few_words_does_not_pass() -> None:
    made = Pipeline({"company": "Lumen", "deliverables": "blog post"})

    [finding] = made.checked(made.drafts[0]).findings

    assert (finding.benchmark_id, finding.severity) == ("length", QcSeverity.CRITICAL)
    assert not made.checked(made.drafts[0]).passed


def test_hints_say_what_helps() -> None:
    [short] = found("length", draft("Bread takes time today, and it rises.", content_type="x_post"))
    [hard] = found("readability", draft("Organisational prioritisation needs clarity. " * 25))
    [long] = found("readability", draft(f"{'Operational alignment of the team ' * 6}. " * 4))

    assert short.hint == "Add about 1 word that tells the reader something new."
    assert hard.hint == "Use shorter words where they say the same."
    assert long.hint.startswith("Part long sentences")


# Shapes and wordings


def test_numbers_of_pieces_by_their_kind_are_deliverables() -> None:
    made = Pipeline({"deliverables": {"blogPosts": 2, "emails": 3, "video": True}})

    assert made.understood.scope.deliverables == ("2 blog posts", "3 emails", "video")


def test_a_call_to_action_with_an_address_of_its_own_leads_there() -> None:
    read = material(
        {"website": "rye.shop", "cta": {"text": "Book midweek", "url": "https://rye.shop/midweek"}}
    )

    assert (read.actions, read.website) == (("Book midweek",), "https://rye.shop/midweek")


def test_names_inside_of_known_answers_that_are_not_known_are_told_too() -> None:
    made = Pipeline({"brand voice": {"tone": "calm", "dos": ["mention the sea"]}})

    assert "“dos”" in made.plan.executive_summary


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("short film (90s)", "video_script"),
        ("3 tiktoks", "video_script"),
        ("TikTok posts", "social_post"),
        ("CRM setup", "other"),
    ],
)
def test_films_and_what_networks_of_films_take_are_videos(text: str, kind: str) -> None:
    assert deliverable_of(text).kind == kind


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


@pytest.mark.parametrize(
    ("text", "kind", "pieces"),
    [
        ("Blog post: Ten trails that begin at a station", "blog_post", 1),
        ("2 landing pages: Your roof in ten minutes, and one for tenants", "landing_page", 2),
        ("Email “Two evenings a week”", "email", 1),
        ("Emails: 3", "email", 3),
        ("Deliverables: 3 blog posts", "blog_post", 3),
        ("Blog post: an email that saved us", "blog_post", 1),
    ],
)
def test_numbers_and_kinds_in_the_title_of_a_piece_say_nothing_of_the_piece(
    text: str, kind: str, pieces: int
) -> None:
    found = deliverable_of(text)

    assert (found.kind, found.pieces) == (kind, pieces)


def test_what_has_to_be_shown_is_no_phrase_to_write() -> None:
    guidelines = rules(Pipeline({"mandatories": "Equal employer; CQC logo"}))

    assert guidelines["requiredPhrases"] == ["Equal employer"]


def test_messages_that_are_alternatives_are_several() -> None:
    read = material({"headlines": "Soap that never ends / The last bottle you'll buy"})

    assert read.messages == ("Soap that never ends", "The last bottle you'll buy")


def test_a_budget_for_each_month_is_told_as_one() -> None:
    summary = Pipeline({"budget": "$25K/mo for 2 months"}).plan.executive_summary

    assert "The budget of 25,000 USD a month is shared" in summary


@pytest.mark.parametrize(
    ("objective", "target"), [("A return of 4", (4, "")), ("Reach women of 25 to 40", None)]
)
def test_an_age_is_no_target_and_other_numbers_after_of_are(
    objective: str, target: tuple[float, str] | None
) -> None:
    assert target_in(objective) == target


# Laws


WORDS = st.sampled_from(
    ["blog", "post", "posts", "email", "and", ",", "+", "a", "3", "x4", "reel", "Instagram", "we",
     "maybe", "landing page", "poster", "(45 s)", "1 May", "31 April", "2027", "from", "until"]
)  # fmt: skip
SENTENCES = st.lists(WORDS, max_size=16).map(" ".join)


@given(SENTENCES)
def test_deliverables_are_in_the_words_of_the_text_and_none_is_lost(text: str) -> None:
    parts = deliverables_in(text)

    assert parts
    assert all(part in text for part in parts)


@given(SENTENCES, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_days_without_a_year_are_after_the_day_that_is_given(text: str, after: date) -> None:
    if "2027" not in text:
        assert all(day > after for day, _ in days_named(text, after))


@given(st.decimals(1, 10**9, places=2), st.sampled_from(["", ",50"]))
def test_thousands_keep_their_value_however_they_are_parted(amount: Decimal, cents: str) -> None:
    whole = int(amount)
    english = f"{whole:,}"
    value = f"{whole:,}{'.50' if cents else ''}"

    assert budget(f"{english.replace(',', '.')}{cents} EUR") == budget(f"{value} EUR")
    assert budget(f"{english.replace(',', ' ')} EUR") == budget(f"{english} EUR")
