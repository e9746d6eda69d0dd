"""What it costs a request to be counted in memory, in calls."""

from typing import Final

from domain.callers import Caller, CallerKind
from server.rate_limits import RateLimits
from tests.work.counting import counted_calls

OF_A_REQUEST: Final = 8
"""For the request and its cost. A request of a small query makes about 300 calls."""


def test_a_request_is_counted_by_a_few_calls() -> None:
    limits = RateLimits(requests=3_000, cost=1_000_000, failed_logins=30)
    caller = Caller(CallerKind.USER, "ada", None, "request-1", None)
    limits.count_request(caller)  # begins the minute
    limits.count_cost(caller, 51)
    with counted_calls() as nothing:
        pass

    with counted_calls() as calls:
        limits.count_request(caller)
        limits.count_cost(caller, 51)

    assert calls.made - nothing.made <= OF_A_REQUEST
