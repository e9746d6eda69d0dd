"""JSON is kept as the text that says exactly what was given."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.json_object import EMPTY_OBJECT, JsonObject

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def _exactly(value: Any) -> Any:
    """The value with types, orders and signs told apart."""
    if isinstance(value, dict):
        return [(name, _exactly(member)) for name, member in value.items()]
    if isinstance(value, list):
        return ["list", *map(_exactly, value)]
    if isinstance(value, float):
        return (float, value, math.copysign(1, value))
    return (type(value), value)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values))
def test_what_goes_in_comes_out_with_its_types_and_order(value: dict[str, Any]) -> None:
    assert _exactly(JsonObject.of(value).to_python()) == _exactly(value)


def test_it_is_compact_and_readable() -> None:
    assert JsonObject.of({"b": [1, 1.0, "\u00e9\U0001f600"], "a": {}}).text == (
        '{"b":[1,1.0,"\u00e9\U0001f600"],"a":{}}'
    )


def test_each_python_value_is_a_new_one() -> None:
    document = JsonObject.of({"a": [1]})

    document.to_python()["a"].append(2)

    assert document.to_python() == {"a": [1]}
    assert document == JsonObject.of({"a": [1]})


def test_objects_are_equal_when_their_texts_are() -> None:
    assert JsonObject.of({"a": 1, "b": 2}) != JsonObject.of({"b": 2, "a": 1})
    assert JsonObject.of({}) == EMPTY_OBJECT
    assert hash(JsonObject.of({"a": 1})) == hash(JsonObject.of({"a": 1}))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        JsonObject.of({"a": value})
