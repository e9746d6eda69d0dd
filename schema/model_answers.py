"""The answers of language models: each is as the input of the mutation that saves it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import strawberry
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_nullable_type,
)
from strawberry.utils.str_converters import to_camel_case

from domain.validation import require_valid
from orchestration.producers.models.answers import Answer
from schema.commands import command_of
from schema.json_inputs import coerced, input_type
from schema.onboarding.inputs import NormalizeBriefInput
from schema.production.inputs import SaveCampaignInput, SaveDraftInput
from schema.strategy.inputs import SaveStrategyPlanInput


class _Answered(NamedTuple):
    input: type
    fields: tuple[str, ...]
    """Those of the input that the model gives; the others are ours."""


_ANSWERED: Final[Mapping[Answer, _Answered]] = MappingProxyType(
    {
        Answer.NORMALIZED_BRIEF: _Answered(
            NormalizeBriefInput, ("scope", "objectives", "targetAudience", "brandGuidelines")
        ),
        Answer.STRATEGY_PLAN: _Answered(
            SaveStrategyPlanInput, ("executiveSummary", "kpis", "timeline", "recommendations")
        ),
        Answer.CAMPAIGN: _Answered(SaveCampaignInput, ("name", "tactics")),
        Answer.DRAFT: _Answered(SaveDraftInput, ("contentType", "title", "body")),
    }
)

_SCALARS: Final[Mapping[str, str]] = MappingProxyType(
    {"String": "string", "ID": "string", "Int": "integer", "Float": "number", "Boolean": "boolean"}
)
_GUIDELINES: Final = (
    "bannedPhrases",
    "never",
    "requiredPhrases",
    "names",
    "claims",
    "callsToAction",
    "legalLines",
)
"""The lists of brand guidelines that drafts are checked by."""


class ModelAnswers:
    """Makes JSON schemas and commands by the inputs of a schema."""

    def __init__(self, definition: strawberry.Schema) -> None:
        self._definition = definition

    def schema_of(self, answer: Answer) -> Mapping[str, object]:
        """All members are required, and no others are allowed: strict mode asks for both. What
        may be absent may be null."""
        answered = _ANSWERED[answer]
        type_ = input_type(self._definition, answered.input)
        return _object({name: type_.fields[name] for name in answered.fields})

    def command_of(self, answer: Answer, value: object, keys: Mapping[str, str]) -> Any:
        """The command, which is valid, with these keys. Raises ValidationFailed."""
        answered = _ANSWERED[answer]
        type_ = input_type(self._definition, answered.input)
        convert = command_of(answered.input)
        assert convert is not None
        given = {to_camel_case(name): key for name, key in keys.items()}
        found = value | given if isinstance(value, dict) else value
        command = convert(coerced(found, type_))
        require_valid(command)
        return command


def _object(fields: Mapping[str, GraphQLInputField]) -> Mapping[str, object]:
    return _closed(
        {
            name: _described(_schema_of(field.type), field.description)
            for name, field in fields.items()
        }
    )


def _closed(properties: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _described(schema: Mapping[str, object], description: str | None) -> Mapping[str, object]:
    return {**schema, "description": description} if description else schema


def _schema_of(type_: GraphQLInputType) -> Mapping[str, object]:
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLInputObjectType):
        found = _object(nullable.fields)
    elif isinstance(nullable, GraphQLList):
        found = _list_of(_schema_of(nullable.of_type))
    elif nullable.name == "JSON":
        found = _closed({name: _list_of({"type": "string"}) for name in _GUIDELINES})
    else:
        found = {"type": _SCALARS[nullable.name]}
    return found if nullable is not type_ else {"anyOf": [found, {"type": "null"}]}


def _list_of(items: Mapping[str, object]) -> Mapping[str, object]:
    return {"type": "array", "items": items}
