"""Payloads of mutations that are rendered from the records that the mutation returned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, Final

from graphql import TypeNameMetaFieldDef

from execution import SelectedField, Unrendered
from repositories.projections import JsonProjection
from repositories.rendering import are_carried, carried, objects
from schema.addresses import Addresses
from schema.encoding import MAX_INLINE_CHARACTERS, BoundedObject
from schema.rendering import as_encoded, member_of, rendered_projection_of

Make = Callable[[Sequence[Any], Addresses | None], Sequence[Any]]
"""Makes a member's values of payloads without errors; without addresses, none are to be made."""

_GROWTH: Final = 8
"""By this factor a text may be longer than what it's made of, at the most: the number `1e15` is
stored as 18 characters, ids are in base 64, and an artifact, whose shortest input has 40, may get
the key of a QC result, of up to 200."""


@dataclass(frozen=True, slots=True)
class RenderedPayload:
    """Makes each member of payloads whose records have all selected fields."""

    members: tuple[tuple[str, Make], ...]
    outcome: str
    projections: tuple[JsonProjection, ...]
    copies: int
    """How often the payload may have a text of the record, at the most."""

    @classmethod
    def of(cls, selected: Sequence[SelectedField], outcome: str) -> "RenderedPayload | None":
        """The rendered payload; None if the record can't render all of the selection."""
        members: list[tuple[str, Make]] = []
        projections: list[JsonProjection] = []
        for each in selected:
            name = _name_of(each)
            if each.field is TypeNameMetaFieldDef:
                members.append((each.key, _constant(each.type.name)))
            elif name == "errors":
                members.append((each.key, _nothing))
            elif name == outcome and each.selected is None:
                members.append((each.key, _attribute(outcome)))
            elif name == outcome:
                rendered = rendered_projection_of(each.selected or ())
                if rendered is None or rendered.terms:
                    return None
                projections.append(rendered.projection)
                members.append((each.key, _objects(outcome, rendered.projection)))
            else:
                return None
        copies = sum(each.copies for each in projections)
        return cls(tuple(members), outcome, tuple(projections), copies)

    def made(self, payload: Any, addresses: Addresses, given: int | None = None) -> Any:
        """The payload's object; the payload itself if it has to be completed field by field.

        `given` is how many characters the record was made of; None: that isn't known.
        """
        # A record that was made of the request alone has no file.
        whole = self.all_made([payload], addresses if given is None else None)
        if whole is None:
            return Unrendered(payload)
        [made] = whole
        if given is None:
            return made
        characters = given * self.copies * _GROWTH
        return BoundedObject(made, characters) if characters <= MAX_INLINE_CHARACTERS else made

    def all_made(
        self, payloads: Sequence[Any], addresses: Addresses | None
    ) -> Sequence[Any] | None:
        """The payloads' objects; None if any payload has to be completed field by field."""
        if not all(map(self._is_whole, payloads)):
            return None
        columns = [make(payloads, addresses) for _, make in self.members]
        keys = [key for key, _ in self.members]
        return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]

    def _is_whole(self, payload: Any) -> bool:
        outcome = getattr(payload, self.outcome)
        return not payload.errors and all(
            outcome is not None and are_carried(it, outcome) for it in self.projections
        )


@dataclass(frozen=True, slots=True)
class RenderedBulk:
    """Makes each member of a bulk's payload, which has the payloads of its rows."""

    members: tuple[tuple[str, Callable[[Any, Addresses], Any]], ...]
    """A value is None if it has to be completed field by field."""

    @classmethod
    def of(cls, selected: Sequence[SelectedField], outcome: str) -> "RenderedBulk | None":
        """As `RenderedPayload.of`, for the payload of a bulk."""
        members: list[tuple[str, Callable[[Any, Addresses], Any]]] = []
        for each in selected:
            name = _name_of(each)
            if each.field is TypeNameMetaFieldDef:
                members.append((each.key, partial(_name_of_type, each.type.name)))
            elif name in ("count", "errors"):
                members.append((each.key, partial(_attribute_of, name)))
            elif name == "results" and (row := RenderedPayload.of(each.selected or (), outcome)):
                members.append((each.key, partial(_results, row)))
            else:
                return None
        return cls(tuple(members))

    def made(self, payload: Any, addresses: Addresses) -> Any:
        """The payload's object; the payload itself if it has to be completed field by field."""
        made = {key: make(payload, addresses) for key, make in self.members}
        if payload.errors or any(value is None for value in made.values()):
            return Unrendered(payload)
        return made


def _name_of(selected: SelectedField) -> str | None:
    member = member_of(selected)
    return None if member is None else member.name


def _name_of_type(name: str, _payload: Any, _addresses: Addresses) -> str:
    return name


def _attribute_of(name: str, payload: Any, _addresses: Addresses) -> Any:
    return getattr(payload, name)


def _results(row: RenderedPayload, payload: Any, addresses: Addresses) -> Sequence[Any] | None:
    return row.all_made(payload.results, addresses)


def _constant(text: str) -> Make:
    return lambda payloads, _: [text for _ in payloads]


def _nothing(payloads: Sequence[Any], _addresses: Addresses | None) -> Sequence[Any]:
    return [[] for _ in payloads]


def _attribute(name: str) -> Make:
    return lambda payloads, _: [getattr(payload, name) for payload in payloads]


def _objects(name: str, projection: JsonProjection) -> Make:
    def make(payloads: Sequence[Any], addresses: Addresses | None) -> Sequence[Any]:
        found = objects(projection, map(attrgetter(name), payloads), carried)
        if addresses is None:
            return found
        return [as_encoded(each, projection, addresses) for each in found]

    return make
