"""The closed sets of strategy plans, described; import them from here."""

from domain.strategy import ApprovalState
from schema.descriptions import describe_enum

__all__ = ["ApprovalState"]

describe_enum(
    ApprovalState,
    "What was decided on a plan. It bears on saving and deciding the plan itself alone: campaigns "
    "and drafts are saved for a plan in any state.",
    PENDING="Not decided yet. Saving a plan brings it here.",
    APPROVED="Approved, which is final: the plan can't be saved or decided again.",
    REJECTED="Rejected; saving the plan again makes it PENDING.",
)
