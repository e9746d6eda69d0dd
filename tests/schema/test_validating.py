"""Mutations that are only validated: they answer as they would, and leave everything as it is."""

from typing import Any, Final

import pytest
from graphql import get_named_type, is_leaf_type

from domain.callers import CallerKind
from domain.transfers import TransferEntity
from repositories.unit_of_work import Storage, UnitOfWork
from schema.commands import ValidateOnly
from schema.root import CompiledSchema, create_schema
from schema.transfer_rows import TransferRows
from tests import builders as build
from tests import inputs
from tests.schema.test_bound_callers import OPERATOR, A, store_chain
from tests.support.graphql import ERRORS, InProcess, Json
from tests.support.sdl import object_type

AGENT: Final = build.caller(kind=CallerKind.AGENT, id="writer", on_behalf_of="Ada")
KEYS: Final = {
    "briefId": "a-brief",
    "strategyId": "a-plan",
    "campaignId": "a-campaign",
    "draftId": "a-draft",
    "resultId": "a-result",
    "packageId": "a-package",
}


def of_a(input: Json) -> Json:
    """The input, about the entities of the client A."""
    return {name: KEYS.get(name, value) for name, value in input.items()}


VALID: Final = {
    "submitIntake": of_a(inputs.submit_intake(clientId="a")),
    "normalizeBrief": of_a(inputs.normalize_brief()),
    "saveStrategyPlan": of_a(inputs.save_plan()),
    "approveStrategyPlan": of_a(inputs.decide_plan()),
    "rejectStrategyPlan": of_a(inputs.decide_plan()),
    "saveCampaign": of_a(inputs.save_campaign()),
    "saveDraft": of_a(inputs.save_draft()),
    "recordQcResult": of_a(inputs.record_result(passed=True)),
    "saveDeliveryPackage": of_a(inputs.save_package()),
    "deleteBrief": {"briefId": "a-brief"},
    "deleteStrategyPlan": {"strategyId": "a-plan"},
    "deleteCampaign": {"campaignId": "a-campaign"},
    "deleteDraft": {"draftId": "a-draft"},
    "deleteQcResult": {"resultId": "a-result"},
    "deleteDeliveryPackage": {"packageId": "a-package"},
    "cancelImport": {"importId": "a-import"},
    "cancelExport": {"exportId": "a-export"},
    "startImport": {"fileId": "a-file", "entity": "DRAFT"},
    "startExport": {"entity": "DRAFT", "clientId": "a", "filter": {"title": {"eq": "x"}}},
}
"""Of mutations of which bound callers may have all; each would succeed."""

OF_OPERATORS: Final = {
    "saveWebhookEndpoint": inputs.save_webhook_endpoint(),
    "createAccessToken": {"name": "ci", "kind": "SERVICE", "scopes": ["qc:read"]},
}

BULKS: Final = {
    "saveDrafts": "saveDraft",
    "recordQcResults": "recordQcResult",
    "saveDeliveryPackages": "saveDeliveryPackage",
}

REFUSED: Final = {
    "VALIDATION": ("saveDraft", of_a(inputs.save_draft(title=" "))),
    "NOT_FOUND": ("normalizeBrief", inputs.normalize_brief(briefId="nobody")),
    "REVISION_CONFLICT": ("saveDraft", of_a(inputs.save_draft(expectedRevision=7))),
    "INVALID_TRANSITION": ("approveStrategyPlan", inputs.decide_plan(strategyId="decided")),
}
"""A refused mutation by the code of its error."""


def document(name: str) -> str:
    """The mutation with its whole payload."""
    payload = object_type(f"{name[0].upper()}{name[1:]}Payload")
    fields = [
        field if is_leaf_type(get_named_type(it.type)) else f"{field} {{ __typename }}"
        for field, it in payload.fields.items()
        if field not in ("errors", "results")
    ]
    rows = f"results {{ {ERRORS} }}" if "results" in payload.fields else ""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    return (
        f"mutation Run($input: {type_}) {{ run: {name}(input: $input) "
        f"{{ {' '.join(fields)} {rows} {ERRORS} }} }}"
    )


async def run(api: InProcess, name: str, input: Json, **more: Any) -> Json:
    payload: Json = (await api.ask(document(name), input=input | more))["run"]
    return payload


async def everything(api: InProcess) -> Any:
    """All that anybody could tell of what is stored, and the end of the log."""
    as_operator = InProcess(api.schema, api.storage)
    async with api.storage.as_(OPERATOR).read() as snapshot:
        last = await snapshot.events.last_position()
    others = await as_operator.ask(
        "{ accessTokens { totalCount } webhookEndpoints { totalCount } imports { totalCount } }"
    )
    return last, others, await as_operator.everything()


async def store(unit: UnitOfWork) -> None:
    await store_chain(unit, "a")
    await unit.strategy_plans.save(build.plan("decided", brief_id="a-brief", version=2))


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    await storage.as_(OPERATOR).write(store)
    return storage


@pytest.fixture(params=[OPERATOR, A], ids=["of all clients", "of one client"])
def api(request: pytest.FixtureRequest, schema: CompiledSchema, stored: Storage) -> InProcess:
    return InProcess(schema, stored, caller=request.param)


@pytest.fixture
def operator(schema: CompiledSchema, stored: Storage) -> InProcess:
    return InProcess(schema, stored)


def nothing_of(payload: Json) -> bool:
    return all(not value for value in payload.values())


async def test_what_would_succeed_has_no_errors_and_changes_nothing(api: InProcess) -> None:
    before = await everything(api)

    payloads = {
        name: await run(api, name, input, validateOnly=True) for name, input in VALID.items()
    }

    assert [name for name, payload in payloads.items() if not nothing_of(payload)] == []
    assert await everything(api) == before
    for name in ("saveDraft", "approveStrategyPlan", "deleteBrief"):
        payload = await run(api, name, VALID[name] | {"expectedRevision": 1})
        assert payload["errors"] == []


async def test_nobody_gets_a_secret_of_what_is_only_validated(operator: InProcess) -> None:
    before = await everything(operator)

    payloads = [
        await run(operator, name, input, validateOnly=True) for name, input in OF_OPERATORS.items()
    ]

    assert all(map(nothing_of, payloads))
    assert await everything(operator) == before


@pytest.mark.parametrize("code", REFUSED)
async def test_what_would_be_refused_has_the_same_errors(operator: InProcess, code: str) -> None:
    name, input = REFUSED[code]

    validated = await run(operator, name, input, validateOnly=True)

    assert [error["code"] for error in validated["errors"]] == [code]
    assert validated == await run(operator, name, input, validateOnly=False)


async def test_what_others_own_is_refused_in_the_same_way(
    schema: CompiledSchema, stored: Storage
) -> None:
    stranger = InProcess(schema, stored, caller=A._replace(clients=frozenset({"b"})))
    for name, input in VALID.items():
        validated = await run(stranger, name, input, validateOnly=True)

        assert validated["errors"], name
        assert validated == await run(stranger, name, input)


async def test_rules_about_makers_are_asked(schema: CompiledSchema, storage: Storage) -> None:
    agent = InProcess(schema, storage, caller=AGENT)
    await run(agent, "saveStrategyPlan", inputs.save_plan())
    approval = {"strategyId": "plan-1"}

    validated = await run(agent, "approveStrategyPlan", approval, validateOnly=True)

    assert [error["code"] for error in validated["errors"]] == ["NOT_ALLOWED"]
    assert validated == await run(agent, "approveStrategyPlan", approval)


async def test_a_later_mutation_sees_what_was_stored_and_nothing_that_was_validated(
    operator: InProcess,
) -> None:
    data = await operator.ask(
        """mutation($new: SaveDraftInput!, $validated: SaveDraftInput!) {
          before: saveDraft(input: $validated) { draft { revision } errors { code } }
          stored: saveDraft(input: $new) { draft { revision } errors { code } }
          after: saveDraft(input: $validated) { draft { revision } errors { code } }
        }""",
        new=inputs.save_draft(draftId="new"),
        validated=inputs.save_draft(draftId="new", expectedRevision=0, validateOnly=True),
    )

    assert data == {
        "before": {"draft": None, "errors": []},
        "stored": {"draft": {"revision": 1}, "errors": []},
        "after": {"draft": None, "errors": [{"code": "REVISION_CONFLICT"}]},
    }


@pytest.mark.parametrize(("name", "single"), BULKS.items())
@pytest.mark.parametrize("policy", ["REJECT_EVERYTHING", "REJECT_FAILED_ROWS"])
async def test_each_row_of_a_bulk_is_validated(
    operator: InProcess, name: str, single: str, policy: str
) -> None:
    before = await everything(operator)
    rows = [VALID[single], VALID[single] | {key: "x" for key in KEYS if key in VALID[single]}]
    conflict = [rows[0] | {"expectedRevision": 9}, rows[1]]
    more = {"validateOnly": True}

    fine = await run(operator, name, {"rows": rows, "errorPolicy": policy}, **more)
    refused = await run(operator, name, {"rows": conflict, "errorPolicy": policy}, **more)

    assert fine == {"count": 0, "results": [{"errors": []}] * 2, "errors": []}
    assert refused["count"] == 0
    assert await everything(operator) == before
    carried_out = await run(operator, name, {"rows": conflict, "errorPolicy": policy})
    assert refused == carried_out | {"count": 0}


@pytest.mark.parametrize("policy", ["REJECT_EVERYTHING", "REJECT_FAILED_ROWS"])
async def test_a_row_is_not_validated_alone(operator: InProcess, policy: str) -> None:
    """Whoever says so of a row may believe that it isn't stored."""
    rows = [VALID["saveDraft"] | {"validateOnly": True}, inputs.save_draft(draftId="other")]

    payload = await run(operator, "saveDrafts", {"rows": rows, "errorPolicy": policy})

    assert [error["path"] for error in payload["results"][0]["errors"]] == [["validateOnly"]]
    assert payload["count"] == (0 if policy == "REJECT_EVERYTHING" else 1)


def test_a_row_of_an_import_is_not_validated_alone() -> None:
    rows = TransferRows(create_schema().definition)
    row = rows.command_of(TransferEntity.DRAFT, inputs.save_draft(validateOnly=True))

    assert isinstance(row, ValidateOnly)
    assert [violation.path for violation in row.violations()] == [("validate_only",)]


async def test_an_entity_that_is_selected_in_part_is_null_too(operator: InProcess) -> None:
    """The payload isn't made of a record then, although its fields could be."""
    data = await operator.ask(
        "mutation($input: SaveDeliveryPackageInput!) { saveDeliveryPackage(input: $input) "
        "{ deliveryPackage { packageId artifacts { name } } errors { code } } }",
        input=VALID["saveDeliveryPackage"] | {"validateOnly": True},
    )

    assert data["saveDeliveryPackage"] == {"deliveryPackage": None, "errors": []}
