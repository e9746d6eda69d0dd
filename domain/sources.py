"""The sources of the time and of new keys, which tests replace."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present time, aware and in UTC."""

NewKey = Callable[[str], str]
"""Returns a new business key with the given prefix."""


def random_bytes(count: int) -> bytes:
    """Bytes that nobody can guess, to make secrets of."""
    return secrets.token_bytes(count)


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
"""The digits of ten bits: every save makes a key, and a pair costs as much as a digit."""
_SHIFTS = range(120, -1, -10)
_RANDOM_BITS = 80


def utc_now() -> datetime:
    return datetime.now(UTC)


class UlidKeys:
    """Makes keys `<prefix>_<ULID>`: unique, and ordered by the time they were made.

    ULID: 48 bits of milliseconds since 1970, 80 random bits, in Crockford's base 32
    (https://github.com/ulid/spec); within a millisecond the random part counts up.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self, prefix: str) -> str:
        milliseconds = int(self._clock().timestamp() * 1000)
        with self._lock:
            fresh = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
            same_or_earlier = milliseconds <= self._last >> _RANDOM_BITS
            self._last = self._last + 1 if same_or_earlier else fresh
            value = self._last
        digits = "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])
        return f"{prefix}_{digits}"
