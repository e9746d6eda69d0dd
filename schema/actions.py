"""What a caller may do about an entity now, and what stands in the way: by the rules that the
mutations themselves obey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import strawberry
from graphql import GraphQLSchema
from strawberry import Parent
from strawberry.utils.str_converters import to_camel_case

from domain.actions import Action, Blocker, Situation
from domain.callers import Caller
from domain.entity import Entity
from resolvers.makers import makers_of
from schema.context import Context, Info
from schema.declarations import FieldResolution, declaration
from schema.descriptions import describe_enum
from schema.errors import ErrorCode, Forbidden, TopLevelCode, mutation_errors
from schema.node import global_id
from schema.scopes import EVERYBODY, Rule, rule_of


class BlockerCode(StrEnum):
    FORBIDDEN = TopLevelCode.FORBIDDEN.value
    INVALID_TRANSITION = ErrorCode.INVALID_TRANSITION.value
    NOT_ALLOWED = ErrorCode.NOT_ALLOWED.value
    VALIDATION = ErrorCode.VALIDATION.value


describe_enum(
    BlockerCode,
    "With which code a mutation would fail.",
    FORBIDDEN="The caller lacks a scope: it's the code of a top-level error.",
    INVALID_TRANSITION="The entity's state forbids this step.",
    NOT_ALLOWED="A rule forbids this step to this caller; others may take it.",
    VALIDATION="The entity isn't one that the mutation takes.",
)


@strawberry.type(description="What is in the way of an action.")
class ActionTarget:
    # Caches would take targets with the same `id` for one and the same, whatever their paths.
    node_id: strawberry.ID | None = strawberry.field(
        description=(
            "The global `id` of the entity; null where it has none, as a webhook's endpoint."
        )
    )
    path: list[str] = strawberry.field(
        description='The way to the field of the entity that is the reason, like `["approval"]`.'
    )


@strawberry.type(description="Why an action would be refused, whatever the input says.")
class ActionBlocker:
    code: BlockerCode = strawberry.field(description="The kind of failure, for programs.")
    message: str = strawberry.field(description="What is wrong, in English, for people.")
    target: ActionTarget | None = strawberry.field(
        description="What is in the way; null where the caller's scopes are."
    )


@strawberry.type(description="A mutation about an entity, and whether the caller may do it now.")
class AvailableAction:
    action: str = strawberry.field(description="The name of the mutation, as `saveDraft`.")
    allowed: bool = strawberry.field(
        description=(
            "Whether the mutation would succeed now with an input that is right. "
            "`validateOnly` tells whether yours is."
        )
    )
    blockers: list[ActionBlocker] = strawberry.field(
        description="What would refuse it, whatever the input; empty where it's allowed."
    )


def available_actions(actions: Sequence[Action]) -> Any:
    """The field of an entity with these actions about it, in their order.

    Of the record it reads what the rules look at. Who made records is read for all parents of a
    level together, and only where a rule asks for it.
    """
    checked = {check.attribute for action in actions for check in action.checks}
    asks_for_makers = any(action.asks_for_maker for action in actions)

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        context: Context = info.context
        caller = context.caller
        makers: Sequence[Caller | None] = [None for _ in parents]
        if asks_for_makers:
            makers = await makers_of(context.loaders.events.reads, caller, parents)
        forbidden = [_forbidden(_rule_of(info.schema, action.name), context) for action in actions]
        return [
            [
                _available(action, refusals, record, Situation(caller, maker))
                for action, refusals in zip(actions, forbidden, strict=True)
            ]
            for record, maker in zip(parents, makers, strict=True)
        ]

    async def resolve(parent: Parent[Any], info: Info) -> list[AvailableAction]:
        [found] = await resolve_all([parent], info._raw_info)
        available: list[AvailableAction] = found
        return available

    return strawberry.field(
        resolver=resolve,
        description=(
            "The mutations about the entity as it is here, whether you may do them, and what "
            "would refuse them."
        ),
        metadata=FieldResolution(
            resolve_batch=resolve_all,
            attributes=(*sorted(checked), *_OF_MAKERS) if asks_for_makers else (*sorted(checked),),
        ).metadata,
    )


_OF_MAKERS: Final = ("revision",)
"""What `makers_of` looks at, but for keys."""


def _rule_of(schema: GraphQLSchema, name: str) -> Rule:
    """The scopes that the mutation of this name requires."""
    assert schema.mutation_type is not None
    declared = declaration(schema.mutation_type.fields[name])
    assert declared is not None
    return rule_of(declared) or EVERYBODY


def _forbidden(rule: Rule, context: Context) -> Sequence[ActionBlocker]:
    try:
        rule.require(context.caller)
    except Forbidden as error:
        return (ActionBlocker(code=BlockerCode.FORBIDDEN, message=error.message, target=None),)
    return ()


def _available(
    action: Action, forbidden: Sequence[ActionBlocker], record: Any, situation: Situation
) -> AvailableAction:
    blockers = [*forbidden]
    for blocker in action.blockers(record, situation):
        blockers += _described(blocker, record)
    return AvailableAction(action=action.name, allowed=not blockers, blockers=blockers)


def _described(blocker: Blocker, record: Any) -> Iterator[ActionBlocker]:
    node_id = None
    if isinstance(record, Entity):
        node_id = global_id(type(record), getattr(record, record.key_name))
    target = ActionTarget(node_id=node_id, path=[to_camel_case(blocker.attribute)])
    for error in mutation_errors(blocker.error):
        yield ActionBlocker(
            code=BlockerCode(error.code.value), message=error.message, target=target
        )
