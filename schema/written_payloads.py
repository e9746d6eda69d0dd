"""Payloads of mutations that are written from the record that the mutation gave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import TypeNameMetaFieldDef

from execution import Selected, Unwritten
from repositories.selections import Selection, are_carried, carried, objects
from schema.writing import declaration, written_of

Make = Callable[[Any], Any]
"""Makes a member's value of a payload without errors."""


@dataclass(frozen=True, slots=True)
class WrittenPayload:
    """What makes each member of a payload, where it has what is selected of its outcome."""

    members: tuple[tuple[str, Make], ...]
    outcome: str
    selections: tuple[Selection, ...]

    @classmethod
    def of(cls, selected: Sequence[Selected], outcome: str) -> "WrittenPayload | None":
        """None where more is selected than records can tell."""
        members: list[tuple[str, Make]] = []
        selections: list[Selection] = []
        for each in selected:
            declared = declaration(each.field)
            name = declared.python_name if declared is not None else None
            if each.field is TypeNameMetaFieldDef:
                members.append((each.key, _constant(each.type.name)))
            elif name == "errors":
                members.append((each.key, _nothing))
            elif name == outcome and each.selected is None:
                members.append((each.key, _attribute(outcome)))
            elif name == outcome and (written := written_of(each.selected or ())):
                selections.append(written.selection)
                members.append((each.key, _object(outcome, written.selection)))
            else:
                return None
        return cls(tuple(members), outcome, tuple(selections))

    def made(self, payload: Any) -> Any:
        """The payload's object; or itself, to be completed, where it has errors or lacks a part."""
        outcome = getattr(payload, self.outcome)
        is_whole = not payload.errors and all(are_carried(it, outcome) for it in self.selections)
        if not is_whole:
            return Unwritten(payload)
        return {key: make(payload) for key, make in self.members}


def _constant(text: str) -> Make:
    return lambda _: text


def _nothing(_: Any) -> list[Any]:
    return []


def _attribute(name: str) -> Make:
    return lambda payload: getattr(payload, name)


def _object(name: str, selection: Selection) -> Make:
    return lambda payload: objects(selection, [getattr(payload, name)], carried)[0]
