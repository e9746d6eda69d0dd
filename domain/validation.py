"""Limits of the input, and the checks that commands are made of.

Every check gives a `Violation` for each rule that is broken, so that a command reports all of
its wrong fields at once.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import urlsplit

from domain.errors import ValidationFailed, Violation
from domain.json_object import dumps

KEY_LENGTH: Final = 200
NAME_LENGTH: Final = 500
FORMAT_LENGTH: Final = 50
URL_LENGTH: Final = 2_048
PROSE_LENGTH: Final = 10_000
BODY_LENGTH: Final = 1_000_000
LIST_LENGTH: Final = 500
JSON_BYTES: Final = 256 * 1024
JSON_LEVELS: Final = 32
INT_MAX: Final = 2**31 - 1
MOST_VIOLATIONS: Final = 1_000
MOST_VIOLATIONS_IN_JSON: Final = 100
URL_SCHEMES: Final = ("http", "https", "s3", "file")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_PLAIN_URL = re.compile(r"(https?|s3)://[A-Za-z0-9.-]+(/[!-~]*)?")
"""Most of the URLs that there are, and only good ones: of these it's told at once."""
_WHITESPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")

Violations = Iterable[Violation]
Found = tuple[Violation, ...]
"""What the check of one value found: nothing, mostly, and then it has cost next to nothing."""


class Checked(Protocol):
    """A command, or a part of one."""

    def violations(self) -> Violations:
        """Each rule that is broken, in the order of the fields."""
        ...


def require_valid(command: Checked) -> None:
    """Raise ValidationFailed with the violations of the command, if there is any.

    With all of them, unless there are more than anybody would read.
    """
    if found := tuple(islice(command.violations(), MOST_VIOLATIONS)):
        raise ValidationFailed(found)


def unstorable(value: str) -> str | None:
    """Why no database can hold this text, or None when it can."""
    if value.isascii() and "\x00" not in value:
        return None
    if "\x00" in value:
        return "must not contain NUL (U+0000)"
    if _LONE_SURROGATE.search(value):
        return "must not contain lone surrogates (U+D800 to U+DFFF)"
    return None


def text(field: str, value: str, limit: int, *, blank: bool = False) -> Found:
    """At most `limit` characters; not blank unless `blank` allows it."""
    if len(value) > limit:
        return _broken(field, f"must have at most {limit:,} characters, not {len(value):,}")
    # Most texts are printable, and all that is can be kept.
    if not value.isprintable() and (reason := unstorable(value)):
        return _broken(field, reason)
    if not blank and not value.strip():
        return _broken(field, "must not be blank")
    return ()


def key(field: str, value: str) -> Found:
    """A business key, or a reference to one."""
    if found := text(field, value, KEY_LENGTH):
        return found
    if _CONTROL.search(value):
        return _broken(field, "must not contain control characters")
    if value != value.strip():
        return _broken(field, "must not begin or end with white space")
    return ()


def optional_key(field: str, value: str | None) -> Found:
    return () if value is None else key(field, value)


def expected_revision(value: int | None) -> Found:
    if value is not None and value < 0:
        return _broken("expected_revision", "must not be negative")
    return ()


def positive(field: str, value: int | None) -> Found:
    if value is not None and not 1 <= value <= INT_MAX:
        return _broken(field, f"must be from 1 to {INT_MAX:,}")
    return ()


def finite(field: str, value: float) -> Found:
    return () if math.isfinite(value) else _broken(field, "must be a finite number")


def between(field: str, value: float, low: float, high: float) -> Found:
    return () if low <= value <= high else _broken(field, f"must be from {low:g} to {high:g}")


def moment(field: str, value: datetime | None) -> Found:
    """An aware time that both databases can hold."""
    if value is None:
        return ()
    if value.tzinfo is None:
        return _broken(field, "must have an offset from UTC")
    if not EARLIEST <= value <= LATEST:
        return _broken(field, "must be in the years 1970 to 9998 (UTC)")
    return ()


def url(field: str, value: str) -> Found:
    """An absolute URL of one of the schemes that artifacts may have."""
    if found := text(field, value, URL_LENGTH):
        return found
    if _PLAIN_URL.fullmatch(value) or _has_all_of_a_url(value):
        return ()
    *others, last = URL_SCHEMES
    return _broken(field, f"must be an absolute URL ({', '.join(others)} or {last})")


def _has_all_of_a_url(value: str) -> bool:
    if _WHITESPACE_OR_CONTROL.search(value):
        return False
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises on a port that is none
    except ValueError:
        return False
    if parts.scheme not in URL_SCHEMES or not value[len(parts.scheme) :].startswith("://"):
        return False
    return len(parts.path) > 1 if parts.scheme == "file" else bool(parts.hostname)


def texts(field: str, values: Sequence[str], limit: int = PROSE_LENGTH) -> Violations:
    """A list of free texts."""
    yield from _length(field, values)
    for index, value in enumerate(values[:LIST_LENGTH]):
        for violation in text(field, value, limit, blank=True):
            yield Violation((field, index), violation.message)


class Rule(ABC):
    """What a field of each part of a list has to keep.

    Mostly all of them keep it, which is sooner told of all at once.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self._value_of = attrgetter(field)

    def violations(self, part: object) -> Found:
        return self._check(self._value_of(part))

    def surely_holds(self, parts: Sequence[object]) -> bool:
        """Whether all parts, at least one, keep it; False where that's not seen at once."""
        return self._surely_hold(list(map(self._value_of, parts)))

    @abstractmethod
    def _check(self, value: Any) -> Found: ...

    @abstractmethod
    def _surely_hold(self, values: list[Any]) -> bool: ...


class TextRule(Rule):
    """That of `text`."""

    def __init__(self, field: str, limit: int, *, blank: bool = False) -> None:
        super().__init__(field)
        self._limit = limit
        self._blank = blank

    def _check(self, value: str) -> Found:
        return text(self.field, value, self._limit, blank=self._blank)

    def _surely_hold(self, values: list[str]) -> bool:
        return (
            max(map(len, values)) <= self._limit
            and unstorable("".join(values)) is None
            and (self._blank or all(map(str.strip, values)))
        )


class UrlRule(Rule):
    """That of `url`."""

    def _check(self, value: str) -> Found:
        return url(self.field, value)

    def _surely_hold(self, values: list[str]) -> bool:
        return max(map(len, values)) <= URL_LENGTH and all(map(_PLAIN_URL.fullmatch, values))


class RuledPart:
    """A part of a list, checked by the rules of its class."""

    __slots__ = ()

    rules: ClassVar[tuple[Rule, ...]]

    def violations(self) -> Violations:
        for rule in self.rules:
            yield from rule.violations(self)


def items(field: str, values: Sequence[Checked]) -> Violations:
    """A list of parts of one kind, each with checks of its own."""
    yield from _length(field, values)
    parts = values[:LIST_LENGTH]
    if parts and isinstance(parts[0], RuledPart) and _surely_hold(parts[0].rules, parts):
        return
    for index, part in enumerate(parts):
        for violation in part.violations():
            yield violation.under(field, index)


def _surely_hold(rules: Iterable[Rule], parts: Sequence[object]) -> bool:
    return all(rule.surely_holds(parts) for rule in rules)


def nested(field: str, part: Checked) -> Violations:
    """A part with checks of its own."""
    for violation in part.violations():
        yield violation.under(field)


def _length(field: str, values: Sequence[Any]) -> Found:
    if len(values) > LIST_LENGTH:
        return _broken(field, f"must have at most {LIST_LENGTH} items, not {len(values):,}")
    return ()


def _broken(field: str, message: str) -> Found:
    return (Violation((field,), message),)


def json_object(field: str, value: Any) -> Violations:
    """A JSON object within the limits; the message points into it by RFC 6901 (JSON Pointer)."""
    if value is None:
        return
    if not isinstance(value, dict):
        yield Violation((field,), "must be a JSON object")
        return
    reasons = list(islice(_json_reasons(value), MOST_VIOLATIONS_IN_JSON))
    for pointer, reason in reasons:
        where = f", at {pointer}" if pointer else ""
        yield Violation((field,), f"{reason}{where}")
    if not reasons and (size := len(dumps(value).encode())) > JSON_BYTES:
        yield Violation((field,), f"must have at most {JSON_BYTES:,} bytes as JSON, not {size:,}")


def _json_reasons(root: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(JSON Pointer, reason) for each value that can't be kept; iterative: depth is hostile."""
    pending: list[tuple[str, Any, int]] = [("", root, 1)]
    while pending:
        pointer, value, level = pending.pop()
        if isinstance(value, str):
            if reason := unstorable(value):
                yield pointer, reason
        elif isinstance(value, bool) or value is None:
            continue
        elif isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                yield pointer, "integers must fit in 64 bits"
        elif isinstance(value, float):
            if not math.isfinite(value):
                yield pointer, "numbers must be finite"
        elif level > JSON_LEVELS:
            yield _shorten(pointer), f"must be nested at most {JSON_LEVELS} levels deep"
            return
        elif isinstance(value, dict):
            for name, member in value.items():
                if reason := unstorable(name):
                    yield pointer, f"names {reason}"
                pending.append((f"{pointer}/{_escape(name)}", member, level + 1))
        elif isinstance(value, list):
            pending.extend((f"{pointer}/{i}", item, level + 1) for i, item in enumerate(value))
        else:
            yield pointer, f"{type(value).__name__} is not a JSON value"


def _escape(name: str) -> str:
    printable = name.encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00")
    return _shorten(printable).replace("~", "~0").replace("/", "~1")


def _shorten(value: str, limit: int = 60) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"
