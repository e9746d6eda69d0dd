"""All types of entities, as tests treat them alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from domain.bulk import ErrorPolicy
from domain.files import UploadFailure, UploadStatus
from domain.json_object import EMPTY_OBJECT, JsonObject
from domain.onboarding import BriefStage
from domain.strategy import ApprovalState, StrategyTimeline
from domain.transfers import TransferEntity, TransferStatus
from domain.workflow import RunStatus
from repositories.contract import EntityReads, EntityRepository
from repositories.registry import ENTITY_TYPES, Entities, EntityType
from repositories.unit_of_work import Repositories, Snapshot, UnitOfWork
from tests import builders as build
from tests.support.sources import START

LATER = START + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeUnderTest:
    """A type of entity, and what differs between types."""

    name: str
    type: EntityType[Any, Any]
    record: Callable[..., Any]
    """A complete record with the given key."""
    bare: Mapping[str, Any] = field(default_factory=dict)
    """Every field that may be absent or empty, as it then is."""
    changed: Mapping[str, Any]
    """Another value for every field that a save may change."""
    children: str | None = None
    """The name of the children on the record."""
    child: Callable[..., Any] = build.artifact
    children_table: str = ""

    @property
    def attribute(self) -> str:
        """Its repository's name on a unit of work."""
        return self.type.attribute

    @property
    def key_name(self) -> str:
        return self.type.key_name

    def of(self, unit: UnitOfWork) -> EntityRepository[Any]:
        repository: EntityRepository[Any] = getattr(unit, self.attribute)
        return repository

    def reads_of(self, snapshot: Snapshot) -> EntityReads[Any]:
        reads: EntityReads[Any] = getattr(snapshot, self.attribute)
        return reads

    def key_of(self, record: Any) -> str:
        key: str = getattr(record, self.key_name)
        return key

    def children_of(self, record: Any) -> tuple[Any, ...]:
        children: tuple[Any, ...] = getattr(record, self.children or "")
        return children

    def with_children(self, record: Any, *children: Any) -> Any:
        return replace(record, **{self.children or "": children})

    async def save(
        self, repositories: Repositories, *records: Any, expected_revision: int | None = None
    ) -> Any:
        """Save all in one unit of work; gives the last as it is stored now."""

        async def work(unit: UnitOfWork) -> Any:
            return [await self.of(unit).save(record, expected_revision) for record in records][-1]

        return await repositories.write(work)

    async def delete(self, repositories: Repositories, key: str) -> bool:
        return await repositories.write(lambda unit: self.of(unit).delete(key))

    async def load(self, repositories: Repositories, key: str) -> Any:
        """The record with its children, or None."""
        async with repositories.read() as snapshot:
            return (await self.load_many(snapshot, key)).get(key)

    async def load_many(self, snapshot: Snapshot, *keys: str) -> dict[str, Any]:
        """Records with their children, by key."""
        records = await self.reads_of(snapshot).get_many(keys)
        if self.children is None:
            return dict(records)
        children = await self.load_children(snapshot, *keys)
        return {
            key: replace(record, **{self.children: children.get(key, ())})
            for key, record in records.items()
        }

    async def load_children(self, snapshot: Snapshot, *keys: str) -> Mapping[str, Any]:
        """By the key of their parent, whether or not that is stored."""
        read = getattr(self.reads_of(snapshot), f"{self.children}_by_{self.key_name}")
        children: Mapping[str, Any] = await read(keys)
        return children


BRIEF = TypeUnderTest(
    name="brief",
    type=Entities.briefs,
    record=build.brief,
    bare={
        "scope": None,
        "objectives": (),
        "target_audience": None,
        "brand_guidelines": EMPTY_OBJECT,
        "normalized_at": None,
    },
    changed={
        "client_id": "client-2",
        "stage": BriefStage.INTAKE,
        "responses": JsonObject.of({"goal": "less bread wasted"}),
        "submitted_at": LATER,
        "scope": None,
        "objectives": ("waste nothing",),
        "target_audience": "people who eat",
        "brand_guidelines": JsonObject.of({"tone": "cool"}),
        "normalized_at": LATER,
    },
)
PLAN = TypeUnderTest(
    name="strategy plan",
    type=Entities.strategy_plans,
    record=build.plan,
    bare={
        "executive_summary": "",
        "kpis": (),
        "timeline": StrategyTimeline(1),
        "decided_by": None,
        "decided_at": None,
        "recommendations": (),
    },
    changed={
        "version": 4,
        "executive_summary": "Cake, too.",
        "kpis": (),
        "timeline": StrategyTimeline(2),
        "approval": ApprovalState.REJECTED,
        "decided_by": "Grace",
        "decided_at": LATER,
        "recommendations": (build.recommendation("posters"),),
    },
    children="recommendations",
    child=build.recommendation,
    children_table="strategy_recommendations",
)
CAMPAIGN = TypeUnderTest(
    name="campaign",
    type=Entities.campaigns,
    record=build.campaign,
    bare={"tactics": ()},
    changed={
        "strategy_id": "plan-2",
        "name": "Autumn bread",
        "tactics": (build.tactic("third week"),),
    },
    children="tactics",
    child=build.tactic,
    children_table="production_tactics",
)
DRAFT = TypeUnderTest(
    name="draft",
    type=Entities.drafts,
    record=build.draft,
    bare={"campaign_id": None, "metadata": EMPTY_OBJECT},
    changed={
        "strategy_id": "plan-2",
        "campaign_id": "campaign-2",
        "content_type": "post",
        "title": "Why rye",
        "body": "It is dark.",
        "metadata": JsonObject.of({"words": 3}),
    },
)
RESULT = TypeUnderTest(
    name="QC result",
    type=Entities.qc_results,
    record=build.result,
    bare={"issues": ()},
    changed={
        "passed": False,
        "score": 0.25,
        "evaluated_at": LATER,
        "issues": (build.issue("all of it"),),
    },
    children="issues",
    child=build.issue,
    children_table="qc_issues",
)
PACKAGE = TypeUnderTest(
    name="delivery package",
    type=Entities.delivery_packages,
    record=build.package,
    bare={"artifacts": ()},
    changed={"draft_id": "draft-2", "artifacts": (build.artifact("poster"),)},
    children="artifacts",
    child=build.artifact,
    children_table="delivery_artifacts",
)
FILE = TypeUnderTest(
    name="file",
    type=Entities.files,
    record=build.file,
    bare={"client_id": None},
    changed={
        "client_id": "client-2",
        "name": "bread.pdf",
        "media_type": "application/pdf",
        "size": 2**40,
        "sha256": build.sha256_of(b"%PDF"),
        "created_by": "grace",
    },
)
UPLOAD = TypeUnderTest(
    name="upload",
    type=Entities.uploads,
    record=build.upload,
    bare={"client_id": None, "failure": None, "file_id": None},
    changed={
        "client_id": "client-2",
        "name": "bread.pdf",
        "media_type": "application/pdf",
        "size": 2**40,
        "sha256": build.sha256_of(b"%PDF"),
        "created_by": "grace",
        "status": UploadStatus.EXPIRED,
        "failure": UploadFailure.EXPIRED,
        "expires_at": LATER,
        "file_id": "file-2",
    },
)
IMPORT = TypeUnderTest(
    name="import",
    type=Entities.imports,
    record=build.import_,
    bare={"client_id": None, "error": None, "result_file_id": None, "finished_at": None},
    changed={
        "client_id": "client-2",
        "file_id": "file-3",
        "entity": TransferEntity.QC_RESULT,
        "error_policy": ErrorPolicy.REJECT_FAILED_ROWS,
        "created_by": "grace",
        "status": TransferStatus.SUCCEEDED,
        "bytes_done": 2**40,
        "bytes_total": 2**41,
        "line_count": 13,
        "saved_count": 4,
        "rejected_count": 2,
        "error": "It has none.",
        "result_file_id": "file-4",
        "finished_at": LATER,
    },
)

EXPORT = TypeUnderTest(
    name="export",
    type=Entities.exports,
    record=build.export,
    bare={
        "client_id": None,
        "filter": EMPTY_OBJECT,
        "last_key": None,
        "error": None,
        "result_file_id": None,
        "finished_at": None,
    },
    changed={
        "client_id": "client-2",
        "entity": TransferEntity.QC_RESULT,
        "filter": JsonObject.of({"passed": {"eq": True}}),
        "created_by": "grace",
        "status": TransferStatus.SUCCEEDED,
        "row_count": 13,
        "last_key": "draft-13",
        "error": "It has none.",
        "result_file_id": "file-4",
        "finished_at": LATER,
    },
)

RUN = TypeUnderTest(
    name="run",
    type=Entities.runs,
    record=build.run,
    bare={
        "channels": (),
        "error": None,
        "strategy_id": None,
        "campaign_id": None,
        "cancelled_at": None,
        "finished_at": None,
        "steps": (),
    },
    changed={
        "brief_id": "brief-2",
        "workflow": "another",
        "workflow_version": 2,
        "status": RunStatus.RUNNING,
        "channels": ("posters",),
        "max_redrafts": 1,
        "require_approval": False,
        "progress": 0.5,
        "error": "It has none.",
        "started_by": "grace",
        "strategy_id": "plan-2",
        "campaign_id": "campaign-2",
        "cancelled_at": LATER,
        "finished_at": LATER,
        "steps": (build.step("draft", tactic=None, started_at=LATER, produced_key="draft-2"),),
    },
    children="steps",
    child=build.step,
    children_table="workflow_steps",
)

_UNDER_TEST = {it.type: it for it in vars().copy().values() if isinstance(it, TypeUnderTest)}
TYPES_UNDER_TEST = tuple(_UNDER_TEST[type_] for type_ in ENTITY_TYPES.values())
SAVED = tuple(it for it in TYPES_UNDER_TEST if it not in (FILE, UPLOAD, IMPORT, EXPORT, RUN))
"""Clients save and delete these. Files come by uploads; transfers and runs are started."""
PARENTS = tuple(it for it in TYPES_UNDER_TEST if it.children)
