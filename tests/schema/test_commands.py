"""Inputs become commands of the domain."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLNonNull, is_list_type, is_non_null_type
from strawberry.types import get_object_definition

from domain.deletion import Delete
from domain.delivery import DeliveryArtifact, SaveDeliveryPackage
from domain.onboarding import BriefScope, NormalizeBrief
from domain.qc import QcIssue, QcSeverity, RecordQcResult
from domain.strategy import Milestone, SaveStrategyPlan, StrategyTimeline
from schema.commands import ValidateOnly, command_of
from schema.delivery.inputs import DeleteDeliveryPackageInput, SaveDeliveryPackageInput
from schema.filtering import IDFilter
from schema.onboarding.inputs import NormalizeBriefInput
from schema.qc.inputs import RecordQcResultInput
from schema.root import CompiledSchema
from schema.strategy.inputs import SaveStrategyPlanInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NESTED = {"BriefScopeInput": {}, "StrategyTimelineInput": {"durationWeeks": 2}}
GUIDELINES = {"tone": None, "snake_case": [1]}


@pytest.mark.parametrize(
    ("input_type", "given", "command"),
    [
        (SaveDeliveryPackageInput, {"draftId": "d"}, SaveDeliveryPackage(draft_id="d")),
        (
            SaveDeliveryPackageInput,
            {"packageId": None, "draftId": "d", "artifacts": None, "expectedRevision": None},
            SaveDeliveryPackage(draft_id="d"),
        ),
        (
            SaveDeliveryPackageInput,
            {
                "packageId": "p",
                "draftId": "d",
                "artifacts": [{"name": "n", "url": "u", "format": "f"}],
                "expectedRevision": 0,
            },
            SaveDeliveryPackage(
                package_id="p",
                draft_id="d",
                artifacts=(DeliveryArtifact(name="n", url="u", format="f"),),
                expected_revision=0,
            ),
        ),
        (
            NormalizeBriefInput,
            {
                "briefId": "b",
                "scope": {"deliverables": ["a"], "exclusions": None},
                "objectives": [],
                "targetAudience": "t",
                "brandGuidelines": GUIDELINES,
            },
            NormalizeBrief(
                brief_id="b",
                scope=BriefScope(deliverables=("a",)),
                objectives=(),
                target_audience="t",
                brand_guidelines=GUIDELINES,
            ),
        ),
        (
            RecordQcResultInput,
            {
                "draftId": "d",
                "passed": False,
                "score": 0.0,
                "evaluatedAt": NOON,
                "issues": [{"severity": QcSeverity.MAJOR, "section": "s", "reason": "r"}],
            },
            RecordQcResult(
                draft_id="d",
                passed=False,
                score=0.0,
                evaluated_at=NOON,
                issues=(QcIssue(QcSeverity.MAJOR, "s", "r"),),
            ),
        ),
        (
            SaveStrategyPlanInput,
            {
                "briefId": "b",
                "executiveSummary": "",
                "timeline": {"durationWeeks": 2, "milestones": [{"name": "n", "week": "w"}]},
            },
            SaveStrategyPlan(
                brief_id="b",
                executive_summary="",
                timeline=StrategyTimeline(2, (Milestone("n", "w"),)),
            ),
        ),
        (
            DeleteDeliveryPackageInput,
            {"packageId": "p", "expectedRevision": None},
            Delete(key_name="package_id", key="p"),
        ),
        (
            DeleteDeliveryPackageInput,
            {"packageId": "p", "expectedRevision": 3},
            Delete(key_name="package_id", key="p", expected_revision=3),
        ),
    ],
)
def test_an_input_becomes_its_command(
    input_type: type, given: dict[str, Any], command: object
) -> None:
    """A field that is left out, or null, keeps the command's default."""
    convert = command_of(input_type)

    assert convert is not None
    assert convert(given) == command


def test_a_filter_describes_no_command() -> None:
    assert command_of(IDFilter) is None


def _anything(type_: GraphQLNonNull[Any]) -> Any:
    """A value that has been coerced."""
    return [] if is_list_type(type_.of_type) else NESTED.get(str(type_.of_type), "x")


def test_every_mutation_takes_a_command(schema: CompiledSchema) -> None:
    """With a default for each field that may be left out, and all that the input has."""
    mutations = schema.graphql.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        argument = field.args["input"].extensions["strawberry-definition"]
        definition = get_object_definition(argument.type, strict=True)
        convert = command_of(argument.type)
        assert convert is not None, name

        fields = field.args["input"].type.of_type.fields
        command = convert(
            {key: _anything(one.type) for key, one in fields.items() if is_non_null_type(one.type)}
        )

        has = {one.name for one in dataclasses.fields(command)}
        takes = {one.python_name for one in definition.fields} - {"validate_only"}
        assert name.startswith("delete") or has >= takes


@pytest.mark.parametrize(
    ("given", "is_validated"), [({"validateOnly": True}, True), ({"validateOnly": False}, False)]
)
def test_a_command_may_only_be_validated(given: dict[str, Any], is_validated: bool) -> None:
    convert = command_of(SaveDeliveryPackageInput)
    command = SaveDeliveryPackage(draft_id="d")

    assert convert is not None
    found = convert({"draftId": "d", **given})

    assert found == (ValidateOnly(command) if is_validated else command)
