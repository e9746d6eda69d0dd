"""Limits of the input, and the checks that commands consist of.

Every check returns a `Violation` for each broken rule, so that a command reports all of its wrong
fields at once.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from types import NoneType
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
_JSON_SCAN_BYTES: Final = 2 * JSON_BYTES
"""The scan of a JSON object stops after so many bytes."""
MAX_VIOLATIONS: Final = 1_000
MAX_VIOLATIONS_IN_JSON: Final = 100
"""How many violations of one JSON value are told, such as a line of an import."""
URL_SCHEMES: Final = ("http", "https", "s3", "file")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_PLAIN_URL = re.compile(r"(https?|s3)://[A-Za-z0-9.-]+(/[!-~]*)?")
"""Matches most valid URLs, and only valid ones; these need no further check."""
_WHITESPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")

Violations = Iterable[Violation]
Found = tuple[Violation, ...]
"""The violations of one value: mostly none, so that a check costs next to nothing."""

_JSON_TYPES: Final = frozenset({str, int, float, bool, NoneType, dict, list})


class Checked(Protocol):
    """A command, or a part of one."""

    def violations(self) -> Violations:
        """A violation for each broken rule, in the order of the fields."""
        ...


def require_valid(command: Checked, limit: int = MAX_VIOLATIONS) -> None:
    """Raise ValidationFailed with the violations of the command, if there are any.

    With all of them, unless there are more than `limit`: than anybody would read.
    """
    if found := tuple(islice(command.violations(), limit)):
        raise ValidationFailed(found)


def unstorable(value: str) -> str | None:
    """The reason why no database can store this text; None if it can be stored."""
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


def not_before(field: str, value: datetime | None, earlier: str, begin: datetime | None) -> Found:
    """A time that isn't before another one, of the field `earlier`; both may be absent."""
    if value is None or begin is None or None in (value.tzinfo, begin.tzinfo) or value >= begin:
        return ()
    return _broken(field, f"must not be before `{earlier}`")


def url(field: str, value: str, schemes: Sequence[str] = URL_SCHEMES) -> Found:
    """An absolute URL of one of these schemes, by default of those that artifacts may have."""
    if found := text(field, value, URL_LENGTH):
        return found
    is_url = _PLAIN_URL.fullmatch(value) or _has_all_of_a_url(value)
    if is_url and (schemes is URL_SCHEMES or urlsplit(value).scheme in schemes):
        return ()
    *others, last = schemes
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


def texts(
    field: str, values: Sequence[str], limit: int = PROSE_LENGTH, *, blank: bool = True
) -> Violations:
    """A list of free texts; none is blank unless `blank` allows it."""
    yield from _length(field, values)
    for index, value in enumerate(values[:LIST_LENGTH]):
        for violation in text(field, value, limit, blank=blank):
            yield Violation((field, index), violation.message)


class Rule(ABC):
    """A rule for all parts of a list.

    Mostly all parts obey it, and one check of all of them is faster.
    """

    @abstractmethod
    def violations(self, part: object) -> Found: ...

    @abstractmethod
    def surely_holds(self, parts: Sequence[object]) -> bool:
        """Whether all parts, at least one, obey the rule; False if each part has to be checked."""


class FieldRule(Rule):
    """A rule for one field of the parts."""

    def __init__(self, field: str) -> None:
        self.field = field
        self._value_of = attrgetter(field)

    def violations(self, part: object) -> Found:
        return self._check(self._value_of(part))

    def surely_holds(self, parts: Sequence[object]) -> bool:
        return self._surely_hold(list(map(self._value_of, parts)))

    @abstractmethod
    def _check(self, value: Any) -> Found: ...

    @abstractmethod
    def _surely_hold(self, values: list[Any]) -> bool: ...


class TextRule(FieldRule):
    """The rule of `text`."""

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


class OptionalRule(FieldRule):
    """A rule for the values of a field that may be absent."""

    def _check(self, value: Any) -> Found:
        return () if value is None else self._check_given(value)

    def _surely_hold(self, values: list[Any]) -> bool:
        given = [value for value in values if value is not None]
        return not given or self._surely_hold_given(given)

    @abstractmethod
    def _check_given(self, value: Any) -> Found: ...

    @abstractmethod
    def _surely_hold_given(self, values: list[Any]) -> bool: ...


class OptionalTextRule(OptionalRule):
    """The rule of `text`, where it's given."""

    def __init__(self, field: str, limit: int) -> None:
        super().__init__(field)
        self._given = TextRule(field, limit)

    def _check_given(self, value: str) -> Found:
        return self._given._check(value)

    def _surely_hold_given(self, values: list[str]) -> bool:
        return self._given._surely_hold(values)


class OptionalUrlRule(OptionalRule):
    """The rule of `url`."""

    def _check_given(self, value: str) -> Found:
        return url(self.field, value)

    def _surely_hold_given(self, values: list[str]) -> bool:
        return max(map(len, values)) <= URL_LENGTH and all(map(_PLAIN_URL.fullmatch, values))


class OptionalKeyRule(OptionalRule):
    """The rule of `key`."""

    def _check_given(self, value: str) -> Found:
        return key(self.field, value)

    def _surely_hold_given(self, values: list[str]) -> bool:
        return not any(self._check_given(value) for value in values)


class OptionalPositiveRule(OptionalRule):
    """The rule of `positive`."""

    def _check_given(self, value: int) -> Found:
        return positive(self.field, value)

    def _surely_hold_given(self, values: list[int]) -> bool:
        return min(values) >= 1 and max(values) <= INT_MAX


class TogetherRule(Rule):
    """A field is given where another one is; it's to blame where it isn't."""

    def __init__(self, field: str, other: str, message: str) -> None:
        self._values_of = attrgetter(field, other)
        self._missing = _broken(field, message)

    def violations(self, part: object) -> Found:
        one, other = self._values_of(part)
        return self._missing if one is None and other is not None else ()

    def surely_holds(self, parts: Sequence[object]) -> bool:
        return [*map(self._values_of, parts)].count((None, None)) == len(parts)


class EitherRule(Rule):
    """A field is given, or else another one, and not both; the first one is to blame."""

    def __init__(self, field: str, other: str, *, absent: str, both: str) -> None:
        """`absent` and `both` are the messages where neither is given, and where both are."""
        self._values_of = attrgetter(field, other)
        self._absent = _broken(field, absent)
        self._both = _broken(field, both)

    def violations(self, part: object) -> Found:
        one, other = self._values_of(part)
        if one is None:
            return self._absent if other is None else ()
        return () if other is None else self._both

    def surely_holds(self, parts: Sequence[object]) -> bool:
        return not any(map(self.violations, parts))


class RuledPart:
    """A part of a list, checked by the rules of its class."""

    __slots__ = ()

    rules: ClassVar[tuple[Rule, ...]]

    def violations(self) -> Violations:
        for rule in self.rules:
            yield from rule.violations(self)


def items(field: str, values: Sequence[Checked]) -> Violations:
    """A list of parts of one class, each with checks of its own."""
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
    least, is_surely_kept = _scanned(value)
    if least > _JSON_SCAN_BYTES:
        yield _too_much_json(field, f"{least:,} or more")
        return
    reasons = [] if is_surely_kept else list(islice(_json_reasons(value), MAX_VIOLATIONS_IN_JSON))
    for pointer, reason in reasons:
        where = f", at {pointer}" if pointer else ""
        yield Violation((field,), f"{reason}{where}")
    if not reasons and (size := len(dumps(value).encode())) > JSON_BYTES:
        yield _too_much_json(field, f"{size:,}")


def _too_much_json(field: str, size: str) -> Violation:
    return Violation((field,), f"must have at most {JSON_BYTES:,} bytes as JSON, not {size}")


def _scanned(root: dict[str, Any]) -> tuple[int, bool]:
    """The least number of bytes as JSON, and whether all values can surely be stored.

    It scans all values of a level together, which takes a fraction of the time of a scan one by
    one, and stops when the object is far too large.
    """
    size, is_surely_kept = 0, True
    containers: list[Any] = [root]
    for _ in range(JSON_LEVELS):
        # A value takes a byte, and one more before the next one or the end.
        size += 2 * sum(map(len, containers))
        if size > _JSON_SCAN_BYTES:
            break
        values: list[Any] = []
        texts: list[str] = []
        for container in containers:
            if type(container) is dict:
                texts += container
                values += container.values()
            else:
                values += container
        types = set(map(type, values))
        texts += [value for value in values if type(value) is str]
        size += sum(map(len, texts))
        if size > _JSON_SCAN_BYTES:
            break
        integers = [value for value in values if type(value) is int]
        floats = [value for value in values if type(value) is float]
        is_surely_kept = (
            is_surely_kept
            and types <= _JSON_TYPES
            and unstorable("".join(texts)) is None
            and (not integers or (_fits(min(integers)) and _fits(max(integers))))
            and all(map(math.isfinite, floats))
        )
        containers = [it for it in values if type(it) is dict or type(it) is list]
        if not containers:
            return size, is_surely_kept
    return size, False


def _fits(integer: int) -> bool:
    return -(2**63) <= integer < 2**63


def _json_reasons(root: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (JSON Pointer, reason) for each value that can't be stored. It is iterative, since
    clients choose the depth.
    """
    steps: list[str | int] = []
    levels = [_members(root)]
    while levels:
        for step, value in levels[-1]:
            if isinstance(step, str) and (reason := unstorable(step)):
                yield _pointer(steps), f"names {reason}"
            if isinstance(value, dict | list):
                steps.append(step)
                if len(levels) == JSON_LEVELS:
                    reason = f"must be nested at most {JSON_LEVELS} levels deep"
                    yield _shorten(_pointer(steps)), reason
                    return
                levels.append(_members(value))
                break
            if reason := _json_reason(value):
                yield _pointer([*steps, step]), reason
        else:
            levels.pop()
            del steps[-1:]


def _members(container: dict[str, Any] | list[Any]) -> Iterator[tuple[str | int, Any]]:
    """The values by their names, or by their indexes."""
    return iter(container.items() if isinstance(container, dict) else enumerate(container))


def _json_reason(value: Any) -> str | None:
    if isinstance(value, str):
        return unstorable(value)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if _fits(value) else "integers must fit in 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "numbers must be finite"
    return f"{type(value).__name__} is not a JSON value"


def _pointer(steps: Sequence[str | int]) -> str:
    return "".join(f"/{_escape(step) if isinstance(step, str) else step}" for step in steps)


def _escape(name: str) -> str:
    printable = name.encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00")
    return _shorten(printable).replace("~", "~0").replace("/", "~1")


def _shorten(value: str, limit: int = 60) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"
