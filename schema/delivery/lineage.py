"""Whether a package is stale."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry import Parent

from domain.delivery import DeliveryArtifact, DeliveryPackage
from domain.lineage import IS_STALE, is_stale, lineage_of
from execution import SelectedField
from repositories.projections import Computed, Part
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.context import Info
from schema.declarations import FieldResolution
from schema.rendering import ProjectionBuilder


async def artifacts_of(
    packages: Sequence[DeliveryPackage], loaders: Loaders
) -> Sequence[Sequence[DeliveryArtifact]]:
    """The artifacts of each, of its own version where it carries them."""
    keys = [it.package_id for it in packages if it.artifacts is None]
    loaded = iter(await loaders.delivery_packages.artifacts_by_package_id.load_many(keys))
    return [next(loaded) or () if it.artifacts is None else it.artifacts for it in packages]


def stale() -> Any:
    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        loaders: Loaders = info.context.loaders
        draft_ids = [it.draft_id for it in parents]
        drafts, results, artifacts = await asyncio.gather(
            loaders.drafts.by_key.load_many(draft_ids),
            loaders.qc_results.by_draft_id.load_many(draft_ids),
            artifacts_of(parents, loaders),
        )
        present = map(lineage_of, drafts, results)
        return list(map(is_stale, artifacts, present))

    async def resolve(parent: Parent[Any], info: Info) -> bool:
        [found] = await resolve_all([parent], info)
        is_so: bool = found
        return is_so

    def part_of(_selected: SelectedField, _builder: ProjectionBuilder) -> Part:
        return Computed(IS_STALE)

    return strawberry.field(
        resolver=resolve,
        description=(
            "Whether the draft, or what QC says of it, has moved on: some artifact is made from an "
            "earlier revision of the draft, or with another verdict than the draft has now. False "
            "where the draft isn't stored; an artifact whose lineage isn't known doesn't count."
        ),
        metadata=FieldResolution(
            resolve_batch=resolve_all,
            part_of=part_of,
            attributes_of_others={
                Entities.drafts.name: ("revision",),
                Entities.qc_results.name: ("revision",),
            },
        ).metadata,
    )
