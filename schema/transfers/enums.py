"""The closed sets of transfers, described; import them from here."""

from domain.transfers import TransferEntity, TransferStatus
from schema.descriptions import describe_enum

__all__ = ["TransferEntity", "TransferStatus"]

describe_enum(
    TransferStatus,
    "What has become of an import, or an export.",
    PENDING="It waits for a server that carries it out.",
    RUNNING="It has begun.",
    SUCCEEDED="All lines were looked at, or written.",
    FAILED="It ended before that; `error` says why.",
    CANCELLED="Somebody cancelled it. What was done before stays.",
)
describe_enum(
    TransferEntity,
    "What the lines of a file are.",
    BRIEF="Briefs, by lines with the fields of `SubmitIntakeInput`.",
    STRATEGY_PLAN="Strategy plans, by lines with the fields of `SaveStrategyPlanInput`.",
    CAMPAIGN="Campaigns, by lines with the fields of `SaveCampaignInput`.",
    DRAFT="Drafts, by lines with the fields of `SaveDraftInput`.",
    QC_RESULT="QC results, by lines with the fields of `RecordQcResultInput`.",
    DELIVERY_PACKAGE="Packages, by lines with the fields of `SaveDeliveryPackageInput`.",
)
