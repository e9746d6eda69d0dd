"""Payloads of mutations that are rendered from the record that the mutation returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import TypeNameMetaFieldDef

from execution import SelectedField, Unrendered
from repositories.projections import JsonProjection
from repositories.rendering import are_carried, carried, objects
from schema.addresses import Addresses
from schema.rendering import as_encoded, member_of, rendered_projection_of

Make = Callable[[Any, Addresses], Any]
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
            elif name == outcome:
                rendered = rendered_projection_of(each.selected or ())
                if rendered is None or rendered.lifetimes:
                    return None
                projections.append(rendered.projection)
                members.append((each.key, _object(outcome, rendered.projection)))
            else:
                return None
        return cls(tuple(members), outcome, tuple(projections))

    def made(self, payload: Any, addresses: Addresses) -> Any:
        """The payload's object; the payload itself if it has to be completed field by field."""
        outcome = getattr(payload, self.outcome)
        is_whole = not payload.errors and all(are_carried(it, outcome) for it in self.projections)
        if not is_whole:
            return Unrendered(payload)
        return {key: make(payload, addresses) for key, make in self.members}


def _constant(text: str) -> Make:
    return lambda _payload, _addresses: text


def _nothing(_payload: Any, _addresses: Addresses) -> list[Any]:
    return []


def _attribute(name: str) -> Make:
    return lambda payload, _: getattr(payload, name)


def _object(name: str, projection: JsonProjection) -> Make:
    def make(payload: Any, addresses: Addresses) -> Any:
        [found] = objects(projection, [getattr(payload, name)], carried)
        return as_encoded(found, projection, addresses)

    return make
