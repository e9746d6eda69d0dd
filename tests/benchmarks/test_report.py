"""The report of measurements: ratios, targets, tables, and their place in the documentation."""

import pytest

from benchmarks.contenders import MERCURIUS, OURS, PLAIN
from benchmarks.databases import Kind
from benchmarks.documentation import PAGE, written
from benchmarks.measuring import Case, Measurement
from benchmarks.tables import table
from benchmarks.targets import checklist, ratio_at


def case(contender: str, scenario: str = "list", concurrency: int = 16) -> Case:
    return Case(Kind.POSTGRESQL.value, scenario, concurrency, contender)


def measured(requests_per_second: float = 100, p99: float = 0.01, memory: float = 0) -> Measurement:
    return Measurement(requests_per_second, 0.01, p99, 0.001, 0.001, memory, 0.1)


def test_rounds_come_to_their_median_in_each_respect() -> None:
    rounds = [measured(100, p99=0.03), measured(300, p99=0.01), measured(200, p99=0.02)]

    assert Measurement.median_of(rounds) == measured(200, p99=0.02)


def test_a_ratio_is_that_of_requests_under_the_same_load() -> None:
    outcome = {
        case(OURS): measured(300),
        case(MERCURIUS): measured(200),
        case(MERCURIUS, concurrency=1): measured(10),
    }

    assert ratio_at(outcome, case(OURS), MERCURIUS) == 1.5
    assert ratio_at(outcome, case(OURS), PLAIN) is None


@pytest.mark.parametrize(("slowest", "is_reached"), [(160, "yes"), (140, "no")])
def test_a_ratio_is_reached_when_it_is_at_every_concurrency(
    slowest: float, is_reached: str
) -> None:
    outcome = {
        case(OURS, concurrency=1): measured(slowest),
        case(MERCURIUS, concurrency=1): measured(100),
        case(OURS): measured(900),
        case(MERCURIUS): measured(100),
    }

    [ratio] = checklist(outcome)

    assert ratio == (
        "list on PostgreSQL: 1.5 times mercurius + jit",
        is_reached,
        f"{slowest / 100:.2f} (1), 9.00 (16) at once",
    )


def test_a_ratio_may_be_wanted_at_one_concurrency() -> None:
    outcome = {
        case(OURS, "chain", 1): measured(10),
        case(MERCURIUS, "chain", 1): measured(100),
        case(OURS, "chain", 16): measured(260),
        case(MERCURIUS, "chain", 16): measured(100),
    }

    [ratio] = checklist(outcome)

    assert ratio == (
        "chain on PostgreSQL: 2.5 times mercurius + jit, 16 at once",
        "yes",
        "2.60 (16) at once",
    )


def test_what_is_bounded_is_judged_by_the_worst() -> None:
    outcome = {
        case(OURS, "list", 64): measured(memory=100e6),
        case(OURS, "save", 64): measured(memory=130e6),
        case(PLAIN, "save", 64): measured(memory=900e6),
        Case(Kind.SQLITE.value, "save", 16, OURS): measured(p99=0.049),
    }

    rows = {what.split()[0]: (is_reached, told) for what, is_reached, told in checklist(outcome)}

    assert rows == {
        "p99": ("yes", "49.0 ms"),
        "memory": ("no", "130 MB"),
    }


def test_columns_of_a_table_line_up() -> None:
    assert [*table(("server", "ms"), [("a", "1.5"), ("longer", "10.0")], texts=1)] == [
        "| server |   ms |",
        "| ------ | ---: |",
        "| a      |  1.5 |",
        "| longer | 10.0 |",
    ]


def test_a_report_takes_the_place_of_the_last_one() -> None:
    page = "Before\n\n<!-- growth -->\n\nold\n\n<!-- end of growth -->\n\nAfter\n"

    page = written(page, "growth", r"new \1")

    assert page == "Before\n\n<!-- growth -->\n\nnew \\1\n\n<!-- end of growth -->\n\nAfter\n"
    with pytest.raises(ValueError, match="0 places for 'pool'"):
        written(page, "pool", "new")


@pytest.mark.parametrize("section", ["comparison", "growth", "pool", "migrations"])
def test_the_documentation_has_a_place_for_each_report(section: str) -> None:
    assert "new" in written(PAGE.read_text("utf-8"), section, "new")
