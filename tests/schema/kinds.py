"""The six kinds of entities, as clients can treat them alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests import inputs
from tests.support.graphql import ENTITIES, GraphQLClient, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How entities of a kind are read and written."""

    name: str
    """The field that gives one; in the plural, many."""
    key: str
    save: str
    input: Callable[..., Json]
    delete: str
    children: str | None = None
    child: Callable[..., Json] = inputs.artifact

    @property
    def type_name(self) -> str:
        return self.name[0].upper() + self.name[1:]

    @property
    def fields(self) -> str:
        """A selection of all that the entity has of its own."""
        return ENTITIES[self.name]

    def input_for(self, key: str, **changes: Any) -> Json:
        """Inputs of different keys never share a second key."""
        return self.input(**{self.key: key}, **changes)

    def key_for_deleting(self, key: str = "key") -> Json:
        return {self.key: key}

    async def put(self, api: GraphQLClient, key: str = "key", **changes: Any) -> Json:
        """Save one; gives it as it is stored now."""
        entity: Json = await api.do(self.save, self.input_for(key, **changes))
        return entity

    async def get(self, api: GraphQLClient, key: str = "key") -> Json | None:
        entity: Json | None = (
            await api.ask(
                f"query($key: ID!) {{ it: {self.name}({self.key}: $key) {{ {self.fields} }} }}",
                key=key,
            )
        )["it"]
        return entity


def _plan(**changes: Any) -> Json:
    return inputs.save_plan(**{"briefId": f"brief of {changes['strategyId']}"} | changes)


def _result(**changes: Any) -> Json:
    return inputs.record_result(**{"draftId": f"draft of {changes['resultId']}"} | changes)


BRIEF = Kind(
    name="brief",
    key="briefId",
    save="submitIntake",
    input=inputs.submit_intake,
    delete="deleteBrief",
)
PLAN = Kind(
    name="strategyPlan",
    key="strategyId",
    save="saveStrategyPlan",
    input=_plan,
    delete="deleteStrategyPlan",
    children="recommendations",
    child=inputs.recommendation,
)
CAMPAIGN = Kind(
    name="campaign",
    key="campaignId",
    save="saveCampaign",
    input=inputs.save_campaign,
    delete="deleteCampaign",
    children="tactics",
    child=inputs.tactic,
)
DRAFT = Kind(
    name="draft",
    key="draftId",
    save="saveDraft",
    input=inputs.save_draft,
    delete="deleteDraft",
)
RESULT = Kind(
    name="qcResult",
    key="resultId",
    save="recordQcResult",
    input=_result,
    delete="deleteQcResult",
    children="issues",
    child=inputs.issue,
)
PACKAGE = Kind(
    name="deliveryPackage",
    key="packageId",
    save="saveDeliveryPackage",
    input=inputs.save_package,
    delete="deleteDeliveryPackage",
    children="artifacts",
    child=inputs.artifact,
)

KINDS = (BRIEF, PLAN, CAMPAIGN, DRAFT, RESULT, PACKAGE)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
every_parent = pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind.children],
    ids=[kind.name for kind in KINDS if kind.children],
)
