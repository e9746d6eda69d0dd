"""Responses as JSON."""

import json
from typing import Any

from repositories.selections import write_json


def encode(value: Any) -> bytes:
    """A response, or a message around it, in UTF-8."""
    try:
        return write_json(value)
    except TypeError:
        # A message may quote a lone surrogate, which UTF-8 has no bytes for; JSON can escape it.
        return json.dumps(value, separators=(",", ":"), default=_parsed).encode()


def _parsed(value: object) -> Any:
    """What only `write_json` can write, as what anybody can."""
    return json.loads(write_json(value))
