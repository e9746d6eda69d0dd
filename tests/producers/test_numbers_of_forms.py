"""Money, targets and days, as clients write them in forms."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.producers.briefs.durations import days_named
from orchestration.producers.briefs.material import material_of
from orchestration.producers.strategy.objectives import indicators_of, target_in
from tests.producers.forms import SENTENCES, budget, material
from tests.producers.pipeline import Pipeline


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


def test_a_currency_stands_beside_the_prices_that_it_is_of() -> None:
    read = material({"price": {"monthly": "1290", "currency": "NOK", "deposit": 0}})

    assert read.price == ("monthly: 1290 NOK", "deposit: 0 NOK")


def test_a_timeline_without_weeks_is_quoted() -> None:
    summary = Pipeline({"timing": "before Christmas"}).plan.executive_summary

    assert "“before Christmas” gives no number of weeks; 8 weeks are our assumption." in summary
    assert "states no duration" not in summary


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
