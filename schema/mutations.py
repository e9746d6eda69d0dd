"""The common part of all mutations: they run a command and return a payload."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import strawberry

from domain.deletion import Delete
from domain.errors import DomainError
from domain.scopes import Scope
from execution import ConstantBind, SelectedField
from repositories.registry import EntityType
from repositories.unit_of_work import UnitOfWork
from schema.commands import ValidateOnly, sent_as
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.errors import MutationError, mutation_errors
from schema.node import global_id
from schema.rendered_payloads import RenderedPayload
from schema.rendering import BindConverted
from schema.scopes import for_all_scopes, for_scope

NULL: Final = "null when `errors` says why not, and where it was only validated"
"""When fields of payloads have nothing."""


def entity(name: str | None = None) -> Any:
    """The field of a payload that holds the entity. A name that Python keeps is given."""
    return stored("entity", name)


def stored(what: str, name: str | None = None) -> Any:
    """The field of a payload that holds a record."""
    return strawberry.field(name=name, description=f"The {what} as it is stored now; {NULL}.")


def secret(what: str, null: str) -> Any:
    """The field of a payload that holds a secret, which no other field has."""
    return strawberry.field(
        description=(f"{what} It is shown this once, and nobody can read it later; {null}.")
    )


@strawberry.type
class Payload:
    errors: list[MutationError] = strawberry.field(
        description=(
            "Why the mutation was refused; empty when it was carried out, or, where it's only "
            "validated, would be."
        )
    )


@strawberry.type
class DeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        description=f"The global `id` of what was deleted; {NULL}."
    )


def unrendered(
    payload: type[Payload], parts: Mapping[str, str] | None = None
) -> Callable[..., Payload]:
    """Makes a payload of a result that is no entity, and so isn't rendered as JSON.

    `parts` names, for each field of the payload, the attribute of the result. Without it the result
    itself is the outcome.
    """

    def made(*, errors: list[MutationError], **outcome: Any) -> Payload:
        [result] = outcome.values()
        if parts is not None:
            outcome = {field: result and getattr(result, part) for field, part in parts.items()}
        return payload(**outcome, errors=errors)

    return made


def mutation(
    description: str,
    payload: Callable[..., Payload],
    input: type,
    work: Callable[[UnitOfWork, Any], Awaitable[Any]],
    *,
    scope: Scope,
    outcome: str,
    further: Sequence[Scope] = (),
    single_statement: bool | Callable[[Any], bool] = False,
) -> Any:
    """A field that runs the command of an input, in a unit of work, and returns a payload.

    It requires the scope, and the `further` ones. The payload has the result of `work` under
    `outcome`, or an expected failure under `errors`.
    `single_statement` promises the same as in `Repositories.write`, for all commands or for those
    that it tells. `payload` is the payload's type, or, where the result is no entity, what
    `unrendered` makes of it.
    """

    def is_single(command: Any) -> bool:
        return single_statement(command) if callable(single_statement) else single_statement

    async def execute(context: Context, command: Any) -> Any:
        return await context.write(
            lambda unit: work(unit, command), single_statement=is_single(command)
        )

    async def validate(context: Context, command: Any) -> None:
        await context.write(lambda unit: work(unit, command), rolls_back=True)

    return _mutation(
        _for_scopes([scope, *further], description),
        payload,
        input,
        execute,
        validate,
        outcome=outcome,
        reads_nothing=is_single,
    )


def mutation_apart(
    description: str,
    payload: Callable[..., Payload],
    input: type,
    work: Callable[[Context, Any], Awaitable[Any]],
    validate: Callable[[Context, Any], Awaitable[Any]],
    *,
    scope: Scope,
    outcome: str,
    reads: Sequence[Scope] = (),
) -> Any:
    """A mutation whose `work` opens units of work of its own, and does other things in between.

    It requires the scope, and those of what it `reads`. Where it's only validated, `validate` is
    called instead: it changes nothing, and raises what `work` would.
    """

    async def execute(context: Context, command: Any) -> Any:
        return await context.apart(work(context, command))

    async def validated(context: Context, command: Any) -> Any:
        return await context.apart(validate(context, command))

    declared = _for_scopes([scope, *reads], description)
    return _mutation(declared, payload, input, execute, validated, outcome=outcome)


def _for_scopes(scopes: list[Scope], description: str) -> dict[str, Any]:
    [scope, *further] = scopes
    return for_all_scopes(scopes, description) if further else for_scope(scope, description)


def _mutation(
    declared: dict[str, Any],
    payload: Callable[..., Payload],
    input: type,
    execute: Callable[[Context, Any], Awaitable[Any]],
    validate: Callable[[Context, Any], Awaitable[Any]],
    *,
    outcome: str,
    reads_nothing: Callable[[Any], bool] = lambda _: False,
) -> Any:
    async def carried_out(context: Context, command: Any) -> Payload:
        found, errors = None, list[MutationError]()
        try:
            if type(command) is ValidateOnly:
                found = await validate(context, command.command)
            else:
                found = await execute(context, command)
        except DomainError as error:
            errors = mutation_errors(error)
        return payload(**{outcome: found}, errors=errors)

    async def resolve(info: Info, input: Any) -> Any:
        return await carried_out(info.context, input)

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        if not isinstance(payload, type):
            return None  # what `work` gives isn't an entity
        rendered = RenderedPayload.of(selected, outcome)
        if rendered is None:
            return None

        async def render(_: Sequence[Any], context: Context, input: Any) -> Sequence[Any]:
            payload = await carried_out(context, input)
            # All texts are of the request then.
            given = context.given if reads_nothing(input) else None
            return [rendered.made(payload, context.addresses, given)]

        return ConstantBind(render)

    resolve.__annotations__["input"] = Annotated[Any, sent_as(input)]
    return strawberry.mutation(
        resolver=resolve,
        **declared,
        metadata=FieldResolution(renderer=renderer).metadata,
    )


def deletion(
    description: str,
    payload: Callable[..., Payload],
    input: type,
    work: Callable[[UnitOfWork, Delete], Awaitable[str]],
    *,
    scope: Scope,
    entity_type: EntityType[Any, Any],
) -> Any:
    """A mutation that deletes; its payload has the global id of the deleted entity."""

    async def delete(unit: UnitOfWork, command: Delete) -> strawberry.ID:
        return global_id(entity_type.record, await work(unit, command))

    return mutation(description, payload, input, delete, scope=scope, outcome="deleted_id")
