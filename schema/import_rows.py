"""The rows of imports: each describes a command as the input of a mutation does."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLSchema,
    Undefined,
    coerce_input_value,
    get_nullable_type,
    is_required_input_field,
)
from graphql.utilities import validate_input_value

from domain.bulk import Row
from domain.errors import DomainError, PathSegment, ValidationFailed, Violation
from domain.transfers import TransferEntity
from schema.commands import command_of
from schema.delivery.inputs import SaveDeliveryPackageInput
from schema.errors import mutation_errors
from schema.onboarding.inputs import SubmitIntakeInput
from schema.production.inputs import SaveCampaignInput, SaveDraftInput
from schema.qc.inputs import RecordQcResultInput
from schema.strategy.inputs import SaveStrategyPlanInput

INPUTS: Final[Mapping[TransferEntity, type]] = MappingProxyType(
    {
        TransferEntity.BRIEF: SubmitIntakeInput,
        TransferEntity.STRATEGY_PLAN: SaveStrategyPlanInput,
        TransferEntity.CAMPAIGN: SaveCampaignInput,
        TransferEntity.DRAFT: SaveDraftInput,
        TransferEntity.QC_RESULT: RecordQcResultInput,
        TransferEntity.DELIVERY_PACKAGE: SaveDeliveryPackageInput,
    }
)
"""The input that a row of each kind has the fields of."""

_MAX_MISTAKES: Final = 100
"""How many mistakes of one row are told."""


class ImportRows:
    """Makes commands of rows, and tells errors, as the mutations of a schema do."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def command_of(self, entity: TransferEntity, value: object) -> Row:
        """Raises ValidationFailed."""
        input = INPUTS[entity]
        type_ = self._schema.type_map[input.__name__]
        assert isinstance(type_, GraphQLInputObjectType)
        if mistakes := [*_mistakes(value, type_, ())][:_MAX_MISTAKES]:
            raise ValidationFailed(mistakes)
        convert = command_of(input)
        assert convert is not None
        command: Row = convert(coerce_input_value(value, type_))
        return command

    def errors_of(self, error: DomainError) -> Sequence[Mapping[str, object]]:
        """`code`, `message` and `path` of each error."""
        return [
            {"code": it.code.value, "message": it.message, "path": it.path}
            for it in mutation_errors(error)
        ]


def _mistakes(
    value: object, type_: GraphQLInputType, path: tuple[PathSegment, ...]
) -> Iterator[Violation]:
    """Why the value isn't one of the type. Unlike GraphQL's own messages, they name the fields that
    are missing, or unknown, by their path."""
    nullable = get_nullable_type(type_)
    if value is not None and isinstance(nullable, GraphQLInputObjectType):
        yield from _mistakes_of_object(value, nullable, path)
    elif isinstance(value, list) and isinstance(nullable, GraphQLList):
        for index, item in enumerate(value):
            yield from _mistakes(item, nullable.of_type, (*path, index))
    elif value is None and nullable is not type_:
        yield Violation(path, "must not be null")
    else:
        found = list[str]()
        validate_input_value(
            value, type_, lambda error, _: found.append(error.message), hide_suggestions=True
        )
        for message in found:
            yield Violation(path, message.removesuffix("."))


def _mistakes_of_object(
    value: object, type_: GraphQLInputObjectType, path: tuple[PathSegment, ...]
) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, "must be a JSON object")
        return
    for name in value.keys() - type_.fields.keys():
        yield Violation((*path, name), f"isn't a field of `{type_.name}`")
    for name, field in type_.fields.items():
        given: Any = value.get(name, Undefined)
        if given is not Undefined:
            yield from _mistakes(given, field.type, (*path, name))
        elif is_required_input_field(field):
            yield Violation((*path, name), "must be given")
