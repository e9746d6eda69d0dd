"""The conventions of the whole schema: readers who know a part of it can guess the rest."""

import re

import pytest
from graphql import (
    GraphQLEnumType,
)

from repositories.registry import ENTITY_TYPES
from tests.support.sdl import (
    Fielded,
    arguments,
    decapitalized,
    entity_types,
    fields_of,
    input_types,
    object_type,
    object_types,
    own_fields,
    own_types,
    root_fields,
)

ENTITIES = [type_.name for type_ in entity_types()]

every_entity = pytest.mark.parametrize("name", ENTITIES)


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


def test_what_leads_from_one_module_to_another_leads_back() -> None:
    edges = {
        f"{type_.name}.{name}": kind
        for type_ in entity_types()
        for name, kind in fields_of(type_).items()
        if name not in own_fields(type_)
        and name not in ("id", "history", "asOf", "versions", "diff", "availableActions")
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
        "Run.brief": "Brief",
        "Run.strategyPlan": "StrategyPlan",
        "Run.campaign": "Campaign",
        "Run.drafts": "[Draft!]!",
        "Run.deliveryPackages": "[DeliveryPackage!]!",
    }


def test_children_know_their_position() -> None:
    """Lists of objects that belong to their parent, apart from those that are kept inside it."""
    lists = {
        kind.strip("[]!")
        for type_ in entity_types()
        for name, kind in own_fields(type_).items()
        if kind.startswith("[") and kind.strip("[]!") in {other.name for other in object_types()}
    }

    assert lists == {
        "Kpi",
        "Recommendation",
        "Tactic",
        "QcIssue",
        "DeliveryArtifact",
        "RunStep",
        "ModelExchange",
    }
    assert {
        name: fields_of(object_type(name)).get("position") for name in sorted(lists - {"Kpi"})
    } == {
        "DeliveryArtifact": "Int!",
        "ModelExchange": "Int!",
        "QcIssue": "Int!",
        "Recommendation": "Int!",
        "RunStep": "Int!",
        "Tactic": "Int!",
    }
