"""What callers may do about entities: what is told beforehand is what mutations do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.callers import Caller, CallerKind
from domain.scopes import ALL_SCOPES, Scope
from domain.strategy import ApprovalState
from domain.transfers import TransferStatus
from domain.workflow import RunStatus
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.support.graphql import InProcess, Json
from tests.support.sdl import input_type, object_types, root_fields
from tests.support.statements import watched

OPERATOR: Final = build.caller()
EVERY_READ: Final = frozenset(it for it in ALL_SCOPES if it.value.endswith(":read"))
CHANGES: Final = sorted(ALL_SCOPES - EVERY_READ - {Scope.ADMIN})

ACTIONS: Final = """availableActions {
  action allowed blockers { code message target { nodeId path } }
}"""
ENTITIES: Final = {
    "brief": 'brief(briefId: "b")',
    "strategyPlan": 'strategyPlan(strategyId: "s")',
    "campaign": 'campaign(campaignId: "c")',
    "draft": 'draft(draftId: "d")',
    "qcResult": 'qcResult(draftId: "d")',
    "deliveryPackage": 'deliveryPackage(packageId: "p")',
    "import": 'import(importId: "i")',
    "export": 'export(exportId: "e")',
    "run": 'run(runId: "run")',
}
ENDPOINT: Final = 'webhookEndpoint(endpointId: "w")'
"""It's read by who may change it."""

_ALL: Final = {"since": "2026-01-01T00:00:00Z"}
INPUTS: Final[dict[str, Json]] = {
    "submitIntake": inputs.submit_intake(briefId="b", clientId="a"),
    "normalizeBrief": inputs.normalize_brief(briefId="b"),
    "startRun": {"briefId": "b"},
    "deleteBrief": {"briefId": "b"},
    "saveStrategyPlan": inputs.save_plan(strategyId="s", briefId="b"),
    "approveStrategyPlan": {"strategyId": "s"},
    "rejectStrategyPlan": {"strategyId": "s"},
    "deleteStrategyPlan": {"strategyId": "s"},
    "saveCampaign": inputs.save_campaign(campaignId="c", strategyId="s"),
    "deleteCampaign": {"campaignId": "c"},
    "saveDraft": inputs.save_draft(draftId="d", strategyId="s", campaignId="c"),
    "deleteDraft": {"draftId": "d"},
    # Whoever made the draft may say that it failed.
    "recordQcResult": inputs.record_result(resultId="r", draftId="d", passed=False),
    "evaluateDraft": {"draftId": "d", "benchmarkIds": ["doubled-words"]},
    "deleteQcResult": {"resultId": "r"},
    "saveDeliveryPackage": inputs.save_package(packageId="p", draftId="d"),
    "deleteDeliveryPackage": {"packageId": "p"},
    "cancelImport": {"importId": "i"},
    "cancelExport": {"exportId": "e"},
    "cancelRun": {"runId": "run"},
    "retryRun": {"runId": "run"},
    "saveWebhookEndpoint": {"endpointId": "w", "url": "https://receiver.example"},
    "rotateWebhookSecret": {"endpointId": "w"},
    "testWebhookEndpoint": {"endpointId": "w"},
    "replayWebhookDeliveries": {"endpointId": "w", **_ALL},
    "retryWebhookDeliveries": {"endpointId": "w"},
    "deleteWebhookEndpoint": {"endpointId": "w"},
}
"""An input of each action that is right."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What is stored of a client."""

    approval: ApprovalState = ApprovalState.PENDING
    maker: Caller = OPERATOR
    """Who made the plan and the draft."""
    status: TransferStatus = TransferStatus.RUNNING
    run: RunStatus = RunStatus.RUNNING
    is_enabled: bool = True

    async def store(self, storage: Storage) -> None:
        async def rest(unit: UnitOfWork) -> None:
            await unit.briefs.save(build.brief("b", client_id="a"))
            await unit.campaigns.save(build.campaign("c", strategy_id="s"))
            await unit.qc_results.save(build.result("r", draft_id="d"))
            await unit.delivery_packages.save(build.package("p", draft_id="d"))
            going_on = {"client_id": "a", "status": self.status}
            await unit.imports.save(build.import_("i", **going_on))
            await unit.exports.save(build.export("e", **going_on))
            await unit.runs.save(build.run("run", brief_id="b", status=self.run, cancelled_at=None))
            endpoint = build.webhook_endpoint("w", enabled=self.is_enabled)
            await unit.webhooks.insert(endpoint, "whsec_c2VjcmV0")

        async def made(unit: UnitOfWork) -> None:
            plan = build.plan("s", brief_id="b", approval=self.approval)
            await unit.strategy_plans.save(plan)
            draft = build.draft("d", strategy_id="s", campaign_id="c")
            await unit.drafts.save(draft)

        await storage.as_(OPERATOR).write(rest)
        await storage.as_(self.maker).write(made)


def who(kind: CallerKind, id: str, person: str | None = None) -> Caller:
    return build.caller(kind=kind, id=id, on_behalf_of=person)


ADA = who(CallerKind.USER, "ada")
WRITER = who(CallerKind.AGENT, "writer", "ada")
EDITOR = who(CallerKind.AGENT, "editor", "ada")
REVIEWER = who(CallerKind.AGENT, "reviewer", "bob")
PEOPLE: Final = (OPERATOR, ADA, who(CallerKind.SERVICE, "importer"), WRITER, EDITOR, REVIEWER)

pipelines = st.builds(
    Pipeline,
    approval=st.sampled_from(ApprovalState),
    maker=st.sampled_from(PEOPLE),
    status=st.sampled_from(TransferStatus),
    run=st.sampled_from(RunStatus),
    is_enabled=st.booleans(),
)
callers = st.builds(
    lambda caller, lacking, clients: caller._replace(scopes=ALL_SCOPES - lacking, clients=clients),
    st.sampled_from(PEOPLE),
    st.frozensets(st.sampled_from([*CHANGES, Scope.ADMIN]), max_size=3),
    st.sampled_from([None, frozenset({"a"}), frozenset({"a", "b"}), frozenset({"b"})]),
)


async def told(api: InProcess) -> dict[str, Json]:
    """The actions about all entities that the caller sees, by their names."""
    asked = " ".join(f"{it}: {lookup} {{ {ACTIONS} }}" for it, lookup in ENTITIES.items())
    data = await api.ask(f"{{ {asked} }}")
    found = [each for entity in data.values() if entity for each in entity["availableActions"]]
    assert api.caller is not None
    if Scope.WEBHOOKS_ADMIN in api.caller.scopes:
        endpoint = (await api.ask(f"{{ it: {ENDPOINT} {{ {ACTIONS} }} }}"))["it"]
        found += endpoint["availableActions"] if endpoint else []
    return {each["action"]: each for each in found}


async def refusal(api: InProcess, name: str, *, validate_only: bool) -> str | None:
    """With which code the mutation fails; None: it doesn't."""
    assert api.caller is not None
    input = INPUTS[name] | {"validateOnly": validate_only}
    if name in ("approveStrategyPlan", "rejectStrategyPlan") and not api.caller.is_authenticated:
        input["decidedBy"] = "Ada"
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    response = await api.send(
        f"mutation($input: {type_}) {{ {name}(input: $input) {{ errors {{ code }} }} }}",
        {"input": input},
    )
    errors = response.get("errors") or response["data"][name]["errors"]
    codes = [it["extensions"]["code"] if "extensions" in it else it["code"] for it in errors]
    return codes[0] if codes else None


async def hold(api: InProcess, chosen: int = 0) -> dict[str, Json]:
    """Whether what is told is what mutations do: all of them are validated, and one is done."""
    actions = await told(api)
    for name, action in actions.items():
        code = next((it["code"] for it in action["blockers"]), None)
        assert action["allowed"] is (code is None)
        assert await refusal(api, name, validate_only=True) == code, name
    if actions:
        # An evaluation decides itself what it records, which may be refused to who made the draft.
        name = [it for it in actions if it != "evaluateDraft"][chosen % (len(actions) - 1)]
        code = next((it["code"] for it in actions[name]["blockers"]), None)
        assert await refusal(api, name, validate_only=False) == code, name
    return actions


@settings(max_examples=60)
@given(pipelines, callers, st.integers(0, 30))
def test_an_action_is_allowed_exactly_when_its_mutation_succeeds(
    schema: CompiledSchema, pipeline: Pipeline, caller: Caller, chosen: int
) -> None:
    async def scenario() -> None:
        storage = create_storage(PersistenceMode.INMEMORY)
        await pipeline.store(storage)
        actions = await hold(InProcess(schema, storage, caller=caller), chosen)
        is_seen = caller.clients is None or "a" in caller.clients
        assert ("saveDraft" in actions) is is_seen

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("pipeline", "caller"),
    [
        (Pipeline(), REVIEWER._replace(clients=frozenset({"a"}))),
        (Pipeline(maker=WRITER, is_enabled=False), EDITOR),
        (
            Pipeline(ApprovalState.APPROVED, status=TransferStatus.SUCCEEDED),
            ADA._replace(scopes=ALL_SCOPES - {Scope.DELIVERY_WRITE, Scope.ADMIN}),
        ),
    ],
    ids=["pending", "made for the same person", "approved"],
)
async def test_databases_tell_the_same(
    schema: CompiledSchema, storage: Storage, pipeline: Pipeline, caller: Caller
) -> None:
    await pipeline.store(storage)

    await hold(InProcess(schema, storage, caller=caller))


async def test_blockers_say_what_is_in_the_way(schema: CompiledSchema) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    await Pipeline(ApprovalState.APPROVED, maker=WRITER, is_enabled=False).store(storage)
    caller = WRITER._replace(scopes=ALL_SCOPES - {Scope.STRATEGY_APPROVE, Scope.ADMIN})
    api = InProcess(schema, storage, caller=caller)

    actions = await told(api)

    [plan] = (await api.ask("{ strategyPlans { nodes { id } } }"))["strategyPlans"]["nodes"]
    assert actions["deleteStrategyPlan"]["blockers"] == []
    assert actions["approveStrategyPlan"]["blockers"] == [
        {
            "code": "FORBIDDEN",
            "message": "This requires the scope `strategy:approve`.",
            "target": None,
        },
        {
            "code": "INVALID_TRANSITION",
            "message": "A strategy plan that is APPROVED can't become APPROVED.",
            "target": {"nodeId": plan["id"], "path": ["approval"]},
        },
        {
            "code": "NOT_ALLOWED",
            "message": "strategyId: an agent can't approve what it made itself.",
            "target": {"nodeId": plan["id"], "path": ["strategyId"]},
        },
    ]
    assert actions["testWebhookEndpoint"]["blockers"] == [
        {
            "code": "VALIDATION",
            "message": "endpointId: is of an endpoint that is disabled.",
            "target": {"nodeId": None, "path": ["enabled"]},
        }
    ]


async def test_payloads_and_events_have_the_actions_of_what_they_show(
    schema: CompiledSchema,
) -> None:
    api = InProcess(schema, create_storage(PersistenceMode.INMEMORY), caller=ADA)
    await Pipeline().store(api.storage)

    data = await api.ask(
        'mutation { approveStrategyPlan(input: { strategyId: "s" }) '
        f"{{ strategyPlan {{ {ACTIONS} before: asOf(revision: 1) {{ {ACTIONS} }} }} }} }}"
    )

    after = data["approveStrategyPlan"]["strategyPlan"]
    allowed = [
        [it["action"] for it in found["availableActions"] if it["allowed"]]
        for found in (after, after["before"])
    ]
    everything = ["saveStrategyPlan", "approveStrategyPlan", "rejectStrategyPlan"]
    assert allowed == [["deleteStrategyPlan"], [*everything, "deleteStrategyPlan"]]


# Statements


LISTS: Final = (
    "deliveryPackages(first: $first) { nodes { packageId draftId MORE } }",
    "strategyPlans(first: $first) { nodes { strategyId approval MORE } }",
    "drafts(first: $first) { nodes { draftId MORE } }",
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await close_database(database)


@pytest.mark.parametrize("caller", [OPERATOR, WRITER], ids=["operator", "agent"])
async def test_actions_of_a_list_take_no_statement_for_each_row(
    schema: CompiledSchema, database: Database, caller: Caller
) -> None:
    """They take none at all, but for one by which agents learn who made the plans of the list."""
    storage = create_storage(PersistenceMode.DB, database)

    async def store(unit: UnitOfWork) -> None:
        for key in map("{:02}".format, range(50)):
            await unit.strategy_plans.save(build.plan(key, brief_id=key))
            await unit.drafts.save(build.draft(key, strategy_id=key))
            await unit.delivery_packages.save(build.package(key, draft_id=key))

    await storage.as_(WRITER).write(store)
    api = InProcess(schema, storage, caller=caller)

    async def count(query: str, first: int) -> int:
        with watched(database) as statements:
            data = await api.ask(f"query($first: Int) {{ {query} }}", first=first)
        [page] = data.values()
        assert len(page["nodes"]) == first
        return len(statements)

    for query in LISTS:
        asks_for_makers = caller is WRITER and "strategyPlans" in query
        alone = await count(query.replace("MORE", ""), 50)
        with_actions = query.replace("MORE", ACTIONS)
        assert await count(with_actions, 1) == alone + asks_for_makers
        assert await count(with_actions, 50) == alone + asks_for_makers


# Completeness


def test_every_mutation_about_an_entity_is_an_action_of_it(schema: CompiledSchema) -> None:
    """But for those of uploads and tokens, whose outcome depends on more than what is stored."""
    about = {name for name in root_fields("Mutation") if _key_of(name) is not None}

    assert set(INPUTS) == {
        name for name in about if "Upload" not in name and "AccessToken" not in name
    }


async def test_entities_have_the_actions_with_their_keys(schema: CompiledSchema) -> None:
    storage = create_storage(PersistenceMode.INMEMORY)
    await Pipeline().store(storage)
    api = InProcess(schema, storage, caller=OPERATOR)
    having = [type_.name for type_ in object_types() if "availableActions" in type_.fields]

    actions = await told(api)

    assert set(actions) == set(INPUTS)
    assert len(having) == len(ENTITIES) + 1
    assert all("availableActions" not in input.fields for input in map(input_type, _filters()))


def _filters() -> list[str]:
    return ["BriefFilter", "StrategyPlanFilter", "DraftFilter", "DeliveryPackageFilter"]


def _key_of(mutation: str) -> str | None:
    """The field of the input that names an entity that is there."""
    fields = input_type(f"{mutation[0].upper()}{mutation[1:]}Input").fields
    if mutation.startswith(("create", "startImport", "startExport")):
        return None
    return next((name for name in fields if name.endswith("Id")), None)
