"""What the mutations of all modules have in common: a command runs, a payload is answered."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

import strawberry
from strawberry import UNSET

from domain.deletion import Delete
from domain.errors import DomainError
from repositories.unit_of_work import UnitOfWork
from schema.context import Info
from schema.entities import EntityKind
from schema.errors import MutationError, mutation_errors
from schema.node import global_id

C = TypeVar("C")
P = TypeVar("P", bound="Payload")


def required(description: str) -> Any:
    """A field that every input of its type has."""
    return strawberry.field(description=description)


def optional(description: str) -> Any:
    """A field that may be left out; null means the same."""
    return strawberry.field(default=UNSET, description=description)


def expected_revision() -> Any:
    return optional(
        "The revision that you last read: the mutation fails when the stored one differs. "
        "0 means that the entity must not exist yet. Left out, the latest wins."
    )


class CommandInput:
    """Base of inputs that mirror a command of the domain, or a part of one, field by field."""

    command_type: ClassVar[type[Any]]
    __dataclass_fields__: ClassVar[dict[str, Any]]


INPUT = strawberry.argument(description="What to do; see the fields of the input.")


def entity() -> Any:
    """The field of a payload that holds the entity."""
    return strawberry.field(
        description="The entity as it is stored now; null when `errors` says why not."
    )


@strawberry.type
class Payload:
    errors: list[MutationError] = strawberry.field(
        description="Why the mutation was refused; empty when it was carried out."
    )


@strawberry.type
class DeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The global `id` of what was deleted; null when `errors` says why not."
    )


async def run(
    info: Info,
    payload: Callable[..., P],
    field: str,
    work: Callable[[UnitOfWork, Any], Awaitable[Any]],
    input: CommandInput,
    *,
    in_one_call: bool = False,
) -> P:
    """Run the command of the input in a unit of work, and answer with the payload.

    The outcome goes into the payload's `field`; an expected failure into its `errors`.
    `in_one_call` promises what `Repositories.write` says.
    """
    return await _answer(info, payload, field, work, to_command(input), in_one_call=in_one_call)


async def run_delete(
    info: Info,
    payload: Callable[..., P],
    kind: EntityKind,
    work: Callable[[UnitOfWork, Delete], Awaitable[str]],
    input: Any,
) -> P:
    """Run the deletion that the input asks for; the payload has the global id of what is gone."""

    async def delete(unit: UnitOfWork, command: Delete) -> strawberry.ID:
        return global_id(kind.record, await work(unit, command))

    expected = input.expected_revision
    command = Delete(
        key_name=kind.key_name,
        key=getattr(input, kind.key_name),
        expected_revision=None if expected is UNSET else expected,
    )
    return await _answer(info, payload, "deleted_id", delete, command)


async def _answer(
    info: Info,
    payload: Callable[..., P],
    field: str,
    work: Callable[[UnitOfWork, C], Awaitable[Any]],
    command: C,
    *,
    in_one_call: bool = False,
) -> P:
    outcome, errors = None, list[MutationError]()
    try:
        outcome = await info.context.write(
            lambda unit: work(unit, command), in_one_call=in_one_call
        )
    except DomainError as error:
        errors = mutation_errors(error)
    return payload(**{field: outcome}, errors=errors)


def to_command(value: Any) -> Any:
    """The command of an input: what was left out, or null, keeps the command's default."""
    if isinstance(value, list):
        return tuple(to_command(item) for item in value)
    if not isinstance(value, CommandInput):
        return value
    given = ((name, getattr(value, name)) for name in value.__dataclass_fields__)
    return value.command_type(
        **{name: to_command(item) for name, item in given if item is not UNSET and item is not None}
    )
