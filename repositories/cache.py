"""A cache that is bounded by the weight of its values."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

CACHE_BYTES: Final = 64 * 1024 * 1024
"""How much a cache keeps if nothing else is said."""

_SHARES: Final = 8
"""One value may have no more than a share of the cache, so that it drives out few others."""

_ENTRY: Final = 400
"""The bytes that each entry takes: its position in the order, and a key of a few parts."""


@dataclass(eq=False, slots=True)
class _Kept:
    value: Any
    number: int
    weight: int = 0
    is_used: bool = False
    """Whether it was used since it came to its position in the order."""


class Cache:
    """Values by their keys, which all together weigh `limit` bytes at most.

    The cache drops the oldest value first, but moves it to the end if it was used meanwhile
    (second chance). So a hit moves nothing, and the order is about that of use. The cache doesn't
    keep a value that weighs more than an eighth of the limit.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.weight = 0
        self._limit = limit
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Any:
        """The value that is kept under the key; None where there is none."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        kept.is_used = True
        return kept.value

    def keep(self, key: Hashable, value: Any, weight: int) -> int:
        """Keep the value in place of the key's last one; `weight` is in bytes, with the key's.

        Gives the number by which it may grow.
        """
        self.drop(key)
        kept = self._kept[key] = _Kept(value, next(self._numbers))
        self._grow(key, kept, weight + _ENTRY)
        return kept.number

    def grow(self, key: Hashable, number: int, weight: int) -> None:
        """Say that the value of this number, if it's still kept, weighs so much more; or less."""
        kept = self._kept.get(key)
        if kept is not None and kept.number == number:
            self._grow(key, kept, weight)

    def drop(self, key: Hashable) -> None:
        """Keep nothing under the key any more."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.weight -= kept.weight

    def _grow(self, key: Hashable, kept: _Kept, weight: int) -> None:
        kept.weight += weight
        self.weight += weight
        if kept.weight * _SHARES > self._limit:
            self.drop(key)
        while self.weight > self._limit:
            self._make_room(beside=kept)

    def _make_room(self, beside: _Kept) -> None:
        """Drop the first one, or let it come last."""
        key, first = next(iter(self._kept.items()))
        if first.is_used or first is beside:
            first.is_used = False
            self._kept.move_to_end(key)
        else:
            self.drop(key)
