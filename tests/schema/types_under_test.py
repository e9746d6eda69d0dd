"""All types of entities, as clients can treat them alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from repositories.registry import ENTITY_TYPES, Entities, EntityType
from tests import inputs
from tests.support.graphql import BY_UPLOADS, ENTITIES, GraphQLClient, Json
from tests.support.sdl import decapitalized


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeUnderTest:
    """How entities of a type are read and written."""

    type: EntityType[Any, Any]
    save: str
    input: Callable[..., Json]
    children: str | None = None
    child: Callable[..., Json] = inputs.artifact
    left_out: Mapping[str, Any] = field(default_factory=dict)
    """What children have whose input leaves it out."""

    @property
    def type_name(self) -> str:
        return self.type.name

    @property
    def name(self) -> str:
        """The field that gives one; in the plural, many."""
        return decapitalized(self.type.name)

    @property
    def key(self) -> str:
        return to_camel_case(self.type.key_name)

    @property
    def delete(self) -> str:
        return f"delete{self.type.name}"

    @property
    def fields(self) -> str:
        """A selection of all that the entity has of its own."""
        return ENTITIES[self.name]

    def input_for(self, key: str, **changes: Any) -> Json:
        """Inputs of different keys never share a second key."""
        return self.input(**{self.key: key}, **changes)

    def key_for_deleting(self, key: str = "key") -> Json:
        return {self.key: key}

    def stored(self, children: Sequence[Json]) -> list[Json]:
        """The children as they are stored in place of these inputs."""
        return [
            {"position": position, **child, **self.left_out}
            for position, child in enumerate(children)
        ]

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


BRIEF = TypeUnderTest(
    type=Entities.briefs,
    save="submitIntake",
    input=inputs.submit_intake,
)
PLAN = TypeUnderTest(
    type=Entities.strategy_plans,
    save="saveStrategyPlan",
    input=_plan,
    children="recommendations",
    child=inputs.recommendation,
)
CAMPAIGN = TypeUnderTest(
    type=Entities.campaigns,
    save="saveCampaign",
    input=inputs.save_campaign,
    children="tactics",
    child=inputs.tactic,
)
DRAFT = TypeUnderTest(
    type=Entities.drafts,
    save="saveDraft",
    input=inputs.save_draft,
)
RESULT = TypeUnderTest(
    type=Entities.qc_results,
    save="recordQcResult",
    input=_result,
    children="issues",
    child=inputs.issue,
    left_out=dict.fromkeys(["hint", "benchmarkId"]),
)
PACKAGE = TypeUnderTest(
    type=Entities.delivery_packages,
    save="saveDeliveryPackage",
    input=inputs.save_package,
    children="artifacts",
    child=inputs.artifact,
    left_out=dict.fromkeys(["fileId", "draftRevision", "qcResultId", "qcRevision"]),
)

_UNDER_TEST = {it.type: it for it in vars().copy().values() if isinstance(it, TypeUnderTest)}
TYPES_UNDER_TEST = tuple(
    _UNDER_TEST[type_] for name, type_ in ENTITY_TYPES.items() if name not in BY_UPLOADS
)

every_type = pytest.mark.parametrize(
    "entity_type", TYPES_UNDER_TEST, ids=[it.name for it in TYPES_UNDER_TEST]
)
every_parent = pytest.mark.parametrize(
    "entity_type",
    [it for it in TYPES_UNDER_TEST if it.children],
    ids=[it.name for it in TYPES_UNDER_TEST if it.children],
)
