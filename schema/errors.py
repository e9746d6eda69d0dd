"""Errors as clients get them.

Expected failures of a mutation are data: the `errors` of its payload. Everything else is a
top-level error with `extensions.code`.
"""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import StrawberryGraphQLError, StrawberryInputCoercionError
from strawberry.utils.str_converters import to_camel_case

from domain import errors as domain
from domain.bulk import BulkRejected, RowRejected
from schema.descriptions import describe_enum
from schema.upload_failures import UploadFailure

log = logging.getLogger("aicmo.operations")


class GivenName(str):
    """A step of a path as the client gave it: it's told as it is, and not in camelCase."""

    __slots__ = ()


class ErrorCode(StrEnum):
    VALIDATION = "VALIDATION"
    NOT_FOUND = "NOT_FOUND"
    REVISION_CONFLICT = "REVISION_CONFLICT"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    NOT_ALLOWED = "NOT_ALLOWED"
    REJECTED = "REJECTED"
    UPLOAD_REJECTED = "UPLOAD_REJECTED"


describe_enum(
    ErrorCode,
    "The kinds of expected failures of a mutation, for programs that don't look at `__typename`.",
    VALIDATION="A field breaks a rule; `path` names it. Sending the same again will fail again.",
    NOT_FOUND="The entity to change isn't there.",
    REVISION_CONFLICT="Somebody else changed the entity since you read it. Read it again.",
    INVALID_TRANSITION="The entity's state forbids this step.",
    NOT_ALLOWED="A rule forbids this step to this caller; others may take it.",
    REJECTED="Other rows of the bulk were refused, so nothing of it was stored.",
    UPLOAD_REJECTED="An upload can't be completed as it is; `failure` says why.",
)


@strawberry.interface(
    description=(
        "An expected failure of a mutation. Nothing was stored. "
        "Select `__typename`, `code`, `message` and `path` to handle all kinds alike."
    )
)
class MutationError:
    code: ErrorCode = strawberry.field(description="The kind of failure, for programs.")
    message: str = strawberry.field(description="What is wrong, in English, for people.")
    path: list[str] = strawberry.field(
        description=(
            "The way to the field to blame, from below `input`: field names, and list indexes as "
            'strings, like `["artifacts", "0", "url"]`. Empty when no field is to blame.'
        )
    )


@strawberry.type(description="A field of the input breaks a rule.")
class ValidationError(MutationError):
    pass


@strawberry.type(description="The entity that the mutation changes isn't there.")
class NotFoundError(MutationError):
    pass


@strawberry.type(
    description="The entity isn't at the revision that `expectedRevision` named; read it again."
)
class RevisionConflictError(MutationError):
    expected_revision: int = strawberry.field(description="The revision that the input expected.")
    actual_revision: int = strawberry.field(
        description="The stored revision; 0 when the entity isn't stored."
    )


@strawberry.type(description="The entity's state forbids this step.")
class InvalidTransitionError(MutationError):
    from_: str = strawberry.field(name="from", description="The state that the entity is in.")
    to: str = strawberry.field(description="The state that the mutation asked for.")


@strawberry.type(
    description=(
        "A rule forbids this step to this caller, whatever its scopes, such as an agent that would "
        "approve its own work. Others may take it."
    )
)
class NotAllowedError(MutationError):
    pass


@strawberry.type(
    description=(
        "Other rows of the bulk were refused, and its error policy then stores none. What is wrong "
        "with them is in their own results."
    )
)
class RejectedError(MutationError):
    pass


@strawberry.type(
    description=(
        "An upload can't be completed. Where bytes are missing they may still be sent; otherwise "
        "another upload has to be created, and the upload says why."
    )
)
class UploadRejectedError(MutationError):
    failure: UploadFailure = strawberry.field(description="Why, for programs.")


MUTATION_ERROR_TYPES = (
    ValidationError,
    NotFoundError,
    RevisionConflictError,
    InvalidTransitionError,
    NotAllowedError,
    RejectedError,
    UploadRejectedError,
)


def mutation_errors(error: domain.DomainError) -> list[MutationError]:
    """The payload's `errors` for an expected failure of a mutation; raises any other error."""
    match error:
        case domain.ValidationFailed():
            return [
                ValidationError(
                    code=ErrorCode.VALIDATION,
                    message=_message_of(violation),
                    path=_path(violation.path),
                )
                for violation in error.violations
            ]
        case domain.NotFound():
            return [
                NotFoundError(
                    code=ErrorCode.NOT_FOUND, message=str(error), path=_path([error.field])
                )
            ]
        case domain.RevisionConflict():
            return [
                RevisionConflictError(
                    code=ErrorCode.REVISION_CONFLICT,
                    message=str(error),
                    path=_path(["expected_revision"]),
                    expected_revision=error.expected,
                    actual_revision=error.actual,
                )
            ]
        case domain.InvalidTransition():
            return [
                InvalidTransitionError(
                    code=ErrorCode.INVALID_TRANSITION,
                    message=str(error),
                    path=[],
                    from_=error.source,
                    to=error.target,
                )
            ]
        case domain.NotAllowed():
            violation = domain.Violation((error.field,), error.reason)
            return [
                NotAllowedError(
                    code=ErrorCode.NOT_ALLOWED,
                    message=_message_of(violation),
                    path=_path(violation.path),
                )
            ]
        case BulkRejected() | RowRejected():
            return [RejectedError(code=ErrorCode.REJECTED, message=str(error), path=[])]
        case domain.UploadRejected():
            violation = domain.Violation((error.field,), error.reason)
            return [
                UploadRejectedError(
                    code=ErrorCode.UPLOAD_REJECTED,
                    message=_message_of(violation),
                    path=_path(violation.path),
                    failure=UploadFailure(error.failure),
                )
            ]
        case _:
            raise error


def _path(path: Iterable[domain.PathSegment]) -> list[str]:
    return [_named(segment) for segment in path]


def _named(segment: domain.PathSegment) -> str:
    return segment if isinstance(segment, GivenName) else to_camel_case(str(segment))


def _message_of(violation: domain.Violation) -> str:
    names = [_named(part) for part in violation.path if isinstance(part, str)]
    return ": ".join([*names[-1:], violation.message]) + "."


_EXPIRED: Final = (
    "the log doesn't have all events after this cursor. Subscribe without it, and then read the "
    "entities again."
)


class TopLevelCode(StrEnum):
    """`extensions.code` of top-level errors."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    STATE_EXPIRED = "STATE_EXPIRED"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class BadUserInput(GraphQLError):
    """An invalid argument of a query; the message names it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": TopLevelCode.BAD_USER_INPUT.value})


class Forbidden(GraphQLError):
    """The caller hasn't the scopes that the field requires: all of one of the lists."""

    def __init__(self, required: Sequence[Sequence[str]]) -> None:
        named = " or ".join(" and ".join(f"`{scope}`" for scope in each) for each in required)
        super().__init__(
            f"This requires the scope {named}.",
            extensions={"code": TopLevelCode.FORBIDDEN.value, "requiredScopes": list(required)},
        )


class LimitExceeded(GraphQLError):
    """The operation exceeds a limit."""

    def __init__(self, limit: str, amount: int, allowed: int) -> None:
        name = to_camel_case(limit)
        super().__init__(
            f"{name}: at most {allowed:,} allowed, but the operation has {_shown(amount)}.",
            extensions={
                "code": TopLevelCode.LIMIT_EXCEEDED.value,
                "limit": name,
                "allowed": allowed,
                "amount": min(amount, 2**53),
            },
        )


def _shown(amount: int) -> str:
    # Expanded fragments make unreadably large numbers.
    return f"{amount:,}" if amount < 10**9 else "more than a billion"


def execution_failure(error: GraphQLError, request_id: str) -> GraphQLError:
    """An error from execution, with its code; a bug's message is logged and masked."""
    cause = error.original_error
    if error.extensions and "code" in error.extensions:
        return error
    if isinstance(cause, domain.TimedOut | domain.Unavailable):
        _log_problem(request_id, cause)
        is_late = isinstance(cause, domain.TimedOut)
        return with_code(error, TopLevelCode.TIMEOUT if is_late else TopLevelCode.UNAVAILABLE)
    if isinstance(cause, domain.EventsRemoved):
        return with_code(error, TopLevelCode.CURSOR_EXPIRED, f"after: {_EXPIRED}")
    if isinstance(cause, domain.StateRemoved):
        return with_code(error, TopLevelCode.STATE_EXPIRED)
    if _is_denial(cause):
        return with_code(error, TopLevelCode.FORBIDDEN, **(error.extensions or {}))
    if isinstance(cause, domain.AnswerTooLarge):
        return with_code(
            error, TopLevelCode.LIMIT_EXCEEDED, limit="answerBytes", allowed=cause.allowed
        )
    if cause is None or isinstance(cause, GraphQLError):
        return with_code(error, TopLevelCode.BAD_USER_INPUT)
    log.error("request %s: unexpected error at %s", request_id, error.path, exc_info=cause)
    return with_code(
        error,
        TopLevelCode.INTERNAL_SERVER_ERROR,
        f"Something went wrong on our side. Mention request {request_id} when you report it.",
        requestId=request_id,
    )


def _is_denial(cause: Exception | None) -> bool:
    """Whether a permission denied a field.

    Permissions raise Strawberry's error, or Python's. With an `errno`, Python's comes from the
    operating system: that is a fault of the server.
    """
    if isinstance(cause, PermissionError):
        return cause.errno is None
    return isinstance(cause, StrawberryGraphQLError) and not isinstance(
        cause, StrawberryInputCoercionError
    )


def _log_problem(request_id: str, problem: domain.DomainError) -> None:
    """Log one line, with the database's reason."""
    reason = problem.__cause__
    line = f"{problem} ({type(reason).__name__}: {_first_line(reason)})" if reason else problem
    extra = {"problem": str(problem), "request_id": request_id}
    log.warning("request %s: %s", request_id, line, extra=extra)


def _first_line(error: BaseException) -> str:
    # Further lines may contain data.
    return str(error).partition("\n")[0]


def with_code(
    error: GraphQLError, code: TopLevelCode, message: str | None = None, **extensions: Any
) -> GraphQLError:
    """A copy of the error with a code as `extensions.code`, and perhaps another message."""
    return GraphQLError(
        message or error.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code.value, **extensions},
    )
