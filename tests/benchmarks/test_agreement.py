"""Responses that say the same agree, however they write it."""

from typing import Any

import pytest

from benchmarks.agreement import comparable, require_agreement
from benchmarks.scenarios import Json, WrongAnswer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"createdAt": "2026-02-01T10:00:00.123456Z"},
            {"createdAt": "2026-02-01T11:00:00.123+01:00"},
        ),
        ({"createdAt": "2026-02-01T10:00:00.123456"}, {"createdAt": "2026-02-01T10:00:00.123Z"}),
        ({"endCursor": "abc"}, {"endCursor": "xyz"}),
        ({"revision": 1, "updatedAt": "2026-02-01T10:00:00Z", "name": "x"}, {"name": "x"}),
        ({"package": {}, "errors": []}, {"package": {}}),
    ],
    ids=["offset", "no offset", "cursor", "of the moment", "no errors"],
)
def test_what_is_only_written_differently_agrees(one: Json, other: Json) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ({"createdAt": "2026-02-01T10:00:00Z"}, {"createdAt": "2026-02-01T10:00:01Z"}, "createdAt"),
        ({"endCursor": "abc"}, {"endCursor": None}, "endCursor"),
        ({"nodes": [{"name": "x"}]}, {"nodes": [{"name": "y"}]}, r"nodes\[0\].name: 'y' and 'x'"),
        ({"nodes": [1]}, {"nodes": [1, 2]}, "nodes"),
        ({"nodes": [1, 2]}, {"nodes": [2, 1]}, r"nodes\[0\]"),
        ({"name": "x"}, {"name": "x", "format": "pdf"}, "format"),
    ],
    ids=["time", "cursor", "value", "length", "order", "field"],
)
def test_what_differs_is_told(one: Any, other: Any, place: str) -> None:
    with pytest.raises(WrongAnswer, match=f"second and first differ: .*{place}"):
        require_agreement({"first": one, "second": other})
