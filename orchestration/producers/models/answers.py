"""What models are asked for, and how an answer becomes a command."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol


class Answer(StrEnum):
    """The answers that models give; each has a prompt of the same name."""

    NORMALIZED_BRIEF = "normalized_brief"
    STRATEGY_PLAN = "strategy_plan"
    CAMPAIGN = "campaign"
    DRAFT = "draft"


class AnswerFormat(Protocol):
    """Answers as the inputs of the API's mutations have them, without the keys of entities."""

    def schema_of(self, answer: Answer) -> Mapping[str, object]:
        """The JSON schema of an answer, of what structured outputs know in strict mode."""
        ...

    def command_of(self, answer: Answer, value: object, keys: Mapping[str, str]) -> Any:
        """The command that the answer describes, with these keys of entities, by attribute.

        Raises ValidationFailed, with the paths of the wrong fields.
        """
        ...
