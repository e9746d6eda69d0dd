"""Deprecated fields say why they will be removed, and until when they stay."""

import re
from contextlib import suppress
from datetime import date
from typing import Any

from graphql import DirectiveNode, StringValueNode, parse
from graphql.language import Visitor, visit

from schema.export import exported_schema

_REASON = re.compile(r"\w.{9,}\. Stays until (?P<date>\d{4}-\d\d-\d\d)\.", re.ASCII | re.DOTALL)


class _Deprecations(Visitor):
    """Collects the places of those that don't say enough."""

    def __init__(self) -> None:
        super().__init__()
        self.unclear: list[str] = []

    def enter_directive(self, node: DirectiveNode, *where: Any) -> None:
        if node.name.value == "deprecated" and not _is_clear(node):
            *_, ancestors = where
            names = [step.name.value for step in ancestors if hasattr(step, "name")]
            self.unclear.append(".".join(names))


def _is_clear(deprecated: DirectiveNode) -> bool:
    for argument in deprecated.arguments or ():
        if isinstance(argument.value, StringValueNode):
            reason = _REASON.fullmatch(argument.value.value)
            with suppress(ValueError):
                return reason is not None and date.fromisoformat(reason["date"]) is not None
    return False


def unclear_deprecations(sdl: str) -> list[str]:
    deprecations = _Deprecations()
    visit(parse(sdl), deprecations)
    return deprecations.unclear


def test_a_deprecation_says_why_and_until_when_it_stays() -> None:
    assert unclear_deprecations(exported_schema()) == []


def test_a_deprecation_without_a_reason_or_a_date_is_found() -> None:
    schema = """
    type Query {
      clear: Int @deprecated(reason: "Ask for `rows` instead. Stays until 2027-06-30.")
      bare: Int @deprecated
      undated(by: Int @deprecated(reason: "Use `filter`.")): Int
    }
    enum Colour {
      RED @deprecated(reason: "Nobody has it. Stays until 2027-02-30.")
    }
    input Paint {
      colour: Colour @deprecated(reason: "Stays until 2027-06-30.")
    }
    """

    assert unclear_deprecations(schema) == [
        "Query.bare",
        "Query.undated.by",
        "Colour.RED",
        "Paint.colour",
    ]
