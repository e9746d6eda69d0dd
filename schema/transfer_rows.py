"""The rows of imports and exports: each is as the input of the mutation that saves one entity."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import strawberry
from graphql import (
    GraphQLInputObjectType,
    get_named_type,
)
from strawberry.utils.str_converters import to_snake_case

from domain.bulk import Row
from domain.entity import Entity
from domain.errors import DomainError, ValidationFailed
from domain.json_object import JsonObject
from domain.transfers import TransferEntity
from repositories.criteria import Filter
from schema.commands import command_of
from schema.delivery.inputs import DeliveryPackageFilter, SaveDeliveryPackageInput
from schema.errors import BadUserInput, mutation_errors
from schema.filtering import criteria, require_few_conditions
from schema.json_inputs import coerced, input_type
from schema.onboarding.inputs import BriefFilter, SubmitIntakeInput
from schema.production.inputs import (
    CampaignFilter,
    DraftFilter,
    SaveCampaignInput,
    SaveDraftInput,
)
from schema.qc.inputs import QcResultFilter, RecordQcResultInput
from schema.resolving import conversion_to
from schema.scalars import serialize_date_time
from schema.strategy.inputs import SaveStrategyPlanInput, StrategyPlanFilter


class _Kind(NamedTuple):
    input: type
    """A row has the fields of this input."""
    filter: type


_KINDS: Final[Mapping[TransferEntity, _Kind]] = MappingProxyType(
    {
        TransferEntity.BRIEF: _Kind(SubmitIntakeInput, BriefFilter),
        TransferEntity.STRATEGY_PLAN: _Kind(SaveStrategyPlanInput, StrategyPlanFilter),
        TransferEntity.CAMPAIGN: _Kind(SaveCampaignInput, CampaignFilter),
        TransferEntity.DRAFT: _Kind(SaveDraftInput, DraftFilter),
        TransferEntity.QC_RESULT: _Kind(RecordQcResultInput, QcResultFilter),
        TransferEntity.DELIVERY_PACKAGE: _Kind(SaveDeliveryPackageInput, DeliveryPackageFilter),
    }
)
_NOT_IN_ROWS: Final = "expectedRevision"


class TransferRows:
    """Makes commands and criteria of JSON, and JSON of records and errors, by a schema's types."""

    def __init__(self, definition: strawberry.Schema) -> None:
        self._definition = definition

    def command_of(self, entity: TransferEntity, value: object) -> Row:
        """Raises ValidationFailed."""
        input = _KINDS[entity].input
        convert = command_of(input)
        assert convert is not None
        command: Row = convert(coerced(value, self._type_of(input), ()))
        return command

    def row_of(self, entity: TransferEntity, record: Entity) -> Mapping[str, object]:
        """What is absent is left out, and so is the revision."""
        return _object_of(record, self._type_of(_KINDS[entity].input))

    def errors_of(self, error: DomainError) -> Sequence[Mapping[str, object]]:
        """`code`, `message` and `path` of each error."""
        return [
            {"code": it.code.value, "message": it.message, "path": it.path}
            for it in mutation_errors(error)
        ]

    def criteria_of(
        self, entity: TransferEntity, filter: Mapping[str, object] | None
    ) -> Filter | None:
        """Raises ValidationFailed."""
        if not filter:
            return None
        value = coerced(filter, self._type_of(_KINDS[entity].filter), ("filter",))
        try:
            require_few_conditions(value)
            return criteria(self._filters[entity](value))
        except BadUserInput as error:
            raise ValidationFailed.at("filter", error.message.removesuffix(".")) from None

    @cached_property
    def _filters(self) -> Mapping[TransferEntity, Callable[[Any], Any]]:
        found = {
            entity: conversion_to(self._definition, kind.filter, ("filter",))
            for entity, kind in _KINDS.items()
        }
        return {entity: convert for entity, convert in found.items() if convert is not None}

    def _type_of(self, input: type) -> GraphQLInputObjectType:
        return input_type(self._definition, input)


def _object_of(record: Any, type_: GraphQLInputObjectType) -> dict[str, object]:
    """The fields of an input, as the attributes of a record or of a part of one are."""
    found = {
        name: _value_of(getattr(record, to_snake_case(name)), get_named_type(field.type))
        for name, field in type_.fields.items()
        if name != _NOT_IN_ROWS
    }
    return {name: value for name, value in found.items() if value is not None}


def _value_of(value: Any, type_: Any) -> object:
    match value:
        case tuple():
            return [_value_of(item, type_) for item in value]
        case datetime():
            return serialize_date_time(value)
        case JsonObject():
            return value.to_python()
        case Enum():
            return value.name
    if value is not None and isinstance(type_, GraphQLInputObjectType):
        return _object_of(value, type_)
    found: object = value
    return found
