"""The names that clients were promised: there may be more, but none of these goes or changes."""

import pytest
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
)

from tests.support.sdl import enum_type, fields_of, own_types, type_named

PROMISED: DocumentNode = parse(
    """
    type Brief implements Node {
      id: ID! briefId: ID! clientId: ID! stage: BriefStage! responses: JSON! submittedAt: DateTime!
      scope: BriefScope objectives: [String!]! targetAudience: String brandGuidelines: JSON!
      normalizedAt: DateTime revision: Int! createdAt: DateTime! updatedAt: DateTime!
      strategyPlans: StrategyPlanConnection!
    }
    enum BriefStage { INTAKE NORMALIZED }
    type BriefScope { deliverables: [String!]! exclusions: [String!]! timelineWeeks: Int }
    type StrategyPlan implements Node {
      id: ID! strategyId: ID! briefId: ID! version: Int! executiveSummary: String! kpis: [Kpi!]!
      timeline: StrategyTimeline! recommendations: [Recommendation!]! approval: ApprovalState!
      decidedBy: String decidedAt: DateTime
      revision: Int! createdAt: DateTime! updatedAt: DateTime!
      brief: Brief campaigns: CampaignConnection! drafts: DraftConnection!
    }
    enum ApprovalState { PENDING APPROVED REJECTED }
    type Kpi { name: String! targetValue: Float! unit: String! timeframeDays: Int! }
    type StrategyTimeline { durationWeeks: Int! milestones: [Milestone!]! }
    type Milestone { name: String! week: String! }
    type Recommendation {
      position: Int! channel: String! budgetPercent: Float! rationale: String! tactics: [String!]!
    }
    type Campaign implements Node {
      id: ID! campaignId: ID! strategyId: ID! name: String! tactics: [Tactic!]!
      revision: Int! createdAt: DateTime! updatedAt: DateTime!
      strategyPlan: StrategyPlan drafts: DraftConnection!
    }
    type Tactic { position: Int! channel: String! contentType: String! title: String! }
    type Draft implements Node {
      id: ID! draftId: ID! strategyId: ID! campaignId: ID contentType: String! title: String!
      body: String! metadata: JSON! revision: Int! createdAt: DateTime! updatedAt: DateTime!
      strategyPlan: StrategyPlan campaign: Campaign qcResult: QcResult
      deliveryPackages: DeliveryPackageConnection!
    }
    type QcResult implements Node {
      id: ID! resultId: ID! draftId: ID! passed: Boolean! score: Float! evaluatedAt: DateTime!
      issues: [QcIssue!]! revision: Int! createdAt: DateTime! updatedAt: DateTime! draft: Draft
    }
    type QcIssue { position: Int! severity: QcSeverity! section: String! reason: String! }
    enum QcSeverity { CRITICAL MAJOR MINOR }
    type DeliveryPackage implements Node {
      id: ID! packageId: ID! draftId: ID! artifacts: [DeliveryArtifact!]!
      revision: Int! createdAt: DateTime! updatedAt: DateTime! draft: Draft
    }
    type DeliveryArtifact { position: Int! name: String! url: String! format: String! }

    interface MutationError { code: ErrorCode! message: String! path: [String!]! }
    enum ErrorCode {
      VALIDATION NOT_FOUND REVISION_CONFLICT INVALID_TRANSITION NOT_ALLOWED REJECTED
      UPLOAD_REJECTED
    }
    """
)
OBJECTS = [
    definition
    for definition in PROMISED.definitions
    if isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
]
ENUMS = [
    definition
    for definition in PROMISED.definitions
    if isinstance(definition, EnumTypeDefinitionNode)
]


@pytest.mark.parametrize("promised", OBJECTS, ids=[node.name.value for node in OBJECTS])
def test_promised_fields_are_there(
    promised: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode,
) -> None:
    type_ = type_named(promised.name.value)

    expected = {field.name.value: print_ast(field.type) for field in promised.fields or ()}

    assert fields_of(type_).items() >= expected.items()  # type: ignore[arg-type]


@pytest.mark.parametrize("promised", ENUMS, ids=[node.name.value for node in ENUMS])
def test_closed_sets_have_the_promised_values(promised: EnumTypeDefinitionNode) -> None:
    expected = [value.name.value for value in promised.values or ()]

    assert list(enum_type(promised.name.value).values) == expected


def test_both_scalars_say_where_their_format_is_specified() -> None:
    urls = {
        type_.name: getattr(type_, "specified_by_url", None)
        for type_ in own_types()
        if type_.name in ("DateTime", "JSON")
    }

    assert urls == {
        "DateTime": "https://datatracker.ietf.org/doc/html/rfc3339",
        "JSON": "https://datatracker.ietf.org/doc/html/rfc8259",
    }
