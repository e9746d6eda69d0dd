"""Checking JSON in inputs costs no more than a turn of the event loop may have."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.validation import JSON_BYTES
from tests import builders as build
from tests.work.counting import counted_calls
from tests.work.test_worst_cases import MAX_CALLS

TOO_LARGE: dict[str, Callable[[], Any]] = {
    "many objects": lambda: {"a": [{}] * 280_000},
    "many members": lambda: {f"member {number}": number for number in range(140_000)},
    "many texts": lambda: {"a": ["a text of thirty characters or so"] * 250_000},
    "a long text": lambda: {"a": "é" * 4_500_000},
    "a long text deep inside": lambda: {"a": [{"b": [{"c": "é" * 4_500_000}]}] * 2},
}

AS_LARGE_AS_MAY_BE = {
    "objects": {"a": [{}] * (JSON_BYTES // 3 - 10)},
    "lists within lists": {"a": [[[]]] * (JSON_BYTES // 5 - 10)},
    "numbers": {"a": [1] * (JSON_BYTES // 2 - 10)},
    "texts": {"a": [""] * (JSON_BYTES // 3 - 10)},
}


@pytest.mark.parametrize("metadata", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_far_too_large_is_refused_before_it_is_looked_at(
    metadata: Callable[[], Any],
) -> None:
    too_large = metadata()

    with counted_calls() as calls:
        [violation] = build.save_draft(metadata=too_large).violations()

    assert violation.path == ("metadata",)
    assert violation.message.startswith("must have at most 262,144 bytes as JSON, not ")
    assert violation.message.endswith(" or more")
    assert calls.made < 500


@pytest.mark.parametrize("metadata", AS_LARGE_AS_MAY_BE.values(), ids=AS_LARGE_AS_MAY_BE)
def test_what_is_as_large_as_it_may_be_is_checked_in_a_turn(metadata: Any) -> None:
    with counted_calls() as calls:
        assert list(build.save_draft(metadata=metadata).violations()) == []

    assert calls.made <= MAX_CALLS
