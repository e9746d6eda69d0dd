"""The failures of a run, and the errors that are reported of them."""

from collections.abc import Sequence
from typing import NamedTuple

from graphql import FieldNode, GraphQLError, located_error

from execution.response_paths import PathSegment, ResponsePaths


class _Failure(NamedTuple):
    round: int
    path: tuple[PathSegment, ...]
    error: GraphQLError


class Failures:
    """The failures of a run."""

    def __init__(self) -> None:
        self._found: list[_Failure] = []

    @property
    def rounds(self) -> int:
        """The number of a round that comes after all of them."""
        return max((failure.round + 1 for failure in self._found), default=0)

    def add(
        self,
        error: Exception,
        nodes: Sequence[FieldNode],
        paths: ResponsePaths,
        index: int,
        round: int,
    ) -> None:
        """Note that the value at this index failed, after so many rounds of waiting."""
        path = paths.path(index)
        located = located_error(error, nodes, [segment.key for segment in path])
        self._found.append(_Failure(round, path, located))

    def errors(self) -> list[GraphQLError]:
        """The errors that are reported: for each path that becomes null, the first below it.

        Errors of round 0 come in the order of the document, then those of round 1, and so on. A
        path that is null already, or is below one that is, gets no further error.
        """
        nulled: set[tuple[str | int, ...]] = set()
        errors: list[GraphQLError] = []
        for failure in sorted(self._found, key=_order):
            path = _nulled_by(failure.path)
            if nulled.isdisjoint(path[:length] for length in range(len(path) + 1)):
                nulled.add(path)
                errors.append(failure.error)
        return errors


def _order(failure: _Failure) -> tuple[int, tuple[int, ...]]:
    return failure.round, tuple(segment.order for segment in failure.path)


def _nulled_by(path: tuple[PathSegment, ...]) -> tuple[str | int, ...]:
    """The path that becomes null when the value at the end of this path fails."""
    length = len(path)
    while length and path[length - 1].is_non_null:
        length -= 1
    return tuple(segment.key for segment in path[:length])
