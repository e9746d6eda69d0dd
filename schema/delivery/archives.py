"""The address of a package's archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
import strawberry
from strawberry import UNSET, Parent

from domain import delivery
from domain.errors import StateRemoved
from domain.scopes import Scope
from execution import SelectedField
from repositories.projections import Address, Attribute, JsonProjection, Part
from resolvers.history.loaders import Moment
from schema.addresses import ExpiresIn, archive_terms
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.errors import BadUserInput
from schema.rendering import ProjectionBuilder
from schema.scopes import Rule, field_of, for_scope

_ADDRESSED: Final = ("package_id", "revision", "client_id")
"""The attributes that an address is made of, in the order of `ArchiveTerms.address`."""
_FILE_IDS: Final = JsonProjection((("", Attribute("file_id")),))
_OF_VERSIONS: Final = Rule((frozenset({Scope.HISTORY_READ}),))


def archive_url() -> Any:
    """Where all files of a package are, as one archive."""

    async def resolve_all(
        parents: Sequence[Any],
        info: Any,
        revision: int | None = UNSET,
        expires_in: int | None = UNSET,
    ) -> Sequence[Any]:
        context: Context = info.context
        terms = archive_terms(expires_in)
        found = parents
        if revision is not UNSET and revision is not None:
            found = await _versions(parents, revision, context)
        have_files = iter(await _have_files([it for it in found if _is_package(it)], context))
        return [
            terms.address(
                context.addresses, it.package_id, it.revision, it.client_id, next(have_files)
            )
            if _is_package(it)
            else it
            for it in found
        ]

    async def resolve(
        parent: Parent[Any],
        info: Info,
        revision: Annotated[
            int | None,
            strawberry.argument(
                description=(
                    "The version with this revision, 1 or more; this one by default. Requires the "
                    f"scope `{Scope.HISTORY_READ}`."
                )
            ),
        ] = UNSET,
        expires_in: ExpiresIn = UNSET,
    ) -> str | None:
        [found] = await resolve_all([parent], info, revision, expires_in)
        if isinstance(found, StateRemoved):
            raise found
        url: str | None = found
        return url

    def part_of(selected: SelectedField, builder: ProjectionBuilder) -> Part | None:
        if selected.arguments is not None and selected.arguments.have("revision"):
            return None  # it takes a look into the log
        number = builder.address(selected, archive_terms)
        return Address(_ADDRESSED, number, of_children=("artifacts", "file_id"))

    return field_of(
        for_scope(
            Scope.FILES_READ,
            "Where whoever has this address may download all files of a version as one ZIP "
            "archive, for a short time. Its `manifest.json` tells of each artifact, also of those "
            "that are elsewhere, and for a caller who is bound to clients it has files of these "
            "alone. The same address gives the same bytes each time, as long as the log has the "
            "verdicts. Null where no artifact is a file that is kept here, or the version wasn't "
            "there.",
        ),
        resolver=resolve,
        metadata=FieldResolution(
            resolve_batch=resolve_all, part_of=part_of, attributes=_ADDRESSED
        ).metadata,
    )


async def _versions(parents: Sequence[Any], revision: int, context: Context) -> Sequence[Any]:
    """What the packages were, as `asOf` gives it."""
    _OF_VERSIONS.require(context.caller)
    if revision < 1:
        raise BadUserInput(f"revision: must be 1 or more, not {revision}.")
    asked = [Moment(delivery.DeliveryPackage, it.package_id, revision, None) for it in parents]
    return await context.loaders.events.entities_as_of.load_many(asked)


async def _have_files(packages: Sequence[Any], context: Context) -> Sequence[bool]:
    """Whether each package has an artifact that is a file kept here."""
    keys = [it.package_id for it in packages if it.artifacts is None]
    texts: Any = iter(())
    if keys:
        artifacts = context.loaders.delivery_packages.artifacts_by_package_id
        texts = iter(await artifacts.load_json(keys, _FILE_IDS))
    return [
        any(each[""] is not None for each in orjson.loads(next(texts) or "[]"))
        if it.artifacts is None
        else any(each.file_id is not None for each in it.artifacts)
        for it in packages
    ]


def _is_package(found: Any) -> bool:
    return isinstance(found, delivery.DeliveryPackage)
