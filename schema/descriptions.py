"""Sentences that descriptions share, with the domain's limits, and descriptions of enums."""

from enum import StrEnum
from typing import Final

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain import validation as rules

KEY: Final = (
    f"At most {rules.KEY_LENGTH} characters, not blank, without control characters and without "
    "white space around them."
)
NAME: Final = f"At most {rules.NAME_LENGTH} characters, not blank."
LABEL: Final = f"At most {rules.NAME_LENGTH} characters."
FORMAT: Final = f"At most {rules.FORMAT_LENGTH} characters, not blank."
PROSE: Final = f"At most {rules.PROSE_LENGTH:,} characters."
REASON: Final = f"At most {rules.PROSE_LENGTH:,} characters, not blank."
BODY: Final = f"At most {rules.BODY_LENGTH:,} characters, not blank."
URL: Final = (
    f"An absolute URL that begins with {', '.join(rules.URL_SCHEMES[:-1])} or "
    f"{rules.URL_SCHEMES[-1]}; at most {rules.URL_LENGTH:,} characters, not blank."
)
ITEMS: Final = f"At most {rules.LIST_LENGTH} items."
TEXTS: Final = (
    f"At most {rules.LIST_LENGTH} items of at most {rules.PROSE_LENGTH:,} characters each."
)
NAMES: Final = (
    f"At most {rules.LIST_LENGTH} items of at most {rules.NAME_LENGTH} characters each, not blank."
)
KEYS: Final = f"At most {rules.LIST_LENGTH} items of at most {rules.KEY_LENGTH} characters each."
JSON_OBJECT: Final = (
    f"At most {rules.JSON_BYTES // 1024} KiB as JSON, and {rules.JSON_LEVELS} levels."
)

DECIDER: Final = (
    "Left out, the caller. Another name requires the scope `strategy:approve-for-others`. Without "
    "authentication it has to be given."
)
UNCHECKED: Final = "It isn't checked whether that is stored."
"""The description of a reference to another entity."""
OWN_KEY: Final = (
    "Left out, the server makes one, and a repeated request saves another entity. Under a key of "
    "your own you may repeat the request safely: it leaves one entity."
)
VALIDATE_ONLY: Final = (
    "Only validate: do it all for you, as things are now, then undo it and store nothing. `errors` "
    "says what would fail; where it's empty it would succeed now, though others may come before "
    "you. Nobody is told of it, and no key or secret is given out. False by default."
)
NO_GATE: Final = "The server refuses no package because of it."
"""The description of a verdict of QC."""


def describe_enum(enum: type[StrEnum], description: str, **values: str) -> None:
    """Make `enum` a GraphQL enum; every member needs a description."""
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
