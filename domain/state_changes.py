"""The differences between two states of an entity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.json_object import JsonObject

_BOOKKEEPING: Final = frozenset({"revision", "createdAt", "updatedAt"})
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class StateChange:
    """A value of an entity that is another one now.

    `path` leads to it: names of fields in the API, and indexes of lists as texts. Values are plain
    JSON; None where there was, or is, nothing.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def changes_between(
    before: JsonObject | None, after: JsonObject | None, key_name: str
) -> tuple[StateChange, ...]:
    """The changes from one state to a later one, in the order of the later one's fields.

    Objects and lists are compared member by member; what only one of the two has is one change,
    whole. A state is None where the entity wasn't there. The key is left out, and so is what
    storage decides about: revision and times.
    """
    old, new = (
        {
            name: value
            for name, value in ({} if state is None else state.to_python()).items()
            if name != key_name and name not in _BOOKKEEPING
        }
        for state in (before, after)
    )
    return tuple(_changes(old, new, ()))


def _changes(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[StateChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_members(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_members(_by_index(old), _by_index(new), path)
    elif type(old) is not type(new) or old != new:
        yield StateChange(path, None if old is _ABSENT else old, None if new is _ABSENT else new)


def _of_members(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[StateChange]:
    for name in [*new, *(name for name in old if name not in new)]:
        yield from _changes(old.get(name, _ABSENT), new.get(name, _ABSENT), (*path, name))


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}
