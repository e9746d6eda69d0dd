"""The conventions of mutations, their inputs, payloads and errors."""

import pytest

from tests.support.graphql import OUTCOMES
from tests.support.sdl import (
    enum_type,
    fields_of,
    input_type,
    input_types,
    object_type,
    object_types,
    root_fields,
)

MUTATIONS = list(root_fields("Mutation"))
OTHERS = {
    "createUpload": {"upload": "Upload"},
    "completeUpload": {"upload": "Upload", "file": "File"},
    "startImport": {"import": "Import"},
    "cancelImport": {"import": "Import"},
    "startExport": {"export": "Export"},
    "cancelExport": {"export": "Export"},
    "startRun": {"run": "Run"},
    "cancelRun": {"run": "Run"},
    "retryRun": {"run": "Run"},
    "createAccessToken": {"accessToken": "AccessToken", "secret": "String"},
    "rotateAccessToken": {"accessToken": "AccessToken", "secret": "String"},
    "revokeAccessToken": {"accessToken": "AccessToken"},
    "saveWebhookEndpoint": {"webhookEndpoint": "WebhookEndpoint", "secret": "String"},
    "rotateWebhookSecret": {"webhookEndpoint": "WebhookEndpoint", "secret": "String"},
    "testWebhookEndpoint": {"webhookDelivery": "WebhookDelivery"},
    "replayWebhookDeliveries": {"webhookEndpoint": "WebhookEndpoint", "count": "Int"},
    "retryWebhookDeliveries": {"webhookEndpoint": "WebhookEndpoint", "count": "Int"},
    "deleteWebhookEndpoint": {"webhookEndpoint": "WebhookEndpoint"},
    "evaluateDraft": {"qcResult": "QcResult", "evaluation": "QcEvaluation"},
}
"""What the payloads have of mutations that save and delete no entity of the pipeline, or do
more."""
BULKS = {
    "saveDrafts": "SaveDraft",
    "recordQcResults": "RecordQcResult",
    "saveDeliveryPackages": "SaveDeliveryPackage",
}
"""Mutations that carry out many inputs of another one, which this names."""

every_mutation = pytest.mark.parametrize("name", MUTATIONS)
every_single_mutation = pytest.mark.parametrize(
    "name", [name for name in MUTATIONS if name not in BULKS]
)


def capitalized(name: str) -> str:
    return name[0].upper() + name[1:]


def test_there_are_mutations_of_the_pipeline_of_files_transfers_runs_webhooks_and_access() -> None:
    assert sorted(MUTATIONS) == sorted([*OUTCOMES, *OTHERS, *BULKS])


@pytest.mark.parametrize(("name", "single"), BULKS.items())
def test_a_bulk_takes_the_inputs_of_a_single_mutation_and_answers_with_its_payloads(
    name: str, single: str
) -> None:
    assert fields_of(input_type(f"{capitalized(name)}Input")) == {
        "rows": f"[{single}Input!]!",
        "errorPolicy": "ErrorPolicy",
        "validateOnly": "Boolean",
    }
    assert fields_of(object_type(f"{capitalized(name)}Payload")) == {
        "results": f"[{single}Payload!]!",
        "count": "Int!",
        "errors": "[MutationError!]!",
    }


@every_mutation
def test_a_mutation_takes_one_input_named_after_it(name: str) -> None:
    field = object_type("Mutation").fields[name]

    assert {argument: str(kind.type) for argument, kind in field.args.items()} == {
        "input": f"{capitalized(name)}Input!"
    }


@every_mutation
def test_a_mutation_can_be_validated_alone(name: str) -> None:
    assert fields_of(input_type(f"{capitalized(name)}Input"))["validateOnly"] == "Boolean"


def test_parts_of_inputs_are_not_validated_alone() -> None:
    inputs = {type_.name for type_ in input_types() if "validateOnly" in type_.fields}

    assert inputs == {f"{capitalized(name)}Input" for name in MUTATIONS}


@every_mutation
def test_a_mutation_can_be_null_so_that_a_bug_in_it_leaves_its_siblings(name: str) -> None:
    assert root_fields("Mutation")[name] == f"{capitalized(name)}Payload"


@every_single_mutation
def test_a_payload_has_the_outcome_or_errors(name: str) -> None:
    outcome = OUTCOMES.get(name, "errors")
    entity = {outcome: "ID" if outcome == "deletedId" else capitalized(outcome)}

    assert fields_of(object_type(f"{capitalized(name)}Payload")) == {
        **OTHERS.get(name, entity),
        "errors": "[MutationError!]!",
    }


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in MUTATIONS
        if "Upload" not in name and not name.startswith("start") and name not in BULKS
    ],
)
def test_every_mutation_can_be_guarded_by_a_revision(name: str) -> None:
    """But those of uploads: an upload is made anew, and completed once, however often one asks.
    Neither does what starts something change anything that is there."""
    assert fields_of(input_type(f"{capitalized(name)}Input"))["expectedRevision"] == "Int"


@pytest.mark.parametrize(
    ("mutation", "key", "is_required"),
    [
        ("submitIntake", "briefId", False),
        ("saveStrategyPlan", "strategyId", False),
        ("saveCampaign", "campaignId", False),
        ("saveDraft", "draftId", False),
        ("recordQcResult", "resultId", False),
        ("saveDeliveryPackage", "packageId", False),
        ("startRun", "runId", False),
        ("normalizeBrief", "briefId", True),
        ("approveStrategyPlan", "strategyId", True),
        ("rejectStrategyPlan", "strategyId", True),
        ("deleteBrief", "briefId", True),
        ("deleteStrategyPlan", "strategyId", True),
        ("deleteCampaign", "campaignId", True),
        ("deleteDraft", "draftId", True),
        ("deleteQcResult", "resultId", True),
        ("deleteDeliveryPackage", "packageId", True),
    ],
)
def test_a_key_may_be_left_out_where_the_server_can_make_one(
    mutation: str, key: str, is_required: bool
) -> None:
    kind = fields_of(input_type(f"{capitalized(mutation)}Input"))[key]

    assert kind == ("ID!" if is_required else "ID")


@pytest.mark.parametrize("mutation", ["approveStrategyPlan", "rejectStrategyPlan"])
def test_who_decides_may_say_who_it_is(mutation: str) -> None:
    assert fields_of(input_type(f"{capitalized(mutation)}Input"))["decidedBy"] == "String"


@pytest.mark.parametrize(
    ("name", "further"),
    [
        ("ValidationError", {}),
        ("NotFoundError", {}),
        ("RevisionConflictError", {"expectedRevision": "Int!", "actualRevision": "Int!"}),
        ("InvalidTransitionError", {"from": "String!", "to": "String!"}),
        ("NotAllowedError", {}),
        ("UploadRejectedError", {"failure": "UploadFailure!"}),
    ],
)
def test_every_kind_of_error_can_be_handled_as_any_other(
    name: str, further: dict[str, str]
) -> None:
    type_ = object_type(name)

    assert [interface.name for interface in type_.interfaces] == ["MutationError"]
    assert (
        fields_of(type_)
        == {
            "code": "ErrorCode!",
            "message": "String!",
            "path": "[String!]!",
        }
        | further
    )


def test_all_errors_have_a_code_of_their_own() -> None:
    kinds = [type_ for type_ in object_types() if type_.name.endswith("Error")]

    assert len(kinds) == 7
    assert list(enum_type("ErrorCode").values) == [
        "VALIDATION",
        "NOT_FOUND",
        "REVISION_CONFLICT",
        "INVALID_TRANSITION",
        "NOT_ALLOWED",
        "REJECTED",
        "UPLOAD_REJECTED",
    ]


def test_inputs_of_children_are_named_after_what_they_become() -> None:
    nested = {
        kind.strip("[]!")
        for type_ in input_types()
        for kind in fields_of(type_).values()
        if kind.strip("[]!").endswith("Input")
    } - {f"{single}Input" for single in BULKS.values()}

    assert nested == {
        "BriefScopeInput",
        "KpiInput",
        "StrategyTimelineInput",
        "MilestoneInput",
        "RecommendationInput",
        "TacticInput",
        "QcIssueInput",
        "DeliveryArtifactInput",
    }
    assert {name.removesuffix("Input") for name in nested} <= {t.name for t in object_types()}
