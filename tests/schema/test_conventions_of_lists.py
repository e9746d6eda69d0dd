"""The conventions of lists: connections, filters and orders."""

import re

import pytest
from graphql import (
    GraphQLObjectType,
    get_named_type,
    is_enum_type,
    is_scalar_type,
)

from tests.support.sdl import (
    entity_types,
    enum_type,
    fields_of,
    input_type,
    object_type,
    object_types,
    own_fields,
)

ENTITIES = [type_.name for type_ in entity_types()]
LOGGED = ["Event", "DeliveryPackageVersion"]
"""What is listed of the log."""
CONNECTIONS = [
    type_.name
    for type_ in object_types()
    if type_.name.endswith("Connection") and type_.name.removesuffix("Connection") not in LOGGED
]
LISTED = ["AccessToken", "WebhookDelivery", "WebhookEndpoint"]
"""What is listed like entities and has no global id."""

every_entity = pytest.mark.parametrize("name", ENTITIES)
every_connection = pytest.mark.parametrize("name", CONNECTIONS)


# Connections


def test_every_list_of_entities_is_a_connection() -> None:
    lists = [
        (f"{type_.name}.{name}", kind)
        for type_ in object_types()
        for name, kind in fields_of(type_).items()
        if kind.strip("[]!") in ENTITIES and "[" in kind
    ]

    others = [where for where, _ in lists if not re.search(r"(Connection|Payload)\.", where)]
    # What a run has made is as much as its steps have, which name it.
    assert others == ["Run.drafts", "Run.deliveryPackages"]


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
    "RunStatus": "RunStatusFilter",
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
        ("RunStatusFilter", "RunStatus", "eq ne in nin"),
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
