"""A server whose webhooks are tried again at once, and whose leases are short; to be killed."""

from datetime import timedelta

from domain import webhooks
from server import webhooks as sending


def hasten() -> None:
    """Make a hasty server of the one that starts next in this process."""
    webhooks.PAUSES = (timedelta(seconds=0.02),) * 1_000  # type: ignore[misc]
    sending._LEASE_MARGIN = 0.5  # type: ignore[misc]
