"""Budgets, as briefs write them."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from domain.onboarding import Brief
from orchestration.producers.briefs.answers import Answers
from orchestration.producers.briefs.fields import Field, field_of, words_of_key
from orchestration.producers.qc.facts import number_of
from orchestration.producers.texts import number_text

_CURRENCIES: Final = {"$": "USD", "€": "EUR", "£": "GBP"}
_AMOUNT = re.compile(
    r"(?P<number>(?<![\w.,])\d{1,3}(?:,\d{3}){1,3}(?!\d)|(?<![\w.,])\d{1,12}(?:\.\d{1,2})?)"
    r"(?P<scale> ?(?:k|m|thousand|million)\b)?",
    re.IGNORECASE,
)
_CURRENCY = re.compile(r"[$€£]|\b(?:USD|EUR|GBP|CHF|SEK|DKK|NOK|PLN|CAD|AUD)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    amount: Decimal
    currency: str
    """A code of three letters; empty: the brief names none."""

    def part(self, percent: float) -> str:
        """A share of the budget, rounded to whole units."""
        share = self.amount * Decimal(repr(percent)) / 100
        return self._text(share.quantize(Decimal(1), ROUND_HALF_UP))

    def _text(self, amount: Decimal) -> str:
        return f"{amount:,} {self.currency}".strip()

    def __str__(self) -> str:
        return self._text(self.amount)


def budget_of(brief: Brief) -> Budget | None:
    """The first amount that the brief's budget states; the currency beside it, or in its name."""
    responses = brief.responses.to_python()
    text = "; ".join(Answers.of(responses).texts(Field.BUDGET))
    match = _AMOUNT.search(text)
    if match is None:
        return None
    number = number_of(f"{match['number']}{(match['scale'] or '').strip()}")
    if not number:
        return None
    names = " ".join(words_of_key(key) for key in responses if field_of(key) is Field.BUDGET)
    currency = _CURRENCY.search(text) or _CURRENCY.search(names)
    code = "" if currency is None else currency[0].upper()
    return Budget(Decimal(number_text(number)), _CURRENCIES.get(code, code))
