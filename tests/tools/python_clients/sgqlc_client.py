"""Uses a server with sgqlc: python sgqlc_client.py URL. Prints its results as JSON."""

import json
import sys
from typing import Any

from sgqlc.endpoint.http import HTTPEndpoint
from sgqlc.operation import Operation
from sgqlc.types import ID, Arg, ArgDict, Field, Input, Scalar, Type, Variable, non_null


class JSON(Scalar):
    pass


class SubmitIntakeInput(Input):
    client_id = Field(non_null(ID))
    responses = Field(non_null(JSON))


class Brief(Type):
    responses = Field(JSON)


class SubmitIntakePayload(Type):
    brief = Field(Brief)


class Mutation(Type):
    submit_intake = Field(SubmitIntakePayload, args=ArgDict(input=Arg(non_null(SubmitIntakeInput))))


def submit(url: str, given: Any, **variables: Any) -> Any:
    operation = Operation(
        Mutation, variables={"responses": Arg(non_null(JSON))} if variables else {}
    )
    operation.submit_intake(input={"client_id": "sgqlc", "responses": given}).brief.responses()
    response = HTTPEndpoint(url)(operation, variables or None)
    if "errors" in response:
        return response["errors"][0]["extensions"]["code"]
    return (operation + response).submit_intake.brief.responses


responses = {"goals": ["a", "b"]}
seen = {
    "by a variable": submit(sys.argv[1], Variable("responses"), responses=responses) == responses,
    "by a literal": submit(sys.argv[1], responses),
}
sys.stdout.write(json.dumps(seen))
