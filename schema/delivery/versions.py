"""Versions of packages, and what differs between two of them: views of the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from strawberry import UNSET, Parent

from domain import delivery
from domain.errors import StateRemoved
from domain.history import Event as Record
from domain.package_diff import diff_of
from domain.scopes import Scope
from resolvers.history.loaders import Moment, entity_after
from resolvers.loaders import Loaders
from schema.context import Info
from schema.declarations import FieldResolution
from schema.delivery.lineage import artifacts_of
from schema.errors import BadUserInput, TopLevelCode
from schema.history.fields import load_history
from schema.pagination import After, First, PageInfo
from schema.scopes import for_scope

if TYPE_CHECKING:
    from schema.delivery.types import DeliveryArtifact, DeliveryPackage
    from schema.history.types import Event, EventCaller

_EVENT: Final = Record.__name__
_Found = Sequence[delivery.DeliveryArtifact] | Exception


def _revision(parent: Parent[Record]) -> int:
    return parent.revision_after


def _saved_at(parent: Parent[Record]) -> datetime:
    return parent.occurred_at


def _saved_by(parent: Parent[Record]) -> Any:
    return parent.caller


def _event(parent: Parent[Record]) -> Any:
    return parent


def _package(parent: Parent[Record]) -> Any:
    return entity_after(parent, delivery.DeliveryPackage)


def _event_field() -> Any:
    return strawberry.field(
        resolver=_event,
        graphql_type=Annotated["Event", strawberry.lazy("schema.history.types")],
        **for_scope(Scope.HISTORY_READ, "The change that made it."),
    )


def _package_field() -> Any:
    return strawberry.field(
        resolver=_package,
        graphql_type=Annotated["DeliveryPackage", strawberry.lazy("schema.delivery.types")],
        **for_scope(
            Scope.DELIVERY_READ,
            "The package with its artifacts as it was. Fields that lead to other entities lead "
            "to these as they are now, and `isStale` compares with them.",
        ),
        metadata=FieldResolution(attributes_of_others={_EVENT: ("state",)}).metadata,
    )


@strawberry.type(description="A delivery package as it was saved.")
class DeliveryPackageVersion:
    revision: int = strawberry.field(
        resolver=_revision, description="The revision that the package had."
    )
    saved_at: datetime = strawberry.field(resolver=_saved_at, description="When it was saved.")
    saved_by: Annotated[EventCaller, strawberry.lazy("schema.history.types")] = strawberry.field(
        resolver=_saved_by,
        graphql_type=Annotated["EventCaller", strawberry.lazy("schema.history.types")],
        description="Who saved it.",
    )
    event: Annotated[Event, strawberry.lazy("schema.history.types")] = _event_field()
    delivery_package: Annotated[DeliveryPackage, strawberry.lazy("schema.delivery.types")] = (
        _package_field()
    )


@strawberry.type(description="A version, and its place in its list.")
class DeliveryPackageVersionEdge:
    cursor: str = strawberry.field(
        description="The version's place in this list, for `after`; opaque."
    )
    node: DeliveryPackageVersion = strawberry.field(description="The version.")


@strawberry.type(description="A page of versions of a delivery package.")
class DeliveryPackageVersionConnection:
    edges: list[DeliveryPackageVersionEdge] = strawberry.field(
        description="The versions with their cursors, in order."
    )
    nodes: list[DeliveryPackageVersion] = strawberry.field(
        description="The versions alone, in order."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")


def versions() -> Any:
    async def resolve_all(
        parents: Sequence[Any], info: Any, first: int | None = UNSET, after: str | None = UNSET
    ) -> Sequence[Any]:
        pages = await load_history(parents, info.context, first, after, with_deletions=False)
        return [
            page.connection(DeliveryPackageVersionConnection, DeliveryPackageVersionEdge)
            for page in pages
        ]

    async def resolve(
        parent: Parent[Any], info: Info, first: First = UNSET, after: After = UNSET
    ) -> DeliveryPackageVersionConnection:
        [found] = await resolve_all([parent], info, first, after)
        connection: DeliveryPackageVersionConnection = found
        return connection

    return strawberry.field(
        resolver=resolve,
        **for_scope(
            Scope.HISTORY_READ,
            "Every version of the package that went out, the newest first: also those before it "
            "was deleted and saved again, but none whose event the server has removed.",
        ),
        # Its state is read where a version's package is asked for.
        metadata=FieldResolution(
            resolve_batch=resolve_all, attributes_of_others={_EVENT: ("event_id",)}
        ).metadata,
    )


@strawberry.type(description="An artifact that isn't as it was; it may have another position, too.")
class DeliveryArtifactReplacement:
    before: Annotated[DeliveryArtifact, strawberry.lazy("schema.delivery.types")] = (
        strawberry.field(description="The artifact in the first version.")
    )
    after: Annotated[DeliveryArtifact, strawberry.lazy("schema.delivery.types")] = strawberry.field(
        description="The artifact in the second version."
    )


@strawberry.type(
    description=(
        "An artifact that is as it was, but has another place among those that both versions have."
    )
)
class DeliveryArtifactMove:
    artifact: Annotated[DeliveryArtifact, strawberry.lazy("schema.delivery.types")] = (
        strawberry.field(description="The artifact in the second version.")
    )
    from_position: int = strawberry.field(description="Its position in the first version.")
    to_position: int = strawberry.field(description="Its position in the second version.")


@strawberry.type(
    description=(
        "What leads from the artifacts of one version to those of another one. An artifact is the "
        "same in both by its name, if several have it by its format and content as well; those "
        "that are left are the same by their content, which is the file or the URL. No artifact is "
        "in more than one list; those in none are as they were, and in the same order."
    )
)
class DeliveryPackageDiff:
    from_revision: int = strawberry.field(description="The revision of the first version.")
    to_revision: int = strawberry.field(description="The revision of the second version.")
    added: list[Annotated[DeliveryArtifact, strawberry.lazy("schema.delivery.types")]] = (
        strawberry.field(description="Only the second version has them; by their positions in it.")
    )
    removed: list[Annotated[DeliveryArtifact, strawberry.lazy("schema.delivery.types")]] = (
        strawberry.field(description="Only the first version has them; by their positions in it.")
    )
    replaced: list[DeliveryArtifactReplacement] = strawberry.field(
        description=(
            "They aren't as they were: the name, format, content or lineage is another one. By "
            "their positions in the second version."
        )
    )
    moved: list[DeliveryArtifactMove] = strawberry.field(
        description=(
            "They are as they were, but have another place among those that both versions have. By "
            "their positions in the second version."
        )
    )


def diff() -> Any:
    async def resolve_all(
        parents: Sequence[Any], info: Any, from_: int, to: int | None = UNSET
    ) -> Sequence[Any]:
        loaders: Loaders = info.context.loaders
        firsts = await _artifacts_at(parents, from_, "from", loaders)
        if to is None or to is UNSET:
            seconds: Sequence[_Found] = await artifacts_of(parents, loaders)
        else:
            seconds = await _artifacts_at(parents, to, "to", loaders)
        return [
            _diff_or_error(first, second, from_, to or parent.revision)
            for parent, first, second in zip(parents, firsts, seconds, strict=True)
        ]

    async def resolve(
        parent: Parent[Any],
        info: Info,
        from_: Annotated[
            int,
            strawberry.argument(
                name="from", description="The first version's revision, 1 or more."
            ),
        ],
        to: Annotated[
            int | None,
            strawberry.argument(
                description="The second version's revision, 1 or more, which may be the earlier "
                "one; left out, it's this package's."
            ),
        ] = UNSET,
    ) -> Any:
        [found] = await resolve_all([parent], info, from_, to)
        if isinstance(found, Exception):
            raise found
        return found

    return strawberry.field(
        resolver=resolve,
        graphql_type=DeliveryPackageDiff | None,
        **for_scope(
            Scope.HISTORY_READ,
            "What differs between the artifacts of two versions. Null with an error: "
            f"{TopLevelCode.BAD_USER_INPUT} where the package had no such revision, and "
            f"{TopLevelCode.STATE_EXPIRED} where it isn't known any more what it was.",
        ),
        metadata=FieldResolution(resolve_batch=resolve_all, attributes=("revision",)).metadata,
    )


def _diff_or_error(first: _Found, second: _Found, from_revision: int, to_revision: int) -> Any:
    if isinstance(first, Exception):
        return first
    if isinstance(second, Exception):
        return second
    return diff_of(first, second, from_revision, to_revision)


async def _artifacts_at(
    packages: Sequence[Any], revision: int, name: str, loaders: Loaders
) -> Sequence[_Found]:
    """The artifacts that each of the packages had with the revision; `name` is the argument's."""
    if revision < 1:
        raise BadUserInput(f"{name}: must be 1 or more, not {revision}.")
    found = await loaders.events.entities_as_of.load_many(
        [Moment(delivery.DeliveryPackage, it.package_id, revision, None) for it in packages]
    )

    def artifacts(version: Any) -> _Found:
        if version is None:
            return BadUserInput(f"{name}: the package never had the revision {revision}.")
        if isinstance(version, StateRemoved):
            return version
        them: Sequence[delivery.DeliveryArtifact] = version.artifacts
        return them

    return list(map(artifacts, found))
