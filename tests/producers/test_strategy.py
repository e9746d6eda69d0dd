"""The built-in strategist: what it reads in briefs, and what it plans."""

from typing import Any

import pytest

from domain.strategy import Recommendation
from orchestration.producers.briefs.fields import SYNONYMS, Field, field_of
from orchestration.producers.strategy.channels import shares
from orchestration.producers.strategy.generator import BuiltInStrategyGenerator
from orchestration.producers.strategy.objectives import indicators_of, target_in
from orchestration.producers.strategy.pieces import pieces_of
from orchestration.producers.strategy.planning import milestones_of
from tests.producers.pipeline import Pipeline, example
from tests.producers.tables import PAGE, written

# Reading


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("target_audience", Field.AUDIENCE),
        ("What is your main goal?", Field.OBJECTIVES),
        ("What do you want your audience to do next?", Field.ACTION),
        ("wordsToAvoid", Field.BANNED),
        ("budget_eur", Field.BUDGET),
        ("competitor websites", Field.INTERNAL),
        ("Who approves?", None),
        ("shoe_size", None),
    ],
)
def test_keys_name_fields_in_whichever_spelling(key: str, field: Field | None) -> None:
    assert field_of(key) is field


def test_no_name_means_two_fields() -> None:
    names = [name for names in SYNONYMS.values() for name in names]

    assert len(names) == len(set(names))
    assert all(field_of(name) is field for field, names in SYNONYMS.items() for name in names)


SAME = {
    "flat": {
        "company": "Bakehouse",
        "goals": "Sell 400 loaves; Win 90 subscribers",
        "audience": "People who bake",
        "deliverables": "2 emails, landing page",
        "not_included": "Print",
        "timeline": "6 weeks",
        "words to avoid": "no exclamation marks, artisan",
    },
    "nested": {
        "client": {"name": "Bakehouse"},
        "campaign": {
            "objectives": ["Sell 400 loaves", "Win 90 subscribers"],
            "targetGroup": {"who": "People who bake"},
        },
        "scope": {
            "deliverables": ["2 emails", "landing page"],
            "exclusions": ["Print"],
            "weeks": 6,
        },
        "brand": {"never": ["exclamation marks"], "bannedPhrases": ["artisan"]},
    },
    "a form": {
        "answers": [
            {"question": "Company name", "answer": "Bakehouse"},
            {"question": "Your goals?", "answer": "- Sell 400 loaves\n- Win 90 subscribers"},
            {"question": "Target audience", "answer": "People who bake"},
            {"question": "Deliverables", "answer": "2 emails\nlanding page"},
            {"question": "Out of scope", "answer": "Print"},
            {"question": "How long?", "answer": "Six weeks"},
            {"question": "Words to avoid", "answer": "exclamation marks; artisan"},
        ]
    },
}


@pytest.mark.parametrize("answers", SAME.values(), ids=SAME)
def test_the_same_brief_is_understood_in_all_its_shapes(answers: dict[str, Any]) -> None:
    understood = Pipeline(answers).understood

    assert understood.objectives == ("Sell 400 loaves", "Win 90 subscribers")
    assert understood.target_audience == "People who bake"
    assert understood.scope.deliverables == ("2 emails", "landing page")
    assert understood.scope.exclusions == ("Print",)
    assert understood.scope.timeline_weeks == 6
    assert understood.brand_guidelines == {
        "never": ["exclamation marks"],
        "bannedPhrases": ["artisan"],
        "names": ["Bakehouse"],
    }


def test_what_a_brief_doesnt_say_stays_empty() -> None:
    understood = Pipeline({"shoe size": 43, "goal": "TBD", "audience": "n/a"}).understood

    assert understood.objectives == ()
    assert understood.target_audience == ""
    assert understood.scope.deliverables == ()
    assert understood.scope.timeline_weeks is None
    assert understood.brand_guidelines == {}


def test_weeks_are_counted_from_the_start_to_the_deadline() -> None:
    dates = {"start": "2027-01-11", "deadline": "5 April 2027"}

    assert Pipeline(dates).understood.scope.timeline_weeks == 12
    assert Pipeline({"deadline": "16 March 2026"}).understood.scope.timeline_weeks == 2
    period = {"timeline": "from 1 April 2026 to 30 June 2026"}
    assert Pipeline(period).understood.scope.timeline_weeks == 13
    assert Pipeline({"duration": "3 months"}).understood.scope.timeline_weeks == 13


def test_guidelines_have_the_keys_that_checks_of_drafts_obey() -> None:
    guidelines = example("tallyfold").understood.brand_guidelines

    assert guidelines == {
        "tone": "Precise, calm, friendly",
        "never": ["exclamation marks", "superlatives", "emoji"],
        "bannedPhrases": ["synergy", "seamless"],
        "names": ["Tallyfold"],
        "language": "en-US",
        "claims": [
            "640 companies close payroll with Tallyfold.",
            "The average close takes 1 day where it took 4.",
            "Support answers within 2 hours on working days.",
        ],
        "callsToAction": ["Book a demo of 20 minutes"],
        "legalLines": ["Tallyfold Ltd is not a tax adviser."],
    }


# Objectives


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        ("Sell 3,000 starter sets before the end of May", (3000, "starter sets")),
        ("Grow the newsletter by 12,000 readers", (12000, "readers")),
        ("Raise conversion from 2% to 5%", (5, "%")),
        ("€50,000 in revenue by 31 May 2026", (50000, "EUR")),
        ("Raise 1.5m dollars", (1_500_000, "USD")),
        ("Forty more covers a night", (40, "covers")),
        ("Get 60 people into the trial month", (60, "people")),
        ("Halve the calls about old roofs", (50, "% fewer")),
        ("Reach people aged 25 to 40 within 6 weeks, by May 2027", None),
        ("Explain rooftop solar", None),
    ],
)
def test_targets_are_the_numbers_of_the_objectives_words(
    objective: str, target: tuple[float, str] | None
) -> None:
    assert target_in(objective) == target


def test_an_objective_without_a_number_gets_the_starting_target_and_the_summary_says_so() -> None:
    made = Pipeline({"company": "Helio", "goal": "Explain rooftop solar"})

    [kpi] = made.plan.kpis
    assert (kpi.name, kpi.target_value, kpi.unit) == ("Readers", 10, "% above the first two weeks")
    assert "The brief states no number for Readers: 10%" in made.plan.executive_summary
    assert "Sales" not in example("tallyfold").plan.executive_summary


def test_indicators_have_names_of_their_own_and_the_time_that_they_name() -> None:
    first, second = indicators_of(["Sell 5 sets", "Sell 9 maps within 2 weeks"], 56)

    assert (first.kpi.name, first.kpi.timeframe_days) == ("Sales", 56)
    assert (second.kpi.name, second.kpi.timeframe_days) == ("Sales: Sell 9 maps within 2 weeks", 14)


# Channels, budgets, time


def channels_of(answers: dict[str, Any], *wanted: str) -> list[str]:
    return [each.channel for each in Pipeline(answers, wanted).plan.recommendations or ()]


def test_channels_are_those_of_the_deliverables_and_those_that_the_brief_names() -> None:
    answers = {
        "goal": "Win leads",
        "audience": "Heads of finance",
        "deliverables": "social post, newsletter",
        "channels": "YouTube",
    }

    assert channels_of(answers) == ["LinkedIn", "Email", "YouTube"]


def test_a_deliverable_goes_to_the_channel_that_it_names_whatever_its_kind() -> None:
    made = Pipeline({"deliverables": "Instagram reel, LinkedIn posts", "company": "Rye"})

    assert [(each.channel, each.content_type) for each in made.tactics] == [
        ("LinkedIn", "social_post"),
        ("Instagram", "video_script"),
    ]


def test_without_deliverables_channels_fit_objectives_and_audience() -> None:
    assert channels_of({"goal": "Be known in town", "audience": "Families"}) == [
        "Instagram", "Facebook", "YouTube", "TikTok",
    ]  # fmt: skip
    assert channels_of({}) == ["Website"]


def test_channels_that_are_out_of_scope_are_left_out() -> None:
    answers = {"goal": "Be known in town", "out of scope": "No TikTok, YouTube"}

    assert channels_of(answers) == ["Instagram", "Facebook"]


def test_the_channels_that_a_caller_wants_are_the_plans_in_their_order() -> None:
    wanted = channels_of({"goal": "Sell 5 sets"}, "Podcast", "Our newsletter")

    assert wanted == ["Podcast", "Our newsletter"]


def test_what_no_channel_takes_is_told() -> None:
    made = Pipeline({"deliverables": "video, poster"}, ["Email"])

    assert "None of the channels takes “video”." in made.plan.executive_summary
    assert "planned apart from these texts: “poster”." in made.plan.executive_summary


def test_shares_are_in_proportion_and_rounded_by_the_largest_remainders() -> None:
    assert shares([1, 1, 1]) == (34, 33, 33)
    assert shares([6, 3, 1]) == (60, 30, 10)
    assert shares([0, 0]) == (50, 50)
    assert shares([]) == ()


def test_how_a_brief_lists_its_deliverables_changes_no_share() -> None:
    one = Pipeline({"deliverables": "3 emails, landing page"}).plan.recommendations or ()
    other = Pipeline({"deliverables": ["email", "email", "email", "landing page"]})

    assert [each.budget_percent for each in one] == [50, 50]
    assert [each.budget_percent for each in other.plan.recommendations or ()] == [50, 50]
    assert len(other.tactics) == 4


def test_milestones_are_in_order_and_end_with_the_plan() -> None:
    assert [each.week for each in milestones_of(10)] == [
        "Week 1", "Week 3", "Week 4", "Week 6", "Week 10",
    ]  # fmt: skip
    assert {each.week for each in milestones_of(1)} == {"Week 1"}


def test_the_documentation_has_the_tables_of_the_rules() -> None:
    page = PAGE.read_text("utf-8")

    assert page == written(page)


# Plans and campaigns


def test_a_plan_quotes_the_brief_and_gives_each_channel_its_part_of_the_budget() -> None:
    email = (example("hollowmere").plan.recommendations or ())[1]

    assert email.rationale == (
        "The brief asks for “2 emails”. The channel is one of those that were asked for: Email. It "
        "serves the objectives “Sell 3,000 starter sets before the end of May” and “Win 12,000 new "
        "newsletter readers”. Its share of the budget is 31%, 14,880 EUR of 48,000 EUR."
    )


def test_a_summary_is_what_one_would_send() -> None:
    assert example("marrowgate").plan.executive_summary == (
        "Marrowgate Solar has these objectives: Book 900 roof surveys by autumn; Explain what an "
        "old roof can carry. The campaign speaks to owners of houses built before 1990. It says: "
        "Old roofs carry more than people think.\n\n"
        "In 16 weeks it publishes 6 pieces on 3 channels. The budget of 26,000 GBP is shared in "
        "proportion to how much in the brief speaks for each: Website 54%, Email 25%, Facebook "
        "21%.\n\n"
        "Success is measured by Bookings (900 roof surveys within 112 days); Readers (10% above "
        "the first two weeks within 112 days).\n\n"
        "Not a part of it: Radio.\n\n"
        "The brief states no number for Readers: 10% above the figure of the first two weeks is "
        "our rule to start with, to be replaced by a target of yours."
    )


def test_a_campaign_has_the_pieces_of_the_plan_under_the_briefs_messages() -> None:
    campaign = example("tallyfold").campaign

    assert campaign.name == "Payroll closes in one day"
    assert [(each.channel, each.content_type, each.title) for each in campaign.tactics or ()] == [
        ("Website", "blog_post", "Payroll closes in one day"),
        ("Website", "landing_page", "Every change has a name and a reason"),
        ("LinkedIn", "social_post", "The audit trail is written while you work"),
        ("LinkedIn", "social_post", "Payslips reach people in the language of their contract"),
        ("LinkedIn", "social_post", "Holidays and sick days count themselves"),
        ("Email", "email", "Changes are listed, not hidden in cells"),
        ("Email", "email", "Approvals take a click on the phone"),
        ("YouTube", "video_script", "The spreadsheet may retire"),
    ]


def test_tactics_that_people_wrote_become_pieces_of_their_channel() -> None:
    edited = Recommendation("Newsletter", 40, "", ("Ask three customers", "Video: The mill at 4"))

    assert [(each.content_type, each.title) for each in pieces_of(edited)] == [
        ("email", "Ask three customers"),
        ("video_script", "The mill at 4"),
    ]
    assert [each.title for each in pieces_of(Recommendation("Podcast", 5, ""))] == ["Podcast"]


async def test_the_generator_keeps_to_its_port() -> None:
    made, generator = example("tallyfold"), BuiltInStrategyGenerator()

    assert await generator.normalize(made.brief) == made.understood
    planned = await generator.plan(made.brief, [])
    assert planned.executive_summary == made.plan.executive_summary
    assert (await generator.campaign(made.brief, made.plan)).name == made.campaign.name
