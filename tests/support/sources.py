"""The sources of time and keys, as tests set them."""

from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


class SettableClock:
    """Stands still until it is set or moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Forwards, or back, by what timedelta understands; gives the new time."""
        self.now += timedelta(**by)
        return self.now


class CountedKeys:
    """Makes `<prefix>-new-1`, `<prefix>-new-2` and so on; events are counted by themselves."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._events = count(1)

    def __call__(self, prefix: str) -> str:
        return f"{prefix}-new-{next(self._events if prefix == 'event' else self._numbers)}"
