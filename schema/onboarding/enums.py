"""The closed sets of briefs, described; import them from here."""

from domain.onboarding import BriefStage
from schema.descriptions import describe_enum

__all__ = ["BriefStage"]

describe_enum(
    BriefStage,
    "How far the agency has come with a brief.",
    INTAKE="As the client sent it; not worked on yet.",
    NORMALIZED="Understood by the agency: scope, objectives and audience are set.",
)
