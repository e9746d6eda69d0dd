"""Where in the response a value stands, worked out only when somebody asks.

Values of one level are handled together, so their places are kept together as well: each kind of
places knows how to find that of its i-th value from those of the level above.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from graphql.pyutils import Path

from execution.plans import FieldPlan, Shape


class Step(NamedTuple):
    """One step of the way to a value. `order` is where its key comes among its siblings."""

    key: str | int
    order: int
    is_non_null: bool


class Places(ABC):
    """The places of a column of values."""

    __slots__ = ("_paths",)

    def __init__(self) -> None:
        self._paths: dict[int, Path | None] = {}

    def path(self, index: int) -> Path | None:
        """The way to a value as resolvers see it; None to the root."""
        if index not in self._paths:
            self._paths[index] = self._path(index)
        return self._paths[index]

    @abstractmethod
    def way(self, index: int) -> tuple[Step, ...]:
        """The way to a value as errors need it."""

    @abstractmethod
    def in_field(self, index: int) -> "tuple[Places, int]":
        """The place of the field that a value belongs to, as an item of a list or as it is."""

    @abstractmethod
    def _path(self, index: int) -> Path | None: ...


class Root(Places):
    """That of the root value."""

    __slots__ = ()

    def way(self, index: int) -> tuple[Step, ...]:
        return ()

    def in_field(self, index: int) -> tuple[Places, int]:
        return self, index

    def _path(self, index: int) -> Path | None:
        return None


class Keys(Places):
    """Those of one field of the objects of a level."""

    __slots__ = ("_field", "_objects")

    def __init__(self, objects: Places, field: FieldPlan) -> None:
        super().__init__()
        self._objects = objects
        self._field = field

    def way(self, index: int) -> tuple[Step, ...]:
        field = self._field
        return *self._objects.way(index), Step(field.key, field.order, field.shape.is_non_null)

    def in_field(self, index: int) -> tuple[Places, int]:
        return self, index

    def _path(self, index: int) -> Path:
        return Path(self._objects.path(index), self._field.key, self._field.parent_type.name)


class Items(Places):
    """Those of the items of a column of lists, which have these lengths."""

    __slots__ = ("_lengths", "_lists", "_shape", "_starts")

    def __init__(self, lists: Places, lengths: Sequence[int], shape: Shape) -> None:
        super().__init__()
        self._lists = lists
        self._lengths = lengths
        self._shape = shape
        self._starts: list[int] | None = None

    def way(self, index: int) -> tuple[Step, ...]:
        number, position = self._found(index)
        return *self._lists.way(number), Step(position, position, self._shape.is_non_null)

    def in_field(self, index: int) -> tuple[Places, int]:
        return self._lists.in_field(self._found(index)[0])

    def _path(self, index: int) -> Path:
        number, position = self._found(index)
        return Path(self._lists.path(number), position, None)

    def _found(self, index: int) -> tuple[int, int]:
        """The number of the list that has the item, and the item's position in it."""
        if self._starts is None:
            self._starts = list(accumulate(self._lengths, initial=0))
        number = bisect_right(self._starts, index) - 1
        return number, index - self._starts[number]


class Subset(Places):
    """Those of some values of a column, by their indexes."""

    __slots__ = ("_column", "_indexes")

    def __init__(self, column: Places, indexes: Sequence[int]) -> None:
        super().__init__()
        self._column = column
        self._indexes = indexes

    def way(self, index: int) -> tuple[Step, ...]:
        return self._column.way(self._indexes[index])

    def in_field(self, index: int) -> tuple[Places, int]:
        return self._column.in_field(self._indexes[index])

    def _path(self, index: int) -> Path | None:
        return self._column.path(self._indexes[index])
