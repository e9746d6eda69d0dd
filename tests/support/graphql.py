"""Talking to the API as its clients do, whichever way the operations travel."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.callers import Caller
from orchestration.evaluations import Evaluations
from orchestration.producers.qc.evaluator import BuiltInQc
from orchestration.uploads import Uploads
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.encoding import encode
from schema.execute import GraphQLRequest, execute
from schema.root import CompiledSchema
from schema.transfer_rows import TransferRows
from tests import builders as build
from tests.support.sdl import decapitalized, object_type, selection_of
from tests.support.thread_worker import ThreadWorker

Json = dict[str, Any]

ENTITIES = {decapitalized(name): f"id {selection_of(object_type(name))}" for name in ENTITY_TYPES}
"""All that each entity has of its own, by the name of its field."""

BY_UPLOADS = ("File", "Upload", "Import", "Export", "Run")
"""The entities that nobody saves and nobody deletes: they come by uploads, or are started."""

OUTCOMES = {
    "submitIntake": "brief",
    "normalizeBrief": "brief",
    "saveStrategyPlan": "strategyPlan",
    "approveStrategyPlan": "strategyPlan",
    "rejectStrategyPlan": "strategyPlan",
    "saveCampaign": "campaign",
    "saveDraft": "draft",
    "recordQcResult": "qcResult",
    "saveDeliveryPackage": "deliveryPackage",
    **{f"delete{name}": "deletedId" for name in ENTITY_TYPES if name not in BY_UPLOADS},
}
"""The fields of each mutation's payload beside `errors`."""

ERRORS = """errors {
    __typename code message path
    ... on RevisionConflictError { expectedRevision actualRevision }
    ... on InvalidTransitionError { from to }
    ... on UploadRejectedError { failure }
}"""

EVERYTHING = (
    "query Everything {"
    + "".join(
        f" {name}s(first: 100, orderBy: {{ field: CREATED_AT, direction: ASC }})"
        f" {{ totalCount nodes {{ {fields} }} }}"
        for name, fields in ENTITIES.items()
    )
    + "}"
)


def mutation(name: str) -> str:
    """The document of a mutation with its input as the variable, builder all of its payload."""
    outcome = OUTCOMES[name]
    fields = f"{{ {ENTITIES[outcome]} }}" if outcome in ENTITIES else ""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    return (
        f"mutation Run($input: {type_}) {{ "
        f"{name}(input: $input) {{ {outcome} {fields} {ERRORS} }} }}"
    )


class GraphQLClient(ABC):
    """Sends operations; for each expectation of the outcome there is a method."""

    @abstractmethod
    async def send(
        self, query: str, variables: Json | None = None, operation_name: str | None = None
    ) -> Json:
        """The response as it is."""

    async def ask(self, query: str, **variables: Any) -> Json:
        """The data of an operation without top-level errors."""
        response = await self.send(query, variables)
        assert "errors" not in response, response["errors"]
        data: Json = response["data"]
        return data

    async def fail(self, query: str, **variables: Any) -> Json:
        """The one top-level error of an operation; its code is under `code`."""
        response = await self.send(query, variables)
        [error] = response["errors"]
        return {**error, "code": error["extensions"]["code"]}

    async def mutate(self, name: str, input: Json) -> Json:
        """The payload of a mutation, whether it was refused or not."""
        payload: Json = (await self.ask(mutation(name), input=input))[name]
        return payload

    async def do(self, name: str, input: Json) -> Any:
        """The entity, or the deleted id, of a mutation that is carried out."""
        payload = await self.mutate(name, input)
        assert payload["errors"] == []
        return payload[OUTCOMES[name]]

    async def refuse(self, name: str, input: Json) -> list[Json]:
        """The errors of a mutation that is refused."""
        payload = await self.mutate(name, input)
        assert payload["errors"]
        assert payload[OUTCOMES[name]] is None
        errors: list[Json] = payload["errors"]
        return errors

    async def everything(self) -> Json:
        """All that is stored, a hundred of each kind at most."""
        return await self.ask(EVERYTHING)


def evaluations_of(storage: Storage) -> Evaluations:
    return Evaluations(storage, BuiltInQc(0.8, ThreadWorker()))


@dataclass(frozen=True, slots=True)
class InProcess(GraphQLClient):
    """Runs operations without a server."""

    schema: CompiledSchema
    storage: Storage
    request_id: str = "request-1"
    caller: Caller | None = None
    """None: the operator, in the request of this id."""
    uploads: Uploads | None = None
    """Those of a server that keeps files; None: it keeps none."""
    base: str = "https://api.example"

    async def send(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> Json:
        caller = self.caller or build.caller(self.request_id)
        context = Context(
            self.storage,
            caller,
            self.uploads,
            lambda: self.base,
            evaluations_of(self.storage),
            TransferRows(self.schema.definition),
        )
        operation = GraphQLRequest(query, variables, operation_name)
        response = await execute(self.schema, operation, context)
        body: Json = json.loads(encode(response.as_json()))
        return body
