"""The tables of docs/producers.md, as they are by the rules.

`python -m tests.producers.tables` writes them anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestration.producers.drafts.writing import USUAL_WORDS
from orchestration.producers.strategy.channels import CHANNEL_RULES
from orchestration.producers.strategy.objectives import RULES, Aim
from orchestration.producers.strategy.pieces import LABELS

PAGE: Final = Path(__file__).parents[2] / "docs" / "producers.md"


def _words(pattern: str) -> str:
    return ", ".join(pattern.replace("-?", "-").split("|"))


def objectives() -> Iterator[str]:
    yield "| indicator | words that begin with | unit where the objective has none |"
    yield "|---|---|---|"
    for rule in RULES:
        yield f"| {rule.aim} | {_words(rule.stems)} | {rule.unit} |"
    yield f"| {Aim.OTHER} | anything else | |"


def channels() -> Iterator[str]:
    yield "| channel | named by | takes | serves | audiences with words that begin with |"
    yield "|---|---|---|---|---|"
    for rule in CHANNEL_RULES:
        takes = ", ".join(LABELS[kind].lower() for kind in rule.kinds)
        serves = ", ".join(aim for aim in Aim if aim in rule.aims)
        yield (
            f"| {rule.name} | {_words(rule.words)} | {takes} | {serves} | {_words(rule.audience)} |"
        )


def lengths() -> Iterator[str]:
    yield "| kind | most words |"
    yield "|---|---|"
    for kind, words in USUAL_WORDS.items():
        yield f"| {LABELS[kind].lower()} | {words} |"


TABLES: Final = {"objectives": objectives, "channels": channels, "lengths": lengths}


def written(page: str) -> str:
    """The page with its tables as they are by the rules."""
    for name, table in TABLES.items():
        begin, end = f"<!-- Table: {name}. -->\n", "\n<!-- The table ends here. -->"
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        assert found
        assert ended
        page = f"{before}{begin}{chr(10).join(table())}{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
