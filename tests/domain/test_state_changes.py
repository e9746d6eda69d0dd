"""The differences between two states of an entity."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.history import StateChange, changes_between
from domain.json_object import JsonObject

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=10,
)
states = st.dictionaries(st.sampled_from(("title", "body", "items")), values, max_size=3)


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[StateChange]:
    old, new = (None if it is None else JsonObject.of(it) for it in (before, after))
    return [*changes_between(old, new, "draftId")]


def test_a_value_that_was_replaced_is_told_with_both() -> None:
    assert changes({"title": "Old", "body": "Same"}, {"title": "New", "body": "Same"}) == [
        StateChange(("title",), "Old", "New")
    ]


def test_the_path_leads_through_lists_and_objects() -> None:
    before = {"artifacts": [{"name": "a"}, {"name": "b", "url": "u"}]}
    after = {"artifacts": [{"name": "a"}, {"name": "c", "url": "u"}]}

    assert changes(before, after) == [StateChange(("artifacts", "1", "name"), "b", "c")]


def test_an_item_that_one_list_lacks_is_one_change() -> None:
    assert changes({"items": [1, {"a": 2}]}, {"items": [1]}) == [
        StateChange(("items", "1"), {"a": 2}, None)
    ]
    assert changes({"items": []}, {"items": [[3]]}) == [StateChange(("items", "0"), None, [3])]


def test_an_entity_that_was_not_there_changes_from_nothing() -> None:
    assert changes(None, {"title": "New", "body": None}) == [
        StateChange(("title",), None, "New"),
        StateChange(("body",), None, None),
    ]
    assert changes({"title": "Old"}, None) == [StateChange(("title",), "Old", None)]


def test_keys_and_bookkeeping_are_no_changes() -> None:
    before = {"draftId": "a", "revision": 1, "createdAt": "x", "updatedAt": "x"}

    assert changes(before, {"draftId": "b", "revision": 2, "createdAt": "y"}) == []


def test_a_number_that_became_a_boolean_or_another_kind_of_number_is_a_change() -> None:
    assert changes({"title": 1}, {"title": True}) == [StateChange(("title",), 1, True)]
    assert changes({"title": 1}, {"title": 1.0}) == [StateChange(("title",), 1, 1.0)]


@given(states, states)
def test_applying_the_changes_to_the_old_state_makes_the_new_one(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    made = JsonObject.of(old).to_python()

    # From the end, so that removing an item moves none that is still to be changed.
    for change in reversed(changes(old, new)):
        _apply(made, change, new)

    assert made == new


@given(states)
def test_equal_states_have_no_changes(state: dict[str, Any]) -> None:
    assert changes(state, state) == []


def _apply(state: Any, change: StateChange, new: Any) -> None:
    *way, last = change.path
    target, wanted = state, new
    for name in way:
        target, wanted = (
            each[int(name)] if isinstance(each, list) else each[name] for each in (target, wanted)
        )
    if isinstance(target, list):
        index = int(last)
        if index >= len(wanted):
            del target[index]
        elif index < len(target):
            target[index] = change.after
        else:
            target.insert(len(target), change.after)
    elif last in wanted:
        target[last] = change.after
    else:
        del target[last]
