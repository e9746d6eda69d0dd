"""Records, output types and inputs have the same fields, by the same names."""

import importlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from strawberry.utils.str_converters import to_camel_case

from domain import delivery, files, onboarding, production, qc, strategy, transfers, workflow
from domain.deletion import Delete
from domain.files import ByteCount
from domain.json_object import JsonObject
from repositories.registry import ENTITY_TYPES
from tests.support.graphql import BY_UPLOADS
from tests.support.sdl import fields_of, input_type, object_type, own_fields, root_fields

VALIDATED = {"validateOnly": "Boolean"}
"""What inputs of mutations have beside the fields of their commands."""

ENTITIES: list[type[Any]] = [type_.record for type_ in ENTITY_TYPES.values()]
PARTS: list[type[Any]] = [
    onboarding.BriefScope,
    strategy.Kpi,
    strategy.Milestone,
    strategy.StrategyTimeline,
    strategy.Recommendation,
    production.Tactic,
    qc.QcIssue,
    delivery.DeliveryArtifact,
]
READ_ONLY_PARTS: list[type[Any]] = [workflow.RunStep, workflow.ModelExchange]
"""No input has them."""
COMMANDS: dict[str, type[Any]] = {
    "SubmitIntakeInput": onboarding.SubmitIntake,
    "NormalizeBriefInput": onboarding.NormalizeBrief,
    "SaveStrategyPlanInput": strategy.SaveStrategyPlan,
    "ApproveStrategyPlanInput": strategy.DecideStrategyPlan,
    "RejectStrategyPlanInput": strategy.DecideStrategyPlan,
    "SaveCampaignInput": production.SaveCampaign,
    "SaveDraftInput": production.SaveDraft,
    "RecordQcResultInput": qc.RecordQcResult,
    "EvaluateDraftInput": qc.EvaluateDraft,
    "SaveDeliveryPackageInput": delivery.SaveDeliveryPackage,
    "SaveDraftsInput": production.SaveDrafts,
    "RecordQcResultsInput": qc.RecordQcResults,
    "SaveDeliveryPackagesInput": delivery.SaveDeliveryPackages,
    "CreateUploadInput": files.CreateUpload,
    "CompleteUploadInput": files.CompleteUpload,
    "StartImportInput": transfers.StartImport,
    "CancelImportInput": transfers.CancelImport,
    "StartExportInput": transfers.StartExport,
    "CancelExportInput": transfers.CancelExport,
    "StartRunInput": workflow.StartRun,
    "CancelRunInput": workflow.CancelRun,
    "RetryRunInput": workflow.RetryRun,
}
DELETIONS = {
    f"Delete{name}Input": to_camel_case(type_.key_name)
    for name, type_ in ENTITY_TYPES.items()
    if name not in BY_UPLOADS
}
SCALARS: dict[Any, str] = {
    str: "String",
    int: "Int",
    float: "Float",
    bool: "Boolean",
    ByteCount: "ByteCount",
    datetime: "DateTime",
    JsonObject: "JSON",
}


@pytest.mark.parametrize("record", ENTITIES, ids=lambda record: record.__name__)
def test_clients_see_every_field_of_an_entity_and_no_other(record: type[Any]) -> None:
    assert own_fields(object_type(record.__name__)) == {
        to_camel_case(name): seen_as(name, hint) for name, hint in hints_of(record).items()
    } | MADE.get(record.__name__, {})


@pytest.mark.parametrize("part", PARTS + READ_ONLY_PARTS, ids=lambda part: part.__name__)
def test_clients_see_every_field_of_a_part_and_no_other(part: type[Any]) -> None:
    assert fields_of(object_type(part.__name__)) == {
        to_camel_case(name): seen_as(name, hint) for name, hint in hints_of(part).items()
    } | MADE.get(part.__name__, {})


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_clients_send_every_field_of_a_part_but_its_position(part: type[Any]) -> None:
    """Inputs lack the position: their place in the list determines it."""
    assert fields_of(input_type(f"{part.__name__}Input")) == {
        to_camel_case(field.name): sent_as(part, field)
        for field in fields(part)
        if field.name != "position"
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_clients_send_every_field_of_a_command(name: str) -> None:
    command = COMMANDS[name]
    is_mutation = name in {f"{it[0].upper()}{it[1:]}Input" for it in root_fields("Mutation")}

    assert fields_of(input_type(name)) == (VALIDATED if is_mutation else {}) | {
        to_camel_case(field.name): sent_as(command, field) for field in fields(command)
    }


@pytest.mark.parametrize("name", DELETIONS)
def test_deleting_takes_the_key_and_the_expected_revision(name: str) -> None:
    assert fields_of(input_type(name)) == VALIDATED | {
        DELETIONS[name]: "ID!",
        "expectedRevision": "Int",
    }
    assert [field.name for field in fields(Delete)] == ["key_name", "key", "expected_revision"]


@pytest.mark.parametrize("name", ENTITY_TYPES)
def test_what_is_saved_under_a_name_is_read_under_the_same(name: str) -> None:
    saving = {
        "Brief": ("SubmitIntakeInput", "NormalizeBriefInput"),
        "QcResult": ("RecordQcResultInput",),
        "File": ("CreateUploadInput",),
        "Upload": ("CreateUploadInput",),
        "Import": ("StartImportInput",),
        "Export": ("StartExportInput",),
        "Run": ("StartRunInput",),
    }.get(name, (f"Save{name}Input",))
    sent = {field for input in saving for field in fields_of(input_type(input))}

    assert sent - {"expectedRevision", *VALIDATED} <= own_fields(object_type(name)).keys()


# A record or command without one of these would not be looked at by the tests above.


@pytest.mark.parametrize("name", sorted({type_.module for type_ in ENTITY_TYPES.values()}))
def test_every_record_and_command_is_looked_at(name: str) -> None:
    module = importlib.import_module(f"domain.{name}")
    known = {*ENTITIES, *PARTS, *READ_ONLY_PARTS, *COMMANDS.values()}

    assert {
        thing
        for thing in vars(module).values()
        if is_dataclass(thing) and getattr(thing, "__module__", "") == module.__name__
    } <= known


@pytest.mark.parametrize(
    "thing",
    dict.fromkeys((*ENTITIES, *PARTS, *COMMANDS.values(), Delete)),
    ids=lambda thing: thing.__name__,
)
def test_records_and_commands_can_not_be_changed(thing: Any) -> None:
    assert thing.__dataclass_params__.frozen
    assert "__slots__" in vars(thing)


def hints_of(type_: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(type_)
    return {field.name: hints[field.name] for field in fields(type_)}


MADE: dict[str, dict[str, str]] = {
    "File": {"url": "String!"},
    "Upload": {"request": "UploadRequest"},
    "DeliveryArtifact": {"url": "String!", "file": "File"},
    "DeliveryPackage": {"archiveUrl": "String", "isStale": "Boolean!"},
    "Run": {"modelExchanges": "[ModelExchange!]!"},
    "RunStep": {"produced": "Node"},
}
"""Fields of types that are made when they are asked for."""


def seen_as(name: str, hint: Any) -> str:
    """The GraphQL type of a field with this Python type."""
    inner, is_optional = without_none(hint)
    if get_origin(inner) is tuple:
        # Children may be read apart from their parent, but are never absent.
        return f"[{named(name, get_args(inner)[0])}!]!"
    return named(name, inner) + ("" if is_optional else "!")


def sent_as(command: type[Any], field: Field[Any]) -> str:
    """The GraphQL type of an input's field: null and left out are the same."""
    inner, is_optional = without_none(get_type_hints(command)[field.name])
    if get_origin(inner) is tuple:
        item = get_args(inner)[0]
        kind = f"[{named(field.name, item)}{'Input' if is_dataclass(item) else ''}!]"
    else:
        kind = named(field.name, inner) + ("Input" if is_dataclass(inner) else "")
    has_default = field.default is not MISSING or field.default_factory is not MISSING
    return kind if is_optional or has_default else f"{kind}!"


def named(name: str, hint: Any) -> str:
    if get_origin(hint) is Mapping:
        return "JSON"
    if hint is str and name.endswith(("_id", "_ids")):
        return "ID"
    if hint in SCALARS:
        return SCALARS[hint]
    assert is_dataclass(hint) or issubclass(hint, StrEnum), hint
    type_name: str = hint.__name__
    return type_name


def without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) is not UnionType:
        return hint, False
    [inner] = [part for part in get_args(hint) if part is not type(None)]
    return inner, True
