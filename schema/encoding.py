"""Responses as JSON."""

import json
from typing import Any

import orjson

from domain.json_object import JsonObject

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS
"""Times, which records have in UTC, as `schema.scalars.serialize_date_time` writes them. What else
isn't plain is written here.
"""


def encode(value: Any) -> bytes:
    """A response, or a message around it, in UTF-8."""
    try:
        return orjson.dumps(value, _written, _OPTIONS)
    except TypeError:
        # A message may quote a lone surrogate, which UTF-8 has no bytes for; JSON can escape it.
        return json.dumps(value, separators=(",", ":"), default=_parsed).encode()


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, JsonObject):
        return orjson.Fragment(value.text)
    raise TypeError


def _parsed(value: object) -> Any:
    """What only `orjson` can write, as what anybody can."""
    return orjson.loads(orjson.dumps(value, _written, _OPTIONS))
