"""The order in which files of tests begin."""

from pathlib import Path

from tests.conftest import LONGEST

TESTS = Path(__file__).parents[1]


def test_the_files_that_begin_first_are_there() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
