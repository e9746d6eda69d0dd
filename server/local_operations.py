"""Operations of the API that commands run on the database, as the operator of this machine."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from domain.callers import local_operator
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.encoding import encode
from schema.execute import GraphQLRequest, execute
from schema.root import CompiledSchema, create_schema
from schema.transfer_rows import TransferRows
from server.app import open_storage
from server.requests import new_request_id
from server.settings import Settings
from server.terminal import CommandFailed, Json, errors_in_one_line, settings_of_a_database

Ask = Callable[..., Awaitable[Json]]
"""Gives the data of an operation with these variables. Raises CommandFailed."""


def run(
    work: Callable[[Ask], Awaitable[None]],
    settings_of: Callable[[], Settings] = settings_of_a_database,
) -> None:
    """Run the operations of a command; an expected error of theirs ends it in one line."""

    async def on_the_database() -> None:
        async with open_storage(settings_of()) as storage:
            await work(asking(storage))

    with errors_in_one_line():
        asyncio.run(on_the_database())


def asking(storage: Storage, schema: CompiledSchema | None = None) -> Ask:
    """Operations are the operator's, who may do everything."""
    compiled = schema or create_schema()
    transfer_format = TransferRows(compiled.definition)

    async def ask(document: str, **variables: Any) -> Json:
        caller = local_operator(new_request_id())
        context = Context(storage, caller, transfer_format=transfer_format)
        response = await execute(compiled, GraphQLRequest(document, variables), context)
        answer = json.loads(encode(response.as_json()))
        _require_none(answer.get("errors", ()))
        data: Json = answer["data"]
        return data

    return ask


def mutation(name: str, fields: str) -> str:
    """The document of a mutation, with these fields of its payload."""
    return (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) "
        f"{{ {name}(input: $input) {{ {fields} errors {{ message }} }} }}"
    )


async def mutate(ask: Ask, document: str, input: Json) -> Json:
    """The payload of a mutation that is carried out. Raises CommandFailed."""
    [payload] = (await ask(document, input=input)).values()
    _require_none(payload["errors"])
    found: Json = payload
    return found


async def all_nodes(ask: Ask, document: str) -> list[Json]:
    """What is on all pages of the connection that is the document's only field.

    It takes the variable `after`, and selects `nodes` and `pageInfo { hasNextPage endCursor }`.
    """
    found: list[Json] = []
    after, has_next = None, True
    while has_next:
        [page] = (await ask(document, after=after)).values()
        found += page["nodes"]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def _require_none(errors: Iterable[Json]) -> None:
    if messages := [" ".join(error["message"].split()) for error in errors]:
        raise CommandFailed(" ".join(messages))
