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
    r"(?P<number>(?<![\w.,])\d{1,3}(?:,\d{3}){1,3}(?!\d)(?:\.\d{1,2}(?!\d))?|(?<![\w.,])\d{1,12}(?:\.\d{1,2})?)"
    r"(?P<scale> ?(?:k|m|thousand|million)\b)?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\w.,'’])(\d{1,3})((?:\.\d{3})+)(?![\d.])(?:,(\d{1,2})\b)?")  # noqa: RUF001
_SPACED = re.compile(r"(?<![\w.,'’])\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?![\d.,])")  # noqa: RUF001
_CENTS = re.compile(r"(?<![\w.,])(\d{1,12}),(\d{2})(?![\d.,])")
_CURRENCY = re.compile(r"[$€£]|\b(?:USD|EUR|GBP|CHF|SEK|DKK|NOK|PLN|CAD|AUD)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    amount: Decimal
    currency: str
    """A code of three letters; empty: the brief names none."""
    is_monthly: bool = False

    def part(self, percent: float) -> str:
        """A share of the budget, rounded to whole units."""
        share = self.amount * Decimal(repr(percent)) / 100
        return self._text(share.quantize(Decimal(1), ROUND_HALF_UP))

    def _text(self, amount: Decimal) -> str:
        return f"{amount:,} {self.currency}".strip()

    def __str__(self) -> str:
        return f"{self._text(self.amount)}{' a month' if self.is_monthly else ''}"


_MONTHLY = re.compile(
    r" ?(?:[€$£]|[a-z]{3}\b)? ?(?:/ ?mo(?:nth)?\b|(?:per|a|each|every) month\b|monthly\b|p\.?m\b)",
    re.IGNORECASE,
)
"""What stands behind an amount that is for each month."""


def with_points(text: str) -> str:
    """The text with its numbers as English has them: `1.250.000,50` is `1250000.50`. Three digits
    after a point are thousands."""

    def plain(found: re.Match[str]) -> str:
        cents = f".{found[3]}" if found[3] else ""
        return f"{found[1]}{found[2].replace('.', '')}{cents}"

    return _THOUSANDS.sub(plain, text)


def budget_of(brief: Brief) -> Budget | None:
    """The amount that the brief's budget states, the total or else the first; the currency beside
    it, or in its name."""
    responses = brief.responses.to_python()
    stated = Answers.of(responses).texts(Field.BUDGET)
    total = [text for text in stated if re.match(r"(?:total|overall|all)\b", text, re.IGNORECASE)]
    text = "; ".join((*total, *stated))
    text = _SPACED.sub(lambda found: re.sub(r"\D", "", found[0]), with_points(text))
    text = _CENTS.sub(r"\1.\2", text)
    match = _AMOUNT.search(text)
    if match is None:
        return None
    number = number_of(f"{match['number']}{(match['scale'] or '').strip()}")
    if not number:
        return None
    names = " ".join(words_of_key(key) for key in responses if field_of(key) is Field.BUDGET)
    currency = _CURRENCY.search(text) or _CURRENCY.search(names)
    code = "" if currency is None else currency[0].upper()
    return Budget(
        Decimal(number_text(number)),
        _CURRENCIES.get(code, code),
        _MONTHLY.match(text, match.end()) is not None,
    )
