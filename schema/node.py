"""Global object identification: https://relay.dev/graphql/objectidentification.htm"""

import asyncio
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import strawberry

from domain.callers import Caller
from domain.entity import Entity
from domain.scopes import read_scope
from domain.validation import unstorable
from execution import SelectedField
from repositories.json_encoding import base64url
from repositories.projections import EncodedId, Part
from repositories.registry import ENTITY_TYPES, EntityType
from schema.context import Context
from schema.declarations import FieldResolution
from schema.rendering import ProjectionBuilder
from schema.scopes import Rule, for_any_scope

_READ_SCOPES: Final = list(
    dict.fromkeys(read_scope(type_.module) for type_ in ENTITY_TYPES.values())
)
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_TO_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def global_id(record_type: type[Entity], key: str) -> strawberry.ID:
    """The opaque id of an entity. It encodes the type and the key alone, so it never changes."""
    return strawberry.ID(_encoded(record_type.__name__, key))


def _encoded(name: str, key: str) -> str:
    return base64url(_prefix(name) + key)


def _prefix(name: str) -> str:
    return f"{name}:"


def decode_global_id(value: str) -> tuple[str, str] | None:
    """(type name, business key), or None when no such id is ever given out."""
    # There may be thousands in an operation; `base64` makes twice as many calls.
    try:
        given = value.encode("ascii")
        decoded = a2b_base64(given.translate(_TO_STANDARD) + b"=" * (-len(value) % 4))
        name, separator, key = decoded.decode().partition(":")
    except ValueError:
        return None
    encoded = b2a_base64(decoded, newline=False).translate(_TO_URL_SAFE)
    if not separator or unstorable(key) or encoded.rstrip(b"=") != given:
        return None
    return name, key


async def load_node(context: Context, id: str) -> Entity | None:
    """The entity with this global id; None when it isn't stored, or the id is invalid.

    Raises Forbidden where the caller may not read entities of its type.
    """
    name, key = decode_global_id(id) or ("", "")
    type_ = ENTITY_TYPES.get(name)
    if type_ is None:
        return None
    require_readable(type_, context.caller)
    found: Entity | None = await context.loaders.of(type_).by_key.load(key)
    return found


def for_any_entity(description: str) -> dict[str, Any]:
    """The description and the directive of a field that may have an entity of any type."""
    return for_any_scope(_READ_SCOPES, description)


def require_readable(type_: EntityType[Any, Any], caller: Caller) -> None:
    """Raise Forbidden unless the caller may read entities of the type."""
    Rule((frozenset({read_scope(type_.module)}),)).require(caller)


async def load_nodes(context: Context, ids: Sequence[str]) -> list[Entity | Exception | None]:
    """The entities with these global ids, in that order, as `load_node` returns each; an exception
    in place of an entity that can't be read.
    """
    # The keys of a type are loaded together: a task for each key would take longer than all else.
    wanted = await context.pacer.work(
        len(ids), lambda: [decode_global_id(id) or ("", "") for id in ids]
    )
    keys_of: dict[str, list[str]] = {}
    for name, key in wanted:
        if name in ENTITY_TYPES:
            keys_of.setdefault(name, []).append(key)
    loading = [_load_many(context, name, keys) for name, keys in keys_of.items()]
    found: dict[tuple[str, str], Entity | Exception | None] = {}
    for (name, keys), values in zip(keys_of.items(), await asyncio.gather(*loading), strict=True):
        found.update(zip(((name, key) for key in keys), values, strict=True))
    return [found.get(each) for each in wanted]


async def _load_many(
    context: Context, name: str, keys: Sequence[str]
) -> Sequence[Entity | Exception | None]:
    try:
        type_ = ENTITY_TYPES[name]
        require_readable(type_, context.caller)
        loaded: list[Entity | None] = await context.loaders.of(type_).by_key.load_many(keys)
    except Exception as error:  # noqa: BLE001 - each entity of the type reports it
        return [error] * len(keys)
    return loaded


def _id_of_record(record: Any) -> strawberry.ID:
    return global_id(type(record), getattr(record, record.key_name))


def _part_of(selected: SelectedField, _: ProjectionBuilder) -> Part:
    type_ = ENTITY_TYPES[selected.type.name]
    return EncodedId(_prefix(type_.name), type_.key_name)


@strawberry.interface(description="Anything that has a global id and can be fetched by it.")
class Node:
    @strawberry.field(
        description=(
            "The global id: unique among all types, never changing, opaque. For caches and for "
            "`node(id:)`; all other arguments speak business keys."
        ),
        metadata=FieldResolution(part_of=_part_of).metadata,
    )
    def id(self) -> strawberry.ID:
        # Resolvers get the record as `self`: the types here only describe records.
        return _id_of_record(self)


class StoredEntity(Node):
    """Base of the types of all entities; not a GraphQL type of its own."""

    record_type: ClassVar[type[Entity]]

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, cls.record_type)


def client_id() -> Any:
    return strawberry.field(
        description=(
            "The client whom it belongs to: the one of the brief that its references lead to, as "
            "stored now; null where they lead to none. That changes without a new `revision`."
        )
    )


def revision() -> Any:
    return strawberry.field(
        description="1 when first saved, one more with every change. For `expectedRevision`."
    )


def created_at() -> Any:
    return strawberry.field(description="When it was first saved.")


def updated_at() -> Any:
    return strawberry.field(description="When it was last changed.")
