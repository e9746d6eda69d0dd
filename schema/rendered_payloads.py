"""Payloads of mutations that are rendered from the record that the mutation returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import TypeNameMetaFieldDef

from execution import SelectedField, Unrendered
from repositories.projections import JsonProjection
from repositories.rendering import are_carried, carried, objects
from schema.rendering import member_of, rendered_projection_of

Make = Callable[[Any], Any]
"""Makes a member's value of a payload without errors."""


@dataclass(frozen=True, slots=True)
class RenderedPayload:
    """Makes each member of a payload whose record has all selected fields."""

    members: tuple[tuple[str, Make], ...]
    outcome: str
    projections: tuple[JsonProjection, ...]

    @classmethod
    def of(cls, selected: Sequence[SelectedField], outcome: str) -> "RenderedPayload | None":
        """The rendered payload; None if the record can't render all of the selection."""
        members: list[tuple[str, Make]] = []
        projections: list[JsonProjection] = []
        for each in selected:
            member = member_of(each)
            name = None if member is None else member.name
            if each.field is TypeNameMetaFieldDef:
                members.append((each.key, _constant(each.type.name)))
            elif name == "errors":
                members.append((each.key, _nothing))
            elif name == outcome and each.selected is None:
                members.append((each.key, _attribute(outcome)))
            elif name == outcome and (rendered := rendered_projection_of(each.selected or ())):
                projections.append(rendered.projection)
                members.append((each.key, _object(outcome, rendered.projection)))
            else:
                return None
        return cls(tuple(members), outcome, tuple(projections))

    def made(self, payload: Any) -> Any:
        """The payload's object; the payload itself if it has to be completed field by field."""
        outcome = getattr(payload, self.outcome)
        is_whole = not payload.errors and all(are_carried(it, outcome) for it in self.projections)
        if not is_whole:
            return Unrendered(payload)
        return {key: make(payload) for key, make in self.members}


def _constant(text: str) -> Make:
    return lambda _: text


def _nothing(_: Any) -> list[Any]:
    return []


def _attribute(name: str) -> Make:
    return lambda payload: getattr(payload, name)


def _object(name: str, projection: JsonProjection) -> Make:
    return lambda payload: objects(projection, [getattr(payload, name)], carried)[0]
