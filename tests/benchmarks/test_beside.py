"""Two builds are compared by the median of paired ratios, and by how sure it is."""

from itertools import pairwise
from math import comb

import pytest

from benchmarks.beside import cpu, interval_of_median, ratios, report
from benchmarks.contenders import BEFORE, MERCURIUS, OURS, PLAIN
from benchmarks.databases import Kind
from benchmarks.measuring import Case, Measurement, in_turn


def measured(
    requests_per_second: float = 100, cpu: float = 1.0, database: float = 0.0
) -> Measurement:
    return Measurement(requests_per_second, 0.01, 0.01, cpu, database, 0, 0.1)


def case(contender: str) -> Case:
    return Case(Kind.SQLITE.value, "list", 16, contender)


def test_ratios_are_those_of_the_same_round() -> None:
    ours = [measured(cpu=1.0, database=1.0), measured(cpu=4.0, database=2.0)]
    theirs = [measured(cpu=3.0, database=1.0), measured(cpu=1.0, database=1.0)]

    assert ratios(ours, theirs, cpu) == [0.5, 3.0]


def test_a_drift_that_meets_both_of_a_pair_does_not_count() -> None:
    drift = [0.5, 0.8, 1.0, 1.1, 1.3, 2.0]
    rounds = {
        case(OURS): [measured(102 * now, cpu=0.9 / now) for now in drift],
        case(BEFORE): [measured(100 * now, cpu=1.0 / now) for now in drift],
        case(PLAIN): [measured(1) for _ in drift],
    }

    [_, _, row] = report(rounds)

    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("list", "SQLite", "16"),
        *("1.020", "1.020 to 1.020"),
        *("0.900", "0.900 to 0.900"),
    ]


def test_there_is_no_table_where_the_build_before_was_not_measured() -> None:
    assert [*report({case(OURS): [measured()]})] == []


@pytest.mark.parametrize(("count", "rank"), [(6, 1), (9, 2), (20, 6), (40, 14)])
def test_an_interval_leaves_out_as_many_at_both_ends(count: int, rank: int) -> None:
    shuffled = [float(number * 7 % 41) for number in range(1, count + 1)]
    ascending = sorted(shuffled)

    assert interval_of_median(shuffled) == (ascending[rank - 1], ascending[count - rank])


@pytest.mark.parametrize("count", range(6, 60))
def test_an_interval_is_the_narrowest_that_is_sure_enough(count: int) -> None:
    interval = interval_of_median([float(number) for number in range(1, count + 1)])
    assert interval is not None
    rank = int(interval[0])

    def missed(rank: int) -> float:
        """The chance that the median is beyond the values of this rank from both ends."""
        return sum(comb(count, below) for below in range(rank)) / float(2 ** (count - 1))

    assert missed(rank) <= 0.05 < missed(rank + 1)


@pytest.mark.parametrize("count", range(1, 6))
def test_too_few_rounds_have_no_interval(count: int) -> None:
    assert interval_of_median([1.0] * count) is None


def test_contenders_take_turns_in_being_first() -> None:
    contenders = ["a", "b", "c"]

    assert {next(in_turn(contenders, number)) for number in range(3)} == {*contenders}


def test_both_builds_stay_beside_each_other_and_are_first_equally_often() -> None:
    for others in ([], [PLAIN], [PLAIN, MERCURIUS]):
        orders = [[*in_turn([BEFORE, OURS, *others], number)] for number in range(12)]

        pairs = [pair for order in orders for pair in pairwise(order)]
        assert sum({*pair} == {OURS, BEFORE} for pair in pairs) == 12
        assert pairs.count((OURS, BEFORE)) == 6
        assert all({*order} == {BEFORE, OURS, *others} for order in orders)
