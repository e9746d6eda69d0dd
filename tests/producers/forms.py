"""What is read of the answers of a form."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from orchestration.producers.briefs.material import Material, material_of
from orchestration.producers.briefs.money import budget_of
from tests.producers.pipeline import Pipeline, intake

WORDS = st.sampled_from(
    ["blog", "post", "posts", "email", "and", ",", "+", "a", "3", "x4", "reel", "Instagram", "we",
     "maybe", "landing page", "poster", "(45 s)", "1 May", "31 April", "2027", "from", "until"]
)  # fmt: skip
SENTENCES = st.lists(WORDS, max_size=16).map(" ".join)


def material(answers: dict[str, Any]) -> Material:
    return material_of(Pipeline(answers).brief)


def rules(made: Pipeline) -> Mapping[str, Any]:
    return made.understood.brand_guidelines or {}


def budget(answer: object) -> str:
    return str(budget_of(intake({"budget": answer})))


def deliverables(text: str) -> tuple[str, ...]:
    return Pipeline({"deliverables": text}).understood.scope.deliverables
