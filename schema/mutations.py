"""What the mutations of all modules have in common: a command runs, a payload is answered."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from domain.deletion import Delete
from domain.errors import DomainError
from repositories.unit_of_work import UnitOfWork
from schema.context import Info
from schema.entities import EntityKind
from schema.errors import MutationError, mutation_errors
from schema.node import global_id

C = TypeVar("C")
P = TypeVar("P", bound="Payload")


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
    work: Callable[[UnitOfWork, C], Awaitable[Any]],
    command: C,
    *,
    in_one_call: bool = False,
) -> P:
    """Run the command in a unit of work, and answer with the payload.

    The outcome goes into the payload's `field`; an expected failure into its `errors`.
    `in_one_call` promises what `Repositories.write` says.
    """
    outcome, errors = None, list[MutationError]()
    try:
        outcome = await info.context.write(
            lambda unit: work(unit, command), in_one_call=in_one_call
        )
    except DomainError as error:
        errors = mutation_errors(error)
    return payload(**{field: outcome}, errors=errors)


async def run_delete(
    info: Info,
    payload: Callable[..., P],
    kind: EntityKind,
    work: Callable[[UnitOfWork, Delete], Awaitable[str]],
    command: Delete,
) -> P:
    """Run the deletion; the payload has the global id of what is gone."""

    async def delete(unit: UnitOfWork, command: Delete) -> strawberry.ID:
        return global_id(kind.record, await work(unit, command))

    return await run(info, payload, "deleted_id", delete, command)
