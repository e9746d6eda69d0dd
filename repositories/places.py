"""Places: positions of records in lists, as texts of which cursors are made."""

from datetime import datetime
from typing import Final, NamedTuple

import orjson

from repositories.criteria import Order, Scalar
from repositories.json_encoding import encode_json

PLACE_MARK: Final = "\x01"
"""Stands before and after each place in a text; nothing else in JSON can be it."""


class Scope(NamedTuple):
    """The lists in which places have a meaning: those of a type, in an order."""

    type_name: str
    order: Order

    @property
    def beginning(self) -> str:
        """The beginning of places, as JSON lists; the ordered field's value and the key follow."""
        return f'["{self.type_name}","{self.order.field}","{self.order.direction.value}",'


def render_place(scope: Scope, value: Scalar, key: str) -> orjson.Fragment:
    """The place of the record that has this value and key, as a JSON list between marks.

    Times have their offset in digits, as cursors have them.
    """
    if isinstance(value, datetime):
        value = value.isoformat()
    parts = b",".join((encode_json(value), encode_json(key)))
    mark = PLACE_MARK.encode()
    return orjson.Fragment(b"".join((mark, scope.beginning.encode(), parts, b"]", mark)))
