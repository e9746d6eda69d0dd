"""Mutations that carry out many commands of one kind."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import strawberry

from domain.bulk import MAX_ROWS, Bulk, BulkRejected, ErrorPolicy
from domain.entity import Entity
from domain.errors import DomainError
from domain.scopes import Scope
from execution import ConstantBind, SelectedField
from repositories.unit_of_work import UnitOfWork
from schema.commands import ValidateOnly, optional, required, sent_as
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.descriptions import describe_enum
from schema.errors import MutationError, mutation_errors
from schema.mutations import Payload
from schema.rendered_payloads import RenderedBulk
from schema.rendering import BindConverted
from schema.scopes import for_scope

describe_enum(
    ErrorPolicy,
    "What becomes of the other rows of a bulk when some are refused.",
    REJECT_EVERYTHING="Nothing is stored unless all rows can be.",
    REJECT_FAILED_ROWS="All other rows are stored, as if the refused ones hadn't been sent.",
)


def rows() -> Any:
    return required(
        f"What to save. At most {MAX_ROWS} items, each about another entity. A row is judged by "
        "what was stored before, whatever its place."
    )


def error_policy() -> Any:
    return optional("What becomes of the rest when rows are refused. Left out, REJECT_EVERYTHING.")


def results() -> Any:
    """The field of a payload that has the payload of each row."""
    return strawberry.field(
        description=(
            "What became of each row, in the order of the rows; the `path` of an error begins "
            "within the row. Empty when the bulk as a whole makes no sense."
        )
    )


@strawberry.type
class BulkPayload(Payload):
    errors: list[MutationError] = strawberry.field(
        description=(
            "Why nothing was stored. Empty when something was, or might have been; what was wrong "
            "with single rows is in `results`."
        )
    )
    count: int = strawberry.field(
        description="How many rows were stored; 0 where they were only validated."
    )


def bulk_mutation(
    description: str,
    payload: Callable[..., BulkPayload],
    row_payload: Callable[..., Payload],
    input: type,
    work: Callable[[UnitOfWork, Any], Awaitable[Sequence[Any]]],
    *,
    scope: Scope,
    outcome: str,
    single_statement: Callable[[Any], bool] | bool = False,
) -> Any:
    """A field that carries out the commands of an input, in one unit of work.

    It requires the scope. The payload has a payload for each row: the record under `outcome`, or an
    expected failure under `errors`. `single_statement` promises the same as in
    `Repositories.write`, as long as nothing has to be undone.
    """

    def is_single(bulk: Bulk[Any]) -> bool:
        return single_statement(bulk) if callable(single_statement) else single_statement

    def row(found: Any) -> Payload:
        if isinstance(found, DomainError):
            return row_payload(**{outcome: None}, errors=mutation_errors(found))
        return row_payload(**{outcome: found}, errors=[])

    async def execute(context: Context, bulk: Bulk[Any] | ValidateOnly) -> Sequence[Any]:
        if isinstance(bulk, ValidateOnly):
            command = bulk.command
            found = await context.write(lambda unit: work(unit, command), rolls_back=True)
            return [each if isinstance(each, DomainError) else None for each in found]
        return await context.write(
            lambda unit: work(unit, bulk),
            single_statement=is_single(bulk) and not bulk.may_be_undone,
        )

    async def carried_out(context: Context, bulk: Bulk[Any] | ValidateOnly) -> BulkPayload:
        outcomes: Sequence[Any] = ()
        errors = list[MutationError]()
        try:
            outcomes = await execute(context, bulk)
        except BulkRejected as rejected:
            outcomes, errors = rejected.errors, mutation_errors(rejected)
        except DomainError as error:
            errors = mutation_errors(error)
        stored = sum(isinstance(found, Entity) for found in outcomes)
        return payload(results=[*map(row, outcomes)], count=stored, errors=errors)

    async def resolve(info: Info, input: Any) -> Any:
        return await carried_out(info.context, input)

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        rendered = RenderedBulk.of(selected, outcome)
        if rendered is None:
            return None

        async def render(_: Sequence[Any], context: Context, input: Any) -> Sequence[Any]:
            return [rendered.made(await carried_out(context, input), context.addresses)]

        return ConstantBind(render)

    resolve.__annotations__["input"] = Annotated[Any, sent_as(input)]
    return strawberry.mutation(
        resolver=resolve,
        **for_scope(scope, description),
        metadata=FieldResolution(renderer=renderer).metadata,
    )
