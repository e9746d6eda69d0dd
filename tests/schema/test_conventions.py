"""The conventions of the whole schema: readers who know a part of it can guess the rest."""

import re

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    get_named_type,
    is_enum_type,
    is_scalar_type,
)

from repositories.registry import ENTITY_TYPES
from tests.support.graphql import OUTCOMES
from tests.support.sdl import (
    Fielded,
    arguments,
    decapitalized,
    entity_types,
    enum_type,
    fields_of,
    input_type,
    input_types,
    object_type,
    object_types,
    own_fields,
    own_types,
    root_fields,
)

ENTITIES = [type_.name for type_ in entity_types()]
LOGGED = ["Event", "DeliveryPackageVersion"]
"""What is listed of the log."""
CONNECTIONS = [
    type_.name
    for type_ in object_types()
    if type_.name.endswith("Connection") and type_.name.removesuffix("Connection") not in LOGGED
]
MUTATIONS = list(root_fields("Mutation"))
OTHERS = {
    "createUpload": {"upload": "Upload"},
    "completeUpload": {"upload": "Upload", "file": "File"},
    "startImport": {"import": "Import"},
    "cancelImport": {"import": "Import"},
    "startExport": {"export": "Export"},
    "cancelExport": {"export": "Export"},
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
LISTED = ["AccessToken", "WebhookDelivery", "WebhookEndpoint"]
"""What is listed like entities and has no global id."""

every_entity = pytest.mark.parametrize("name", ENTITIES)
every_connection = pytest.mark.parametrize("name", CONNECTIONS)
every_mutation = pytest.mark.parametrize("name", MUTATIONS)
every_single_mutation = pytest.mark.parametrize(
    "name", [name for name in MUTATIONS if name not in BULKS]
)


def capitalized(name: str) -> str:
    return name[0].upper() + name[1:]


# Entities


def test_the_types_with_a_global_id_are_those_of_the_registry() -> None:
    assert sorted(ENTITIES) == sorted(ENTITY_TYPES)


@every_entity
def test_every_entity_has_its_bookkeeping(name: str) -> None:
    fields = fields_of(object_type(name))

    assert fields["id"] == "ID!"
    assert fields["revision"] == "Int!"
    assert fields["createdAt"] == fields["updatedAt"] == "DateTime!"


@every_entity
def test_every_entity_is_found_alone_and_in_a_list(name: str) -> None:
    roots = root_fields("Query")

    assert roots[decapitalized(name)] == name
    assert roots[f"{decapitalized(name)}s"] == f"{name}Connection!"


def test_nothing_else_can_be_queried_than_entities_nodes_events_webhooks_and_so_on() -> None:
    of_webhooks = {"webhookEndpoint", "webhookEndpoints", "webhookDelivery", "webhookDeliveries"}
    of_access = {"viewer", "accessToken", "accessTokens"}
    of_entities = {f"{decapitalized(name)}{end}" for name in ENTITIES for end in ("", "s")}

    assert set(root_fields("Query")) == {
        *of_entities,
        *of_webhooks,
        *of_access,
        "qcBenchmarks",
        "node",
        "nodes",
        "events",
    }


# Types of fields


def all_types_of_fields() -> list[tuple[str, str]]:
    types: list[Fielded] = [*object_types(), *input_types()]
    return [
        (f"{type_.name}.{name}", kind) for type_ in types for name, kind in fields_of(type_).items()
    ] + [(f"{where}({name})", kind) for where, name, kind in arguments()]


def test_items_of_lists_are_never_null() -> None:
    """But for `nodes`, whose items say by null that there is no such entity."""
    assert [where for where, kind in all_types_of_fields() if re.search(r"\w\]", kind)] == [
        "Query.nodes"
    ]


def test_lists_in_responses_are_never_null() -> None:
    assert [
        f"{type_.name}.{name}"
        for type_ in object_types()
        for name, kind in fields_of(type_).items()
        if "[" in kind and not kind.endswith("!")
    ] == []


def test_keys_are_ids_everywhere() -> None:
    keys = [
        (where, kind)
        for where, kind in all_types_of_fields()
        if re.search(r"(Id|\bid)\)?$", where) and not where.split(".")[0].endswith("Filter")
    ]

    assert len(keys) > 50
    assert [where for where, kind in keys if kind not in ("ID", "ID!")] == []


def test_nothing_else_is_an_id() -> None:
    assert [
        where
        for where, kind in all_types_of_fields()
        if kind in ("ID", "ID!")
        and not re.search(r"(Id|\b(id|key))\)?$", where)
        and not where.startswith(("IDFilter.", "NullableIDFilter."))
    ] == []


def test_optional_arguments_and_fields_have_no_default_in_the_schema() -> None:
    """Left out and null are the same, and what that means is told in the description."""
    with_default = [
        f"{type_.name}.{name}"
        for type_ in input_types()
        for name, field in type_.fields.items()
        if field.ast_node and field.ast_node.default_value
    ]

    assert with_default == []


@pytest.mark.parametrize(
    "enum", [type_ for type_ in own_types() if isinstance(type_, GraphQLEnumType)], ids=str
)
def test_values_of_enums_are_in_capitals(enum: GraphQLEnumType) -> None:
    assert [
        name for name in enum.values if not re.fullmatch("[A-Z]+[0-9]*(_[A-Z]+[0-9]*)*", name)
    ] == []


# Mutations


def test_there_are_mutations_of_the_pipeline_of_files_transfers_webhooks_and_access() -> None:
    assert sorted(MUTATIONS) == sorted([*OUTCOMES, *OTHERS, *BULKS])


@pytest.mark.parametrize(("name", "single"), BULKS.items())
def test_a_bulk_takes_the_inputs_of_a_single_mutation_and_answers_with_its_payloads(
    name: str, single: str
) -> None:
    assert fields_of(input_type(f"{capitalized(name)}Input")) == {
        "rows": f"[{single}Input!]!",
        "errorPolicy": "ErrorPolicy",
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


# Connections


def test_every_list_of_entities_is_a_connection() -> None:
    lists = [
        (f"{type_.name}.{name}", kind)
        for type_ in object_types()
        for name, kind in fields_of(type_).items()
        if kind.strip("[]!") in ENTITIES and "[" in kind
    ]

    assert [where for where, _ in lists if not re.search(r"(Connection|Payload)\.", where)] == []


@every_connection
def test_a_connection_has_edges_nodes_a_place_and_a_total(name: str) -> None:
    entity = name.removesuffix("Connection")

    assert entity in [*ENTITIES, *LISTED]
    assert fields_of(object_type(name)) == {
        "edges": f"[{entity}Edge!]!",
        "nodes": f"[{entity}!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
    }
    assert fields_of(object_type(f"{entity}Edge")) == {"cursor": "String!", "node": f"{entity}!"}


@pytest.mark.parametrize("name", LOGGED)
def test_what_is_logged_is_listed_without_a_total_which_would_count_all_of_it(name: str) -> None:
    assert fields_of(object_type(f"{name}Connection")) == {
        "edges": f"[{name}Edge!]!",
        "nodes": f"[{name}!]!",
        "pageInfo": "PageInfo!",
    }
    assert fields_of(object_type(f"{name}Edge")) == {"cursor": "String!", "node": f"{name}!"}


@every_entity
def test_every_entity_leads_to_its_history_and_to_itself_as_it_was(name: str) -> None:
    fields = object_type(name).fields

    assert str(fields["history"].type) == "EventConnection!"
    assert [*fields["history"].args] == ["first", "after"]
    assert str(fields["asOf"].type) == name
    assert {argument: str(it.type) for argument, it in fields["asOf"].args.items()} == {
        "revision": "Int",
        "at": "DateTime",
    }


def test_a_page_knows_its_place() -> None:
    assert fields_of(object_type("PageInfo")) == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


def connection_fields() -> list[tuple[GraphQLObjectType, str]]:
    return [
        (type_, name)
        for type_ in object_types()
        for name, kind in fields_of(type_).items()
        if kind.rstrip("!") in CONNECTIONS
    ]


def test_versions_are_paged_in_their_one_order() -> None:
    field = object_type("DeliveryPackage").fields["versions"]

    assert {argument: str(kind.type) for argument, kind in field.args.items()} == {
        "first": "Int",
        "after": "String",
    }


@pytest.mark.parametrize(
    ("type_", "name"), connection_fields(), ids=[f"{t}.{n}" for t, n in connection_fields()]
)
def test_every_connection_is_paged_filtered_and_ordered_alike(
    type_: GraphQLObjectType, name: str
) -> None:
    field = type_.fields[name]
    entity = str(field.type).removesuffix("Connection!")

    assert {argument: str(kind.type) for argument, kind in field.args.items()} == {
        "first": "Int",
        "after": "String",
        "last": "Int",
        "before": "String",
        "filter": f"{entity}Filter",
        "orderBy": f"{entity}Order",
    }


def test_what_leads_from_one_module_to_another_leads_back() -> None:
    edges = {
        f"{type_.name}.{name}": kind
        for type_ in entity_types()
        for name, kind in fields_of(type_).items()
        if name not in own_fields(type_)
        and name not in ("id", "history", "asOf", "versions", "diff")
    }

    assert edges == {
        "Brief.strategyPlans": "StrategyPlanConnection!",
        "StrategyPlan.brief": "Brief",
        "StrategyPlan.campaigns": "CampaignConnection!",
        "StrategyPlan.drafts": "DraftConnection!",
        "Campaign.strategyPlan": "StrategyPlan",
        "Campaign.drafts": "DraftConnection!",
        "Draft.strategyPlan": "StrategyPlan",
        "Draft.campaign": "Campaign",
        "Draft.qcResult": "QcResult",
        "Draft.deliveryPackages": "DeliveryPackageConnection!",
        "QcResult.draft": "Draft",
        "DeliveryPackage.draft": "Draft",
        "Upload.file": "File",
        "Import.file": "File",
        "Import.resultFile": "File",
        "Export.resultFile": "File",
    }


def test_children_know_their_position() -> None:
    """Lists of objects that belong to their parent, apart from those that are kept inside it."""
    lists = {
        kind.strip("[]!")
        for type_ in entity_types()
        for name, kind in own_fields(type_).items()
        if kind.startswith("[") and kind.strip("[]!") in {other.name for other in object_types()}
    }

    assert lists == {"Kpi", "Recommendation", "Tactic", "QcIssue", "DeliveryArtifact"}
    assert {
        name: fields_of(object_type(name)).get("position") for name in sorted(lists - {"Kpi"})
    } == {
        "DeliveryArtifact": "Int!",
        "QcIssue": "Int!",
        "Recommendation": "Int!",
        "Tactic": "Int!",
    }


# Filters and orders

COMPARATORS = {
    "ID": "IDFilter",
    "String": "StringFilter",
    "Int": "IntFilter",
    "Float": "FloatFilter",
    "DateTime": "DateTimeFilter",
    "Boolean": "BooleanFilter",
    "BriefStage": "BriefStageFilter",
    "ApprovalState": "ApprovalStateFilter",
    "ByteCount": "ByteCountFilter",
    "UploadFailure": "UploadFailureFilter",
    "UploadStatus": "UploadStatusFilter",
    "TransferStatus": "TransferStatusFilter",
    "TransferEntity": "TransferEntityFilter",
    "ErrorPolicy": "ErrorPolicyFilter",
}
UNFILTERED = {
    "Draft.body",
    "File.url",
    "DeliveryPackage.archiveUrl",
    "DeliveryPackage.isStale",
}


@every_entity
def test_entities_can_be_filtered_by_every_value_of_theirs(name: str) -> None:
    """But for JSON, texts that are as long as a book, and what is computed when it's asked for."""
    entity = object_type(name)
    values = {
        field
        for field in own_fields(entity)
        if is_scalar_type(kind := named(entity, field)) or is_enum_type(kind)
        if str(kind) != "JSON"
        and not str(entity.fields[field].type).startswith("[")
        and f"{name}.{field}" not in UNFILTERED
    }

    conditions = fields_of(input_type(f"{name}Filter"))

    assert conditions == {field: comparator(entity, field) for field in sorted(values)} | {
        "and": f"[{name}Filter!]",
        "or": f"[{name}Filter!]",
        "not": f"{name}Filter",
    }


def comparator(entity: GraphQLObjectType, field: str) -> str:
    """Filters can find absent values of every field that may be absent."""
    may_be_absent = not str(entity.fields[field].type).endswith("!")
    return ("Nullable" if may_be_absent else "") + COMPARATORS[str(named(entity, field))]


def named(entity: GraphQLObjectType, field: str) -> object:
    return get_named_type(entity.fields[field].type)


@pytest.mark.parametrize(
    ("name", "value", "operators"),
    [
        ("IDFilter", "ID", "eq ne in nin"),
        ("NullableIDFilter", "ID", "eq ne in nin isNull"),
        ("StringFilter", "String", "eq ne in nin contains startsWith"),
        ("NullableStringFilter", "String", "eq ne in nin contains startsWith isNull"),
        ("IntFilter", "Int", "eq ne gt gte lt lte"),
        ("FloatFilter", "Float", "eq ne gt gte lt lte"),
        ("DateTimeFilter", "DateTime", "eq ne gt gte lt lte"),
        ("NullableDateTimeFilter", "DateTime", "eq ne gt gte lt lte isNull"),
        ("BooleanFilter", "Boolean", "eq"),
        ("BriefStageFilter", "BriefStage", "eq ne in nin"),
        ("ApprovalStateFilter", "ApprovalState", "eq ne in nin"),
        ("ByteCountFilter", "ByteCount", "eq ne gt gte lt lte"),
        ("NullableUploadFailureFilter", "UploadFailure", "eq ne in nin isNull"),
        ("UploadStatusFilter", "UploadStatus", "eq ne in nin"),
        ("TransferStatusFilter", "TransferStatus", "eq ne in nin"),
        ("TransferEntityFilter", "TransferEntity", "eq ne in nin"),
        ("ErrorPolicyFilter", "ErrorPolicy", "eq ne in nin"),
    ],
)
def test_values_are_compared_by_what_makes_sense_for_them(
    name: str, value: str, operators: str
) -> None:
    of_lists_or_of_absence = {"in": f"[{value}!]", "nin": f"[{value}!]", "isNull": "Boolean"}

    assert fields_of(input_type(name)) == {
        operator: of_lists_or_of_absence.get(operator, value) for operator in operators.split()
    }


@every_entity
def test_an_order_has_a_field_and_a_direction(name: str) -> None:
    assert fields_of(input_type(f"{name}Order")) == {
        "field": f"{name}OrderField!",
        "direction": "Direction!",
    }
    assert list(enum_type("Direction").values) == ["ASC", "DESC"]


LONG_TEXTS = {"File.url", "Draft.body", "StrategyPlan.executiveSummary"}
UNORDERED = {*LONG_TEXTS, "DeliveryPackage.isStale"}


@every_entity
def test_entities_can_be_ordered_by_every_value_that_is_always_there(name: str) -> None:
    """But for JSON, long texts, and what is worked out of other entities."""
    entity = object_type(name)
    values = [
        field
        for field, kind in own_fields(entity).items()
        if is_scalar_type(named(entity, field)) or is_enum_type(named(entity, field))
        if re.fullmatch(r"\w+!", kind) and kind != "JSON!" and f"{name}.{field}" not in UNORDERED
    ]

    assert list(enum_type(f"{name}OrderField").values) == [
        re.sub("([A-Z])", r"_\1", field).upper() for field in values
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
