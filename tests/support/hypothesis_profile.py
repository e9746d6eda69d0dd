"""The one profile of Hypothesis for all tests, so that they mean the same on every machine."""

from typing import Final

from hypothesis import HealthCheck, settings

PROFILE: Final = "aicmo"


def load() -> None:
    """Take our profile in place of Hypothesis' own, of which it has another where CI is set.

    No example fails for being slow, and no test for the time that its examples take to be made: in
    a fresh clone, Hypothesis makes tables that it keeps for the next time. The examples are the
    same at every run, so none have to be kept. Tests that count what their examples have shown
    need no check of how many were filtered; those with fixtures know that these last for all
    examples.
    """
    settings.register_profile(
        PROFILE,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=True,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
            HealthCheck.filter_too_much,
            HealthCheck.function_scoped_fixture,
        ],
    )
    settings.load_profile(PROFILE)
