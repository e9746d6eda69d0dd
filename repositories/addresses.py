"""What addresses of files are made of, as texts in what is rendered."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from repositories.json_encoding import encode_json

ADDRESS_MARK: Final = "\x03"
"""Stands before and after what an address is made of; nothing else in JSON can be it."""


def render_address(number: int | None, values: Sequence[Any]) -> orjson.Fragment:
    """The number of the address and these values, as a JSON list between marks."""
    mark = ADDRESS_MARK.encode()
    return orjson.Fragment(b"".join((mark, encode_json([number, *values]), mark)))
