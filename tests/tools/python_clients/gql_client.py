"""Uses a server with gql: python gql_client.py URL. Prints its results as JSON."""

import asyncio
import json
import sys
from typing import Any

from gql import Client, gql
from gql.dsl import (
    DSLMutation,
    DSLQuery,
    DSLSchema,
    DSLVariable,
    DSLVariableDefinitions,
    dsl_gql,
)
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

RESPONSES = {"goals": ["a", "b"], "How much?": {"in EUR": 1.5, "note": None}}
"""In a literal, names are GraphQL's."""


async def main(url: str) -> None:
    seen: dict[str, Any] = {}
    async with Client(
        transport=HTTPXAsyncTransport(url=url), fetch_schema_from_transport=True
    ) as session:
        query = gql("query List($first: Int) { drafts(first: $first) { nodes { draftId } } }")
        query.variable_values = {"first": 2}
        seen["listed"] = len((await session.execute(query))["drafts"]["nodes"])

        ds = DSLSchema(session.client.schema)
        drafts = ds.Query.drafts.select(ds.DraftConnection.totalCount)
        present = ds.Query.drafts(filter={"campaignId": {"isNull": False, "eq": None}})
        absent = ds.Query.drafts(filter={"campaignId": {"isNull": True}})
        counted = DSLQuery(
            all=drafts,
            present=present.select(ds.DraftConnection.totalCount),
            absent=absent.select(ds.DraftConnection.totalCount),
        )
        counts = await session.execute(dsl_gql(counted))
        seen["counts"] = {name: count["totalCount"] for name, count in counts.items()}

        async def submit(given: Any, **values: Any) -> Any:
            """The stored value when the input's field is the value, or the variable."""
            field = ds.Mutation.submitIntake(input={"clientId": "gql", "responses": given})
            submitted = DSLMutation(
                field.select(ds.SubmitIntakePayload.brief.select(ds.Brief.responses))
            )
            if isinstance(given, DSLVariable):
                submitted.variable_definitions = variables
            request = dsl_gql(submitted)
            request.variable_values = values
            return (await session.execute(request))["submitIntake"]["brief"]["responses"]

        variables = DSLVariableDefinitions()
        seen["by a variable"] = await submit(variables.responses, responses=RESPONSES) == RESPONSES
        try:
            await submit(RESPONSES)
        except TransportQueryError as error:
            seen["by a literal"] = error.errors[0]["extensions"]["code"]

        package = {"packageId": "gql", "draftId": "a-draft"}
        save = gql(
            """mutation ($input: SaveDeliveryPackageInput!) {
              saveDeliveryPackage(input: $input) { deliveryPackage { revision } }
            }"""
        )
        save.variable_values = {"input": package}
        socket = WebsocketsTransport(url=url.replace("http", "ws", 1))
        async with Client(transport=socket) as following:
            changes = following.subscribe(
                gql('subscription { deliveryPackageChanged(packageId: "gql") { kind } }')
            )
            first = asyncio.ensure_future(anext(changes))
            while not first.done():
                await session.execute(save)
                await asyncio.wait([first], timeout=0.2)
            seen["followed"] = (await first)["deliveryPackageChanged"]
            await changes.aclose()
    sys.stdout.write(json.dumps(seen))


asyncio.run(main(sys.argv[1]))
