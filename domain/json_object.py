"""Immutable JSON documents, which hold the text that is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object as compact text: key order, ints and floats stay as they were given."""

    text: str

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "JsonObject":
        return cls(dumps(value))

    def to_python(self) -> dict[str, Any]:
        """A new dict each time, so that nothing done to it reaches the record."""
        value: dict[str, Any] = json.loads(self.text)
        return value


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


EMPTY_OBJECT = JsonObject("{}")
