"""What runs have said to language models, and what these said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import strawberry
from strawberry import Parent

from domain import workflow
from domain.scopes import Scope
from schema.context import Info
from schema.declarations import FieldResolution
from schema.scopes import field_of, for_all_scopes

_OF_ITS_FACTS: Final = [
    Scope.ONBOARDING_READ,
    Scope.STRATEGY_READ,
    Scope.PRODUCTION_READ,
    Scope.QC_READ,
]
"""A model is told of briefs, plans, campaigns, drafts and why these don't pass."""


@strawberry.type(
    description="A request that a run sent to a language model, and what came of it, word by word."
)
class ModelExchange:
    position: int = strawberry.field(description="Its place among the run's: 0, 1, 2 …")
    prompt: str = strawberry.field(
        description="The name of the prompt: `normalized_brief`, `strategy_plan`, `campaign` or "
        "`draft`."
    )
    model: str = strawberry.field(description="The model, as the endpoint calls it.")
    request: str = field_of(
        for_all_scopes(_OF_ITS_FACTS, "The body that was sent, JSON; it has no credentials.")
    )
    response: str = field_of(
        for_all_scopes(
            _OF_ITS_FACTS, "The body that came, as far as it was read; empty where none did."
        )
    )
    status: int | None = strawberry.field(
        description="The HTTP status; null when there was no response."
    )
    error: str | None = strawberry.field(description="Why the response is no use; null when it is.")
    tokens: int = strawberry.field(
        description="What it counts for in the run's bound: the tokens of request and response "
        "that the endpoint tells, or else the most that they may have had."
    )
    began_at: datetime = strawberry.field(description="When the request was sent.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, workflow.ModelExchange)


async def _all_exchanges(runs: Sequence[Any], info: Any) -> Sequence[Any]:
    loaded: Sequence[Any] = await info.context.loaders.exchanges.by_run_id.load_many(
        [run.run_id for run in runs]
    )
    return loaded


async def _exchanges(parent: Parent[Any], info: Info) -> Any:
    [found] = await _all_exchanges([parent], info)
    return found


def model_exchanges() -> Any:
    """The field with the exchanges of a run."""
    return strawberry.field(
        resolver=_exchanges,
        description="What was said to language models for it, in order; empty where the built-in "
        "producers plan and write.",
        graphql_type=list[ModelExchange],
        metadata=FieldResolution(resolve_batch=_all_exchanges).metadata,
    )
