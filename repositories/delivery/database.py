"""Delivery packages in the database."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from domain.delivery import LINEAGE, DeliveryArtifact, DeliveryPackage, Lineage
from domain.lineage import IS_STALE, traced
from repositories.criteria import Filter, Page, PageRequest
from repositories.delivery.lineage import is_stale, present_lineages
from repositories.delivery.tables import delivery_artifacts, delivery_packages
from repositories.drivers.compiled import Row
from repositories.projections import JsonProjection
from repositories.records import constructor
from repositories.sql.mapping import ChildMapping, EntityMapping, Values
from repositories.sql.repository import DatabaseRepository
from repositories.sql.turns import StatementRunner

_new_artifact = constructor(DeliveryArtifact)
_new_package = constructor(DeliveryPackage)


def _artifact(row: Row) -> DeliveryArtifact:
    position, name, url, format, file_id, draft_revision, qc_result_id, qc_revision, *_ = row
    return _new_artifact(
        position=position,
        name=name,
        url=url,
        format=format,
        file_id=file_id,
        draft_revision=draft_revision,
        qc_result_id=qc_result_id,
        qc_revision=qc_revision,
    )


def _artifact_values(artifact: DeliveryArtifact) -> Values:
    return {
        "name": artifact.name,
        "url": artifact.url,
        "format": artifact.format,
        "file_id": artifact.file_id,
        "draft_revision": artifact.draft_revision,
        "qc_result_id": artifact.qc_result_id,
        "qc_revision": artifact.qc_revision,
    }


class DatabasePackageRepository(DatabaseRepository[DeliveryPackage]):
    mapping = EntityMapping(
        DeliveryPackage,
        delivery_packages,
        children=ChildMapping(
            delivery_artifacts,
            "artifacts",
            ("position", "name", "url", "format", "file_id", *LINEAGE),
            _artifact,
            _artifact_values,
            traced=LINEAGE,
        ),
        references=("draft_id",),
        computed={IS_STALE: partial(is_stale, delivery_artifacts)},
    )

    async def artifacts_by_package_id(
        self, package_ids: Sequence[str]
    ) -> Mapping[str, tuple[DeliveryArtifact, ...]]:
        return await self._children(package_ids)

    async def artifacts_json_by_package_id(
        self, package_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(package_ids, projections)

    async def pages_by_draft_id(
        self, draft_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[DeliveryPackage]]:
        return await self._pages_by("draft_id", draft_ids, request)

    async def counts_by_draft_id(
        self, draft_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("draft_id", draft_ids, filter)

    def _from_row(self, row: Row) -> DeliveryPackage:
        package_id, draft_id, client_id, created_at, updated_at, revision = row
        return _new_package(
            package_id=package_id,
            draft_id=draft_id,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: DeliveryPackage) -> Values:
        return {"package_id": record.package_id, "draft_id": record.draft_id}

    async def _traced(
        self,
        runner: StatementRunner,
        records: Sequence[DeliveryPackage],
        rows: Mapping[str, Row],
        artifacts: Mapping[str, Sequence[DeliveryArtifact]],
    ) -> Sequence[DeliveryPackage]:
        draft_id = self.mapping.column_indexes["draft_id"]

        def trace(record: DeliveryPackage, present: Lineage | None) -> DeliveryPackage | None:
            key = record.package_id
            is_of_same = key in rows and rows[key][draft_id] == record.draft_id
            before = artifacts.get(key, ()) if is_of_same else ()
            return traced(record, before, present, new=_new_artifact)

        present: Mapping[str, Lineage | None] = dict.fromkeys([it.draft_id for it in records])
        known = [trace(record, None) for record in records]
        if None in known:
            present = await self._present(runner, present)
        pairs = zip(records, known, strict=True)
        found = [it or trace(record, present[record.draft_id]) for record, it in pairs]
        return [record for record in found if record is not None]

    async def _present(
        self, runner: StatementRunner, draft_ids: Collection[str]
    ) -> Mapping[str, Lineage]:
        """What the drafts are now, by their keys."""
        mapping_of = self._session.json.mapping_of
        statement = present_lineages(mapping_of("Draft"), mapping_of("QcResult"))
        rows = await runner.rows(statement, {"values": [*draft_ids]})
        return {draft_id: Lineage(*lineage) for draft_id, *lineage in rows}
