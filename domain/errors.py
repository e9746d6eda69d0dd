"""Expected failures. One place in `schema` converts them to typed GraphQL errors."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

PathSegment = str | int


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one field of a command breaks.

    `path` leads from the command to the field: attribute names (snake_case) and list indexes.
    `message` continues the field's name and a colon, without a full stop.
    """

    path: tuple[PathSegment, ...]
    message: str

    def under(self, *prefix: PathSegment) -> "Violation":
        return replace(self, path=(*prefix, *self.path))


class DomainError(Exception):
    """The base class of expected failures."""


class ValidationFailed(DomainError):
    """The command breaks at least one rule; nothing was stored."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(violation.message for violation in self.violations))

    @classmethod
    def at(cls, field: str, message: str) -> "ValidationFailed":
        return cls([Violation((field,), message)])


class NotFound(DomainError):
    """The entity that the command changes isn't there."""

    def __init__(self, entity: str, field: str, key: str) -> None:
        self.entity = entity
        self.field = field
        self.key = key
        super().__init__(f"There is no {entity} with this key.")


class RevisionConflict(DomainError):
    """The stored revision isn't the one that the command was made for (0: not stored)."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(f"Expected revision {expected}, but the stored revision is {actual}.")


class InvalidTransition(DomainError):
    """The entity's present state forbids this step."""

    def __init__(self, entity: str, source: str, target: str) -> None:
        self.source = source
        self.target = target
        super().__init__(f"A {entity} that is {source} can't become {target}.")


class NotAllowed(DomainError):
    """A rule forbids this step to this caller, though others may take it."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(reason)


class UploadRejected(DomainError):
    """An upload can't be completed as it is; `failure` names the reason for programs."""

    def __init__(self, field: str, failure: str, reason: str) -> None:
        self.field = field
        self.failure = failure
        self.reason = reason
        super().__init__(reason)


class TimedOut(DomainError):
    """The deadline passed before the commit began; nothing was stored."""


class Unavailable(DomainError):
    """The storage can't take this unit of work now; the same call may succeed later."""


class EventsRemoved(DomainError):
    """The log doesn't have all events after a position: some were removed, or it isn't there."""

    def __init__(self) -> None:
        super().__init__("The log doesn't have all events after this position.")


class StateRemoved(DomainError):
    """The log doesn't say any more what an entity was: the event was removed, or the entity is
    older than the log."""

    def __init__(self) -> None:
        super().__init__("It isn't known any more what the entity was then.")


class AnswerTooLarge(DomainError):
    """The answer would have more bytes than are `allowed`."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(
            f"answerBytes: at most {allowed:,} allowed, but the answer has more; "
            "ask for fewer items or fields at once."
        )
