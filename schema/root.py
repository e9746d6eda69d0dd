"""The schema, composed of the modules' types."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

import strawberry
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    SchemaDefinitionNode,
    parse,
    print_ast,
    print_schema,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from execution import Engine
from repositories.cache import Cache
from schema.about import SCHEMA_DESCRIPTION
from schema.access.mutations import AccessMutation
from schema.access.queries import AccessQuery
from schema.bindings import bindings_of
from schema.context import Info
from schema.delivery.mutations import DeliveryMutation
from schema.delivery.queries import DeliveryQuery
from schema.delivery.subscriptions import DeliverySubscription
from schema.documents import Documents
from schema.errors import MUTATION_ERROR_TYPES, BadUserInput
from schema.files.mutations import FilesMutation
from schema.files.queries import FilesQuery
from schema.files.subscriptions import FilesSubscription
from schema.history.queries import HistoryQuery
from schema.history.subscriptions import HistorySubscription
from schema.introspection import Introspections
from schema.limits import Limits
from schema.node import Node, StoredEntity, for_any_entity, load_node, load_nodes
from schema.onboarding.mutations import OnboardingMutation
from schema.onboarding.queries import OnboardingQuery
from schema.onboarding.subscriptions import OnboardingSubscription
from schema.production.mutations import ProductionMutation
from schema.production.queries import ProductionQuery
from schema.production.subscriptions import ProductionSubscription
from schema.qc.mutations import QcMutation
from schema.qc.queries import QcQuery
from schema.qc.subscriptions import QcSubscription
from schema.scalars import ENCODABLE, SCALARS
from schema.scopes import field_of, obey_rules
from schema.sharing import ResponseGroups
from schema.strategy.mutations import StrategyMutation
from schema.strategy.queries import StrategyQuery
from schema.strategy.subscriptions import StrategySubscription
from schema.transfers.mutations import TransfersMutation
from schema.transfers.queries import TransfersQuery
from schema.transfers.subscriptions import TransfersSubscription
from schema.webhooks.mutations import WebhookMutation
from schema.webhooks.queries import WebhookQuery
from schema.workflow.mutations import WorkflowMutation
from schema.workflow.queries import WorkflowQuery
from schema.workflow.subscriptions import WorkflowSubscription

MAX_NODES = 100


async def _node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The global id of the entity.")],
) -> Any:
    return await load_node(info.context, id)


async def _nodes(
    info: Info,
    ids: Annotated[
        list[strawberry.ID],
        strawberry.argument(description=f"At most {MAX_NODES} global ids."),
    ],
) -> Any:
    if len(ids) > MAX_NODES:
        raise BadUserInput(f"ids: at most {MAX_NODES} are allowed, not {len(ids)}.")
    return await load_nodes(info.context, ids)


@strawberry.type(
    description="Reading the pipeline. All fields of a query see one and the same state."
)
class Query(
    OnboardingQuery,
    StrategyQuery,
    ProductionQuery,
    QcQuery,
    DeliveryQuery,
    FilesQuery,
    TransfersQuery,
    WorkflowQuery,
    HistoryQuery,
    WebhookQuery,
    AccessQuery,
):
    node: Node | None = field_of(
        for_any_entity("Any entity by its global id; null when there is none."),
        resolver=_node,
    )
    nodes: list[Node | None] = field_of(
        for_any_entity(
            "Any entities by their global ids, in that order; null where there is none."
        ),
        resolver=_nodes,
    )


@strawberry.type(
    description=(
        "Changing the pipeline. Each mutation is stored whole or not at all, but for bulks, whose "
        "`errorPolicy` says it. Expected failures are in the payload's `errors`."
    )
)
class Mutation(
    OnboardingMutation,
    StrategyMutation,
    ProductionMutation,
    QcMutation,
    DeliveryMutation,
    FilesMutation,
    TransfersMutation,
    WorkflowMutation,
    WebhookMutation,
    AccessMutation,
):
    pass


@strawberry.type(description="Following the pipeline: over WebSocket or server-sent events.")
class Subscription(
    HistorySubscription,
    OnboardingSubscription,
    StrategySubscription,
    ProductionSubscription,
    QcSubscription,
    DeliverySubscription,
    FilesSubscription,
    TransfersSubscription,
    WorkflowSubscription,
):
    pass


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """The schema, the cache of its documents, and the engine that executes them."""

    definition: strawberry.Schema
    documents: Documents
    engine: Engine
    introspections: Introspections
    response_groups: ResponseGroups[Any] = field(default_factory=ResponseGroups)
    """Of the subscriptions that are open."""

    @property
    def graphql(self) -> GraphQLSchema:
        return self.definition._schema

    def sdl(self) -> str:
        """The schema in GraphQL's schema definition language, with types in alphabetical order."""
        # Strawberry prints no description of the schema, and graphql-core doesn't sort types.
        [schema] = [
            definition
            for definition in parse(print_schema(self.graphql)).definitions
            if isinstance(definition, SchemaDefinitionNode)
        ]
        return f"{print_ast(schema)}\n\n{self.definition.as_str()}\n"


def define_schema() -> strawberry.Schema:
    """The types and fields as they are declared now."""
    definition = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=MUTATION_ERROR_TYPES,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    definition._schema.description = SCHEMA_DESCRIPTION  # Strawberry can't set it
    obey_rules(definition._schema)
    return definition


@cache
def _defined_once() -> strawberry.Schema:
    """Nobody who compiles it changes it, so that all schemas of a process may have the same."""
    return define_schema()


def create_schema(
    limits: Limits | None = None,
    *,
    introspection: bool = True,
    cache: Cache | None = None,
    definition: strawberry.Schema | None = None,
) -> CompiledSchema:
    """The schema. Without introspection, messages don't suggest names either.

    The `cache` keeps documents with their plans, and introspection results. The `definition` is
    that of `define_schema`, for those who declare something else meanwhile.
    """
    cache = Cache() if cache is None else cache
    definition = definition or _defined_once()
    documents = Documents(
        definition._schema, limits or Limits(), introspection=introspection, cache=cache
    )
    engine = Engine(
        definition._schema,
        binding_of=bindings_of(definition),
        class_of=_class_of,
        encodable_of=lambda leaf: ENCODABLE.get(leaf.name),
    )
    return CompiledSchema(definition, documents, engine, Introspections(cache))


def _class_of(type_: GraphQLObjectType) -> type | None:
    """The record class of an entity's type, whose objects are records."""
    declared = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    return declared.origin.record_type if issubclass(declared.origin, StoredEntity) else None
