"""An outage that thousands of requests meet is a few lines in the log."""

import logging
from collections.abc import Callable, Iterator

import pytest

from server.logs import OncePerProblem


class Clock:
    """Time goes on when the test says so."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds == 10
        self._calls.append(call)

    def ten_seconds_pass(self) -> None:
        calls, self._calls = self._calls, []
        for call in calls:
            call()


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def once(clock: Clock) -> OncePerProblem:
    return OncePerProblem(10, clock.later)


@pytest.fixture
def written(once: OncePerProblem) -> Iterator[list[str]]:
    """The lines that come through."""
    handler = Lines()
    handler.addFilter(once)
    logging.getLogger("aicmo").addHandler(handler)
    yield handler.lines
    logging.getLogger("aicmo").removeHandler(handler)


def meet(problem: str, request_id: str | None = None) -> None:
    logging.getLogger("aicmo.operations").warning(
        "request %s: %s", request_id, problem, extra={"problem": problem, "request_id": request_id}
    )


def test_a_problem_is_told_once_and_then_counted(written: list[str], clock: Clock) -> None:
    for number in range(1_000):
        meet("The database is gone.", f"r{number}")
    assert written == ["request r0: The database is gone."]

    clock.ten_seconds_pass()
    assert written[1:] == ["The database is gone. (999 more in 10 seconds)"]

    meet("The database is gone.", "r1000")
    clock.ten_seconds_pass()
    assert written[2:] == ["The database is gone. (1 more in 10 seconds)"]


def test_what_was_counted_is_told_when_the_server_ends(
    written: list[str], once: OncePerProblem
) -> None:
    for number in range(20):
        meet("The database is gone.", f"r{number}")
    meet("The disk is full.", "r20")

    once.tell_rest()
    once.tell_rest()

    assert written == [
        "request r0: The database is gone.",
        "request r20: The disk is full.",
        "The database is gone. (19 more)",
    ]


def test_a_problem_that_is_over_is_told_again(written: list[str], clock: Clock) -> None:
    meet("The database is gone.", "r1")
    clock.ten_seconds_pass()
    meet("The database is gone.", "r2")
    clock.ten_seconds_pass()
    clock.ten_seconds_pass()

    assert written == ["request r1: The database is gone.", "request r2: The database is gone."]


def test_a_request_is_counted_once_however_many_of_its_fields_fail(
    written: list[str], clock: Clock
) -> None:
    for request_id in ("r1", "r2"):
        for _ in range(100):
            meet("It took too long.", request_id)
    clock.ten_seconds_pass()

    assert written == ["request r1: It took too long.", "It took too long. (1 more in 10 seconds)"]


def test_each_problem_and_everything_else_is_told_for_itself(written: list[str]) -> None:
    meet("The database is gone.", "r1")
    meet("It took too long.", "r1")
    for _ in range(2):
        logging.getLogger("aicmo.http").warning("a bug")

    assert written[2:] == ["a bug", "a bug"]
    assert len(written) == 4
