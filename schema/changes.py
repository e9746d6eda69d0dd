"""What changes of an entity have in common, as those who follow it see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from inspect import Parameter, signature
from keyword import iskeyword
from typing import Annotated, Any, Final

import strawberry
from strawberry import UNSET, Parent

from domain.history import Event as Record
from domain.history import EventFilter
from domain.scopes import read_scope
from repositories.registry import EntityType
from schema.context import Info
from schema.cursors import decode_log_position
from schema.descriptions import describe_enum
from schema.history.types import Event
from schema.scopes import for_scope

AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "The cursor of an event: first come the events after it. Left out, only those from now "
            "on."
        )
    ),
]
IN_ORDER: Final = (
    "Every event comes once, in the order of the log, after its commit, whichever server made it."
)


class ChangeKind(StrEnum):
    SAVED = "SAVED"
    DELETED = "DELETED"


describe_enum(
    ChangeKind,
    "What happened to an entity.",
    SAVED="It was saved: new, replaced or changed.",
    DELETED="It was deleted.",
)


def _kind(parent: Parent[Record]) -> ChangeKind:
    return ChangeKind.DELETED if parent.is_deletion else ChangeKind.SAVED


def _event(parent: Parent[Any]) -> Any:
    return parent


@strawberry.type
class EntityChange:
    kind: ChangeKind = strawberry.field(resolver=_kind, description="What happened.")
    event: Event = strawberry.field(
        resolver=_event,
        graphql_type=Event,
        description="The event of the change; its `cursor` is for `after`.",
    )


def changed_key(description: str) -> Any:
    """The business key of the entity that changed."""

    def resolve(parent: Parent[Record]) -> strawberry.ID:
        return strawberry.ID(parent.entity_key)

    return strawberry.field(resolver=resolve, description=description)


def changed_entity(entity_type: EntityType[Any, Any], graphql_type: Any, name: str) -> Any:
    """The entity that changed."""

    async def resolve(parent: Parent[Record], info: Info) -> Any:
        if parent.is_deletion:
            return None
        return await info.context.loaders.of(entity_type).by_key.load(parent.entity_key)

    return strawberry.field(
        name=name if iskeyword(name) else None,
        resolver=resolve,
        graphql_type=graphql_type | None,
        **for_scope(
            read_scope(entity_type.module),
            f"The {name} as it's stored when this is sent, which may be later than the change; "
            "null when it's deleted.",
        ),
    )


def changes(
    entity_type: EntityType[Any, Any], graphql_type: type[EntityChange], called: str, name: str
) -> Any:
    """A subscription to the changes of one entity, which its key names.

    `called` is what the description calls it, with an article, and `name` its short name.
    """
    given = entity_type.key_name

    async def resolve(info: Info, after: AfterEvent = UNSET, **key: Any) -> AsyncIterator[Any]:
        types, keys = (entity_type.record.entity_type,), (key[given],)
        filter = EventFilter(entity_types=types, entity_keys=keys)
        return await info.context.subscribe(filter, decode_log_position("after", after))

    # Each type has its own name for the key, so the signature is completed here.
    described = strawberry.argument(description=f"The key of the {name}. It may not exist yet.")
    key_type = Annotated[strawberry.ID, described]
    declared = signature(resolve)
    info, after, _ = declared.parameters.values()
    key = Parameter(given, Parameter.POSITIONAL_OR_KEYWORD, annotation=key_type)
    resolve.__annotations__[given] = key_type
    resolve.__dict__["__signature__"] = declared.replace(parameters=[info, key, after])
    return strawberry.subscription(
        resolver=resolve,
        graphql_type=graphql_type,
        **for_scope(read_scope(entity_type.module), f"The changes of {called}. {IN_ORDER}"),
    )
