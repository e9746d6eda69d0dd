"""JSON texts of values."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.json_object import JsonObject

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS
"""Times, which records have in UTC, get a `Z`. `_fragment_of` encodes all other special values."""


def base64url(text: str) -> str:
    """The text in base64url without padding: RFC 4648, section 5."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class JsonTexts:
    """JSON texts that stand in a value as they are: a list of them, or a single one."""

    texts: Sequence[str]
    is_list: bool = True

    @property
    def joined(self) -> str:
        return f"[{','.join(self.texts)}]" if self.is_list else self.texts[0]


def size_of(value: Any) -> int:
    """How many characters the value's texts have, each as often as it occurs."""
    match value:
        case str():
            return len(value)
        case dict():
            return sum(map(size_of, value.values()))
        case list() | tuple():
            return sum(map(size_of, value))
        case JsonObject():
            return len(value.text)
        case JsonTexts():
            return sum(map(len, value.texts))
    return 0


def encode_json(value: Any) -> bytes:
    """The JSON text in UTF-8. Raises TypeError for what isn't JSON, a time or a JSON object."""
    return orjson.dumps(value, _fragment_of, _OPTIONS)


def _fragment_of(value: object) -> orjson.Fragment:
    if isinstance(value, JsonTexts):
        return orjson.Fragment(value.joined)
    if isinstance(value, JsonObject):
        return orjson.Fragment(value.text)
    raise TypeError
