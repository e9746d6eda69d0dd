"""The server keeps the promises of the inputs' descriptions: agents read nothing else.

Each field of each input is sent with a value that breaks its rule. The message has the limit, and
the field's description has to have the same one.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
)

from domain import validation
from domain.webhooks import PAUSES, Decision, DeliveryState, EndedAttempt
from orchestration.uploads import Uploads
from orchestration.webhooks import Dispatcher
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from schema.filtering import MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.support.files import files_in
from tests.support.graphql import InProcess, Json
from tests.support.receivers import Responding
from tests.support.sdl import client_schema, enum_type, input_type, object_type, object_types
from tests.support.sources import SettableClock


def in_bulk(row: Json) -> Json:
    return {"rows": [row], "errorPolicy": "REJECT_EVERYTHING"}


COMPLETE: dict[str, Callable[..., Json]] = {
    "submitIntake": inputs.submit_intake,
    "normalizeBrief": inputs.normalize_brief,
    "saveStrategyPlan": inputs.save_plan,
    "approveStrategyPlan": inputs.decide_plan,
    "rejectStrategyPlan": inputs.decide_plan,
    "saveCampaign": inputs.save_campaign,
    "saveDraft": inputs.save_draft,
    "recordQcResult": inputs.record_result,
    "evaluateDraft": inputs.evaluate_draft,
    "saveDeliveryPackage": inputs.save_package,
    "saveDrafts": lambda: in_bulk(inputs.save_draft()),
    "recordQcResults": lambda: in_bulk(inputs.record_result()),
    "saveDeliveryPackages": lambda: in_bulk(inputs.save_package()),
    "deleteBrief": lambda: {"briefId": "brief-1"},
    "deleteStrategyPlan": lambda: {"strategyId": "plan-1"},
    "deleteCampaign": lambda: {"campaignId": "campaign-1"},
    "deleteDraft": lambda: {"draftId": "draft-1"},
    "deleteQcResult": lambda: {"resultId": "result-1"},
    "deleteDeliveryPackage": lambda: {"packageId": "package-1"},
    "createUpload": inputs.create_upload,
    "completeUpload": lambda: {"uploadId": "upload-1"},
    "startImport": lambda: {
        "fileId": "file-1",
        "entity": "DRAFT",
        "errorPolicy": "REJECT_FAILED_ROWS",
    },
    "cancelImport": lambda: {"importId": "import-1", "expectedRevision": 1},
    "startExport": lambda: {"entity": "DRAFT", "filter": {}, "clientId": "client-1"},
    "cancelExport": lambda: {"exportId": "export-1", "expectedRevision": 1},
    "startRun": lambda: {
        "runId": "run-2",
        "briefId": "brief-1",
        "channels": ["search"],
        "maxRedrafts": 2,
        "requireApproval": True,
    },
    "cancelRun": lambda: {"runId": "run-1", "expectedRevision": 1},
    "retryRun": lambda: {"runId": "run-1", "expectedRevision": 1},
    "createAccessToken": inputs.create_access_token,
    "rotateAccessToken": inputs.change_access_token,
    "revokeAccessToken": inputs.change_access_token,
    "saveWebhookEndpoint": inputs.save_webhook_endpoint,
    "rotateWebhookSecret": inputs.change_webhook_endpoint,
    "testWebhookEndpoint": inputs.change_webhook_endpoint,
    "replayWebhookDeliveries": inputs.replay_webhook_deliveries,
    "retryWebhookDeliveries": inputs.retry_webhook_deliveries,
    "deleteWebhookEndpoint": inputs.change_webhook_endpoint,
}
"""An input of each mutation, with all its fields and something in each list."""

UNLIMITED = {
    "Boolean",
    "DateTime",
    "ErrorPolicy",
    "QcSeverity",
    "DeliveryState",
    "TokenKind",
    "TransferEntity",
}
"""Scalars and enums that take what they take wherever they are: they say so themselves."""

TOO_MUCH: dict[str, list[Any]] = {
    "String": ["x" * 1_000_001, " ", ""],
    "ID": ["x" * 201, " ", "a\tb", " a"],
    "Int": [-1, 0],
    "ByteCount": [-1],
    "Float": [1e9, -1e9],
    "JSON": [
        {"a": "x" * 300_000},
        json.loads('{"a":' * 40 + "1" + "}" * 40),
    ],
}
"""Values of a type that no field of it takes, if the field has a rule for them at all."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field of an input, with the way to it from the input of a mutation that has it."""

    mutation: str
    path: tuple[str | int, ...]
    field: GraphQLInputField

    def __str__(self) -> str:
        return f"{self.mutation}.{'.'.join(map(str, self.path))}"

    @property
    def description(self) -> str:
        return self.field.description or ""

    @property
    def is_list(self) -> bool:
        return isinstance(get_nullable_type(self.field.type), GraphQLList)

    def input(self, value: Any) -> Json:
        """A complete input but for the value at this place."""
        input = json.loads(json.dumps(COMPLETE[self.mutation]()))
        at: Any = input
        for step in self.path[:-1]:
            at = at[step]
        at[self.path[-1]] = value
        return {"input": input}

    def present(self) -> Any:
        at: Any = COMPLETE[self.mutation]()
        for step in self.path:
            at = at.get(step) if isinstance(at, dict) else at[step]
        return at


def places() -> Iterator[Place]:
    for mutation in COMPLETE:
        name = f"{mutation[0].upper()}{mutation[1:]}Input"
        yield from _places(mutation, (), input_type(name))


def _places(
    mutation: str, path: tuple[str | int, ...], type_: GraphQLInputObjectType
) -> Iterator[Place]:
    for name, field in type_.fields.items():
        place = Place(mutation, (*path, name), field)
        yield place
        below = get_named_type(field.type)
        # Rows are the inputs of single mutations.
        if isinstance(below, GraphQLInputObjectType) and name != "rows":
            inner = (*path, name, 0) if place.is_list else (*path, name)
            yield from _places(mutation, inner, below)


PLACES = list(places())
every_place = pytest.mark.parametrize("place", PLACES, ids=map(str, PLACES))


@pytest.fixture(scope="module")
def stored() -> Storage:
    """Nothing is, in memory: rules of inputs know no backend."""
    return create_storage(PersistenceMode.INMEMORY)


@pytest.fixture
def server(schema: CompiledSchema, stored: Storage) -> InProcess:
    return InProcess(schema, stored, uploads=Uploads(stored, files_in()))


async def messages(server: InProcess, place: Place, value: Any, path: tuple[str | int, ...]) -> str:
    """The server's errors at the path, when the input has this value there."""
    selected = "errors { code message path }"
    type_ = f"{place.mutation[0].upper()}{place.mutation[1:]}Input!"
    document = f"mutation M($input: {type_}) {{ {place.mutation}(input: $input) {{ {selected} }} }}"
    response = await server.send(document, place.input(value))
    assert "errors" not in response, response
    wanted = [str(step) for step in path]
    return " ".join(
        error["message"]
        for error in response["data"][place.mutation]["errors"]
        if error["code"] == "VALIDATION" and error["path"] == wanted
    )


def test_every_field_of_every_input_is_seen() -> None:
    seen = {id(place.field) for place in PLACES}
    of_mutations = {
        id(field)
        for type_ in client_schema().type_map.values()
        if isinstance(type_, GraphQLInputObjectType)
        and not re.search(r"(Filter|Order)$", type_.name)
        for field in type_.fields.values()
    }

    assert seen == of_mutations
    assert [str(place) for place in PLACES if place.is_list and not place.present()] == []


@every_place
async def test_a_field_says_its_limit(place: Place, server: InProcess) -> None:
    said = place.description
    if place.is_list:
        item = place.present()[0]
        told = await messages(server, place, [item] * 501, place.path)
        assert f"{most(told, 'items')} items" in said
        if isinstance(item, str):
            told = await messages(server, place, ["x" * 10_001], (*place.path, 0))
            assert f"{most(told, 'characters')} characters each" in said
        return
    type_ = get_named_type(place.field.type).name
    if type_ in UNLIMITED or type_.endswith("Input"):
        return
    told = " ".join([await messages(server, place, value, place.path) for value in TOO_MUCH[type_]])
    for phrase in expected(told):
        assert phrase in said.lower()
    assert ("not blank" in said) == ("must not be blank" in told)


def most(told: str, unit: str) -> str:
    [found] = set(re.findall(rf"at most ([\d,]+) {unit}", told))
    return str(found)


def expected(told: str) -> Iterator[str]:
    """How descriptions say what these messages say."""
    for amount in re.findall(r"at most ([\d,]+) characters", told):
        yield f"at most {amount} characters"
    for low, high in re.findall(r"must be from ([\d,]+) to ([\d,]+)", told):
        is_open = high == f"{validation.INT_MAX:,}"
        yield f"{low} or more" if is_open else f"from {low} to {high}"
    for size in re.findall(r"at most ([\d,]+) bytes", told):
        yield f"{int(size.replace(',', '')) // 1024} kib"
    for levels in re.findall(r"at most (\d+) levels", told):
        yield f"{levels} levels"
    if "control characters" in told:
        yield "control characters"
    if "white space" in told:
        yield "white space"
    if "must not be negative" in told:
        yield "0 or more"


async def test_the_url_says_its_schemes(server: InProcess) -> None:
    [url] = [place for place in PLACES if place.path == ("artifacts", 0, "url")]
    told = await messages(server, url, "gopher://files.example/a", url.path)
    [schemes] = re.findall(r"\((.+) or (.+)\)", told)

    for scheme in re.findall(r"\w+", " ".join(schemes)):
        assert re.search(rf"\b{scheme}\b", url.description)
        assert await messages(server, url, f"{scheme}://files.example/a", url.path) == ""
    assert "absolute" in url.description


async def test_budgets_say_what_they_add_up_to(server: InProcess) -> None:
    [list_] = [place for place in PLACES if place.path == ("recommendations",)]
    told = await messages(
        server, list_, [inputs.recommendation(budgetPercent=60.0)] * 2, list_.path
    )
    [percent] = re.findall(r"add up to at most (\d+) percent", told)

    assert f"add up to at most {percent}" in list_.description
    assert f"add up to at most {percent}" in (
        input_type("RecommendationInput").fields["budgetPercent"].description or ""
    )


def test_scalars_say_their_limits() -> None:
    scalars = client_schema().type_map
    json_, moment = scalars["JSON"].description or "", scalars["DateTime"].description or ""

    assert f"{validation.JSON_BYTES // 1024} KiB" in json_
    assert f"{validation.JSON_LEVELS} levels" in json_
    assert f"{validation.EARLIEST.year} to {validation.LATEST.year}" in moment


async def test_filters_say_their_limits(server: InProcess) -> None:
    told = {
        argument.description
        for type_ in object_types()
        for field in type_.fields.values()
        for name, argument in field.args.items()
        if name == "filter" and "orderBy" in field.args
    }
    [said] = told
    long = [f"k{i}" for i in range(validation.LIST_LENGTH + 1)]
    ask = "query F($filter: DraftFilter) { drafts(filter: $filter) { totalCount } }"

    assert f"{MAX_FILTER_CONDITIONS} conditions" in str(said)
    assert f"{MAX_FILTER_DEPTH} levels" in str(said)
    refused = await server.fail(ask, filter={"draftId": {"in": long}})
    assert re.findall(r"at most (\d+) items", refused["message"])[0] + " items" in str(said)


async def test_a_replay_says_how_many_it_takes(schema: CompiledSchema) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    server = InProcess(schema, storage)
    [since] = [place for place in PLACES if str(place) == "replayWebhookDeliveries.since"]
    found = re.search(r"at most ([\d,]+) deliveries", since.description)
    assert found is not None
    most = int(found[1].replace(",", ""))
    new = [build.new_delivery(number, entity_key=f"key-{number}") for number in range(most + 1)]
    ended = Decision(state=DeliveryState.DELIVERED, due_at=None)

    async def deliver(unit: UnitOfWork) -> None:
        await unit.webhooks.insert(build.webhook_endpoint(), build.WEBHOOK_SECRET)
        await unit.webhooks.add("endpoint-1", new, unit.now)
        claims = await unit.webhooks.claim(most + 1, timedelta(), unit.now)
        attempts = [
            EndedAttempt(claim=claim, outcome=build.outcome(), decision=ended) for claim in claims
        ]
        await unit.webhooks.complete(attempts, unit.now)

    await storage.as_(build.caller()).write(deliver)
    replay = (
        "mutation($input: ReplayWebhookDeliveriesInput!) { replayWebhookDeliveries(input: $input) "
        "{ count errors { message path } } }"
    )
    which = {"endpointId": "endpoint-1", "since": "1970-01-01T00:00:00Z"}

    refused = (await server.ask(replay, input=which))["replayWebhookDeliveries"]
    one = {**which, "deliveryIds": ["delivery-0"]}
    assert (await server.ask(replay, input=one))["replayWebhookDeliveries"]["count"] == 1
    taken = (await server.ask(replay, input=which))["replayWebhookDeliveries"]

    [error] = refused["errors"]
    assert (error["path"], refused["count"]) == (["since"], None)
    assert found[0] in error["message"]
    assert (taken["errors"], taken["count"]) == ([], most)


async def test_a_retry_says_how_many_it_takes(schema: CompiledSchema) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    server = InProcess(schema, storage)
    said = object_type("Mutation").fields["retryWebhookDeliveries"].description or ""
    [most] = [int(it.replace(",", "")) for it in re.findall(r"up to ([\d,]+) at once", said)]
    count = object_type("RetryWebhookDeliveriesPayload").fields["count"].description or ""
    assert f"Where it's {most:,} there may be more" in count
    new = [build.new_delivery(number, entity_key=f"key-{number}") for number in range(most + 1)]

    async def fail(unit: UnitOfWork) -> None:
        await unit.webhooks.insert(build.webhook_endpoint(), build.WEBHOOK_SECRET)
        await unit.webhooks.add("endpoint-1", new, unit.now)
        again = Decision(state=DeliveryState.PENDING, due_at=unit.now + timedelta(hours=1))
        attempts = [
            EndedAttempt(claim=claim, outcome=build.outcome(500), decision=again)
            for claim in await unit.webhooks.claim(most + 1, timedelta(minutes=1), unit.now)
        ]
        await unit.webhooks.complete(attempts, unit.now)

    await storage.as_(build.caller()).write(fail)
    retry = 'mutation { retryWebhookDeliveries(input: { endpointId: "endpoint-1" }) { count } }'

    counts = [(await server.ask(retry))["retryWebhookDeliveries"]["count"] for _ in range(3)]

    assert counts == [most, 1, 0]


async def test_a_delivery_says_how_many_attempts_are_kept(schema: CompiledSchema) -> None:
    clock = SettableClock()
    storage = create_storage(PersistenceMode.INMEMORY, clock=clock)
    server = InProcess(schema, storage)
    dispatcher = Dispatcher(storage, lambda: Responding(503), clock=clock, jitter=lambda: 0)
    said = object_type("WebhookDelivery").fields["attempts"].description or ""
    [most] = map(int, re.findall(r"At most (\d+)", said))
    save = (
        'saveWebhookEndpoint(input: {{ endpointId: "endpoint-1", url: "https://{}.example/" }}) '
        "{{ errors {{ message }} }}"
    )
    test = 'testWebhookEndpoint(input: { endpointId: "endpoint-1" }) { errors { message } }'
    replay = (
        'replayWebhookDeliveries(input: { endpointId: "endpoint-1", '
        'since: "1970-01-01T00:00:00Z" }) { count }'
    )
    await server.ask(f"mutation {{ {save.format('first')} {test} }}")

    kept, end = [], 0
    for number in range(most // len(PAUSES) + 1):
        for pause in (*PAUSES, timedelta()):
            await dispatcher.settle()
            clock.now += pause
        data = await server.ask(
            "{ webhookDeliveries { nodes { state attemptCount attempts { position } } } }"
        )
        [delivery] = data["webhookDeliveries"]["nodes"]
        assert delivery["state"] == "FAILED"
        positions = [attempt["position"] for attempt in delivery["attempts"]]
        end = delivery["attemptCount"]
        assert positions == [*range(end - len(positions), end)]
        kept.append(len(positions))
        # At another URL an endpoint hasn't failed yet, so it isn't disabled.
        await server.ask(f"mutation {{ {save.format(f'again-{number}')} {replay} }}")

    assert max(kept) == kept[-1] == most < end


# Beyond limits


NOT_ALONE = ("fileId", "qcResultId")


def references() -> Iterator[Place]:
    """Keys of other entities than the one that is saved."""
    own = {
        "submitIntake": "briefId",
        "saveStrategyPlan": "strategyId",
        "saveCampaign": "campaignId",
        "saveDraft": "draftId",
        "recordQcResult": "resultId",
        "saveDeliveryPackage": "packageId",
    }
    for place in PLACES:
        is_key = get_named_type(place.field.type).name == "ID"
        is_own = place.path[-1] == own.get(place.mutation)
        # The file of an artifact has to be there, and a result that it's made with has a revision.
        if is_key and place.mutation in own and not is_own and place.path[-1] not in NOT_ALONE:
            yield place


@pytest.mark.parametrize("place", list(references()), ids=str)
async def test_a_reference_says_that_it_is_not_checked(
    place: Place, schema: CompiledSchema
) -> None:
    """Where nothing is stored, whatever it refers to isn't."""
    empty = InProcess(schema, create_storage(PersistenceMode.INMEMORY))

    await empty.do(place.mutation, place.input("not-stored")["input"])

    assert "isn't checked" in place.description


async def test_a_verdict_says_that_it_keeps_nothing_from_delivery(schema: CompiledSchema) -> None:
    server = InProcess(schema, create_storage(PersistenceMode.INMEMORY))
    critical = inputs.record_result(passed=False, issues=[inputs.issue(severity="CRITICAL")])
    await server.do("saveDraft", inputs.save_draft())
    await server.do("recordQcResult", critical)

    await server.do("saveDeliveryPackage", inputs.save_package())

    for said in (
        object_type("QcResult").fields["passed"].description,
        input_type("RecordQcResultInput").fields["passed"].description,
        enum_type("QcSeverity").description,
        object_type("Mutation").fields["saveDeliveryPackage"].description,
    ):
        assert "refuses no package" in str(said)


async def test_an_approval_says_that_it_keeps_nothing_from_production(
    schema: CompiledSchema,
) -> None:
    server = InProcess(schema, create_storage(PersistenceMode.INMEMORY))
    await server.do("saveStrategyPlan", inputs.save_plan())
    await server.do("rejectStrategyPlan", inputs.decide_plan())

    await server.do("saveCampaign", inputs.save_campaign())
    await server.do("saveDraft", inputs.save_draft())

    for said in (
        object_type("StrategyPlan").fields["approval"].description,
        enum_type("ApprovalState").description,
    ):
        assert "plan in any state" in str(said)


@pytest.mark.parametrize(
    ("mutation", "key"),
    [
        ("submitIntake", "briefId"),
        ("saveStrategyPlan", "strategyId"),
        ("saveCampaign", "campaignId"),
        ("saveDraft", "draftId"),
        ("saveDeliveryPackage", "packageId"),
        ("recordQcResult", "draftId"),
    ],
)
async def test_a_save_that_may_be_repeated_says_so(
    mutation: str, key: str, schema: CompiledSchema
) -> None:
    server = InProcess(schema, create_storage(PersistenceMode.INMEMORY))
    input = COMPLETE[mutation]()

    once = await server.do(mutation, input)
    again = await server.do(mutation, input)

    assert again == once | {
        name: again[name] for name in ("revision", "updatedAt") if again[name] != once[name]
    }
    name = f"{mutation[0].upper()}{mutation[1:]}Input"
    assert "repeat" in str(input_type(name).fields[key].description)
