"""The response paths of values, computed only when an error or a resolver needs them.

The engine handles the values of one level together, so it keeps their paths together as well: each
class finds the path of its i-th value from the paths of the level above.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from graphql.pyutils import Path

from execution.plans import FieldPlan, Shape


class PathSegment(NamedTuple):
    """One segment of a response path. `order` is the position of its key among its siblings."""

    key: str | int
    order: int
    is_non_null: bool


class ResponsePaths(ABC):
    """The paths of a column of values."""

    __slots__ = ("_info_paths",)

    def __init__(self) -> None:
        self._info_paths: dict[int, Path | None] = {}

    def info_path(self, index: int) -> Path | None:
        """The path of a value as resolvers get it in `info.path`; None for the root value."""
        if index not in self._info_paths:
            self._info_paths[index] = self._info_path(index)
        return self._info_paths[index]

    @abstractmethod
    def path(self, index: int) -> tuple[PathSegment, ...]:
        """The path of a value as errors need it."""

    @abstractmethod
    def in_field(self, index: int) -> "tuple[ResponsePaths, int]":
        """The path of the field that a value belongs to, as an item of a list or as it is."""

    @abstractmethod
    def _info_path(self, index: int) -> Path | None: ...


class RootPath(ResponsePaths):
    """The path of the root value, which is empty."""

    __slots__ = ()

    def path(self, index: int) -> tuple[PathSegment, ...]:
        return ()

    def in_field(self, index: int) -> tuple[ResponsePaths, int]:
        return self, index

    def _info_path(self, index: int) -> Path | None:
        return None


class FieldPaths(ResponsePaths):
    """The paths of one field of the objects of a level."""

    __slots__ = ("_field", "_objects")

    def __init__(self, objects: ResponsePaths, field: FieldPlan) -> None:
        super().__init__()
        self._objects = objects
        self._field = field

    def path(self, index: int) -> tuple[PathSegment, ...]:
        field = self._field
        segment = PathSegment(field.key, field.order, field.shape.is_non_null)
        return *self._objects.path(index), segment

    def in_field(self, index: int) -> tuple[ResponsePaths, int]:
        return self, index

    def _info_path(self, index: int) -> Path:
        return Path(self._objects.info_path(index), self._field.key, self._field.parent_type.name)


class ItemPaths(ResponsePaths):
    """The paths of the items of a column of lists, which have these lengths."""

    __slots__ = ("_lengths", "_lists", "_shape", "_starts")

    def __init__(self, lists: ResponsePaths, lengths: Sequence[int], shape: Shape) -> None:
        super().__init__()
        self._lists = lists
        self._lengths = lengths
        self._shape = shape
        self._starts: list[int] | None = None

    def path(self, index: int) -> tuple[PathSegment, ...]:
        number, position = self._found(index)
        segment = PathSegment(position, position, self._shape.is_non_null)
        return *self._lists.path(number), segment

    def in_field(self, index: int) -> tuple[ResponsePaths, int]:
        return self._lists.in_field(self._found(index)[0])

    def _info_path(self, index: int) -> Path:
        number, position = self._found(index)
        return Path(self._lists.info_path(number), position, None)

    def _found(self, index: int) -> tuple[int, int]:
        """The number of the list that has the item, and the item's position in it."""
        if self._starts is None:
            self._starts = list(accumulate(self._lengths, initial=0))
        number = bisect_right(self._starts, index) - 1
        return number, index - self._starts[number]


class Subset(ResponsePaths):
    """The paths of some values of a column, by their indexes."""

    __slots__ = ("_column", "_indexes")

    def __init__(self, column: ResponsePaths, indexes: Sequence[int]) -> None:
        super().__init__()
        self._column = column
        self._indexes = indexes

    def path(self, index: int) -> tuple[PathSegment, ...]:
        return self._column.path(self._indexes[index])

    def in_field(self, index: int) -> tuple[ResponsePaths, int]:
        return self._column.in_field(self._indexes[index])

    def _info_path(self, index: int) -> Path | None:
        return self._column.info_path(self._indexes[index])
