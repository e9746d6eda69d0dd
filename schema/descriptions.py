"""Turning domain enums into GraphQL enums whose values are described."""

from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def describe_enum(kind: type[StrEnum], description: str, **values: str) -> None:
    """Make `kind` a GraphQL enum; every member needs a description."""
    strawberry.enum(kind, description=description)
    definition: StrawberryEnumDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
