"""What fails in a run, and what is reported of it."""

from collections.abc import Sequence
from typing import NamedTuple

from graphql import FieldNode, GraphQLError, located_error

from execution.places import Places, Step


class _Failure(NamedTuple):
    round: int
    way: tuple[Step, ...]
    error: GraphQLError


class Failures:
    """The failures of a run."""

    def __init__(self) -> None:
        self._found: list[_Failure] = []

    @property
    def rounds(self) -> int:
        """A round that comes after all of them."""
        return max((failure.round + 1 for failure in self._found), default=0)

    def add(
        self,
        error: Exception,
        nodes: Sequence[FieldNode],
        places: Places,
        index: int,
        round: int,
    ) -> None:
        """Note that a value failed, after so many waits."""
        way = places.way(index)
        located = located_error(error, nodes, [step.key for step in way])
        self._found.append(_Failure(round, way, located))

    def errors(self) -> list[GraphQLError]:
        """What is reported: of all that fails under a place that becomes null, what came first.

        What fails at once comes in the order of the document, then what fails after one wait, and
        so on. A place that is null already, or is within one that is, gets no further error.
        """
        nulled: set[tuple[str | int, ...]] = set()
        errors: list[GraphQLError] = []
        for failure in sorted(self._found, key=_moment):
            place = _nulled_by(failure.way)
            if nulled.isdisjoint(place[:length] for length in range(len(place) + 1)):
                nulled.add(place)
                errors.append(failure.error)
        return errors


def _moment(failure: _Failure) -> tuple[int, tuple[int, ...]]:
    return failure.round, tuple(step.order for step in failure.way)


def _nulled_by(way: tuple[Step, ...]) -> tuple[str | int, ...]:
    """The place that becomes null when the value at the end of this way fails."""
    length = len(way)
    while length and way[length - 1].is_non_null:
        length -= 1
    return tuple(step.key for step in way[:length])
