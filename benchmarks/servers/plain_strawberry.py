"""The API as most teams implement it: Strawberry's own ASGI app, dataloaders, the ORM.

It is as large as the scenarios need it, on the same tables, and has our names.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import strawberry
from sqlalchemy import DateTime, Select, and_, delete, event, func, make_url, or_, select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from benchmarks.servers.serving import by_uvicorn, count_graphql_core, database, listen

# The tables


class Model(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012


class BriefRow(Model):
    __tablename__ = "onboarding_forms"

    id: Mapped[int] = mapped_column(primary_key=True)
    brief_id: Mapped[str]
    client_id: Mapped[str]
    stage: Mapped[str]
    created_at: Mapped[datetime]


class PlanRow(Model):
    __tablename__ = "strategy_plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[str]
    brief_id: Mapped[str]
    version: Mapped[int]
    executive_summary: Mapped[str]
    created_at: Mapped[datetime]


class PackageRow(Model):
    __tablename__ = "delivery_packages"

    id: Mapped[int] = mapped_column(primary_key=True)
    package_id: Mapped[str]
    draft_id: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int]


class ArtifactRow(Model):
    __tablename__ = "delivery_artifacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    package_id: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime]
    name: Mapped[str]
    url: Mapped[str]
    format: Mapped[str]


class DraftRow(Model):
    __tablename__ = "production_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[str]
    strategy_id: Mapped[str]
    content_type: Mapped[str]
    title: Mapped[str]
    created_at: Mapped[datetime]


class ResultRow(Model):
    __tablename__ = "qc_results"

    result_id: Mapped[str] = mapped_column(primary_key=True)
    draft_id: Mapped[str]
    passed: Mapped[bool]
    score: Mapped[float]
    evaluated_at: Mapped[datetime]


class IssueRow(Model):
    __tablename__ = "qc_issues"

    id: Mapped[int] = mapped_column(primary_key=True)
    result_id: Mapped[str]
    position: Mapped[int]
    severity: Mapped[str]
    section: Mapped[str]
    reason: Mapped[str]


# What an operation's resolvers share

Sessions = async_sessionmaker[AsyncSession]


class Context:
    """Sessions and dataloaders; a session for each batch, since none can be used by two tasks."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.artifacts = DataLoader(
            self._many(
                lambda ids: (
                    select(ArtifactRow)
                    .where(ArtifactRow.package_id.in_(ids))
                    .order_by(ArtifactRow.position)
                ),
                "package_id",
            )
        )
        self.drafts = DataLoader(
            self._one(lambda ids: select(DraftRow).where(DraftRow.draft_id.in_(ids)), "draft_id")
        )
        self.results = DataLoader(
            self._one(lambda ids: select(ResultRow).where(ResultRow.draft_id.in_(ids)), "draft_id")
        )
        self.issues = DataLoader(
            self._many(
                lambda ids: (
                    select(IssueRow).where(IssueRow.result_id.in_(ids)).order_by(IssueRow.position)
                ),
                "result_id",
            )
        )

        self.plans = DataLoader(self._pages(PlanRow, PlanRow.brief_id, PlanRow.strategy_id))
        self.draft_pages = DataLoader(
            self._pages(DraftRow, DraftRow.strategy_id, DraftRow.draft_id)
        )

    def _pages(
        self, model: Any, parent: Any, key: Any
    ) -> Callable[[list[tuple[str, int]]], Awaitable[list[list[Any]]]]:
        """Loads the newest rows of parents, so many of each, by the parents' keys and numbers."""

        async def load(asked: list[tuple[str, int]]) -> list[list[Any]]:
            place = func.row_number().over(
                partition_by=parent, order_by=(model.created_at.desc(), key)
            )
            parents, most = {id for id, _ in asked}, max(number for _, number in asked)
            ranked = select(model, place.label("place")).where(parent.in_(parents)).subquery()
            row_of = aliased(model, ranked)
            statement = select(row_of).where(ranked.c.place <= most).order_by(ranked.c.place)
            found = defaultdict(list)
            async with self.sessions() as session:
                for row in await session.scalars(statement):
                    found[getattr(row, parent.key)].append(row)
            return [found[id][:number] for id, number in asked]

        return load

    def _many(
        self, statement: Callable[[list[str]], Select[Any]], key: str
    ) -> Callable[[list[str]], Awaitable[list[list[Any]]]]:
        async def load(ids: list[str]) -> list[list[Any]]:
            found = defaultdict(list)
            async with self.sessions() as session:
                for row in await session.scalars(statement(ids)):
                    found[getattr(row, key)].append(row)
            return [found[id] for id in ids]

        return load

    def _one(
        self, statement: Callable[[list[str]], Select[Any]], key: str
    ) -> Callable[[list[str]], Awaitable[list[Any]]]:
        async def load(ids: list[str]) -> list[Any]:
            async with self.sessions() as session:
                rows = await session.scalars(statement(ids))
                found = {getattr(row, key): row for row in rows}
            return [found.get(id) for id in ids]

        return load


Info = strawberry.Info[Context, None]

# The schema


@strawberry.type
class QcIssue:
    position: int
    severity: str
    section: str
    reason: str


@strawberry.type
class QcResult:
    result_id: strawberry.ID
    draft_id: strawberry.ID
    passed: bool
    score: float
    evaluated_at: datetime

    @strawberry.field
    async def issues(self, info: Info) -> list[QcIssue]:
        return [
            QcIssue(
                position=row.position,
                severity=row.severity,
                section=row.section,
                reason=row.reason,
            )
            for row in await info.context.issues.load(self.result_id)
        ]


@strawberry.type
class Draft:
    draft_id: strawberry.ID
    content_type: str
    title: str
    created_at: datetime

    @strawberry.field
    async def qc_result(self, info: Info) -> QcResult | None:
        row = await info.context.results.load(self.draft_id)
        if row is None:
            return None
        return QcResult(
            result_id=row.result_id,
            draft_id=row.draft_id,
            passed=row.passed,
            score=row.score,
            evaluated_at=row.evaluated_at,
        )


@strawberry.type
class DeliveryArtifact:
    position: int
    name: str
    url: str
    format: str


@strawberry.type
class DeliveryPackage:
    package_id: strawberry.ID
    draft_id: strawberry.ID
    revision: int
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def artifacts(self, info: Info) -> list[DeliveryArtifact]:
        return [
            DeliveryArtifact(position=row.position, name=row.name, url=row.url, format=row.format)
            for row in await info.context.artifacts.load(self.package_id)
        ]

    @strawberry.field
    async def draft(self, info: Info) -> Draft | None:
        row = await info.context.drafts.load(self.draft_id)
        if row is None:
            return None
        return _draft(row)


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class DraftConnection:
    nodes: list[Draft]
    page_info: PageInfo


@strawberry.type
class StrategyPlan:
    strategy_id: strawberry.ID
    version: int
    executive_summary: str
    created_at: datetime

    @strawberry.field
    async def drafts(self, info: Info, first: int = 20) -> DraftConnection:
        found = await info.context.draft_pages.load((self.strategy_id, first + 1))
        rows = found[:first]
        return DraftConnection(
            nodes=[_draft(row) for row in rows],
            page_info=_page_info(rows, "draft_id", has_next=len(found) > first),
        )


@strawberry.type
class StrategyPlanConnection:
    nodes: list[StrategyPlan]
    page_info: PageInfo


@strawberry.type
class Brief:
    brief_id: strawberry.ID
    client_id: strawberry.ID
    stage: str
    created_at: datetime

    @strawberry.field
    async def strategy_plans(self, info: Info, first: int = 20) -> StrategyPlanConnection:
        found = await info.context.plans.load((self.brief_id, first + 1))
        rows = found[:first]
        return StrategyPlanConnection(
            nodes=[
                StrategyPlan(
                    strategy_id=row.strategy_id,
                    version=row.version,
                    executive_summary=row.executive_summary,
                    created_at=row.created_at,
                )
                for row in rows
            ],
            page_info=_page_info(rows, "strategy_id", has_next=len(found) > first),
        )


@strawberry.type
class BriefConnection:
    nodes: list[Brief]
    page_info: PageInfo


@strawberry.type
class DeliveryPackageConnection:
    nodes: list[DeliveryPackage]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        async with info.context.sessions() as session:
            number = await session.scalar(select(func.count()).select_from(PackageRow))
            return number or 0


@strawberry.type
class MutationError:
    code: str
    message: str
    path: list[str]


@strawberry.type
class SaveDeliveryPackagePayload:
    delivery_package: DeliveryPackage | None
    errors: list[MutationError]


@strawberry.input
class DeliveryArtifactInput:
    name: str
    url: str
    format: str


@strawberry.input
class SaveDeliveryPackageInput:
    package_id: strawberry.ID
    draft_id: strawberry.ID
    artifacts: list[DeliveryArtifactInput]


@strawberry.input(name="IDFilter")
class IdFilter:
    eq: strawberry.ID


@strawberry.input
class BriefFilter:
    client_id: IdFilter


@strawberry.type
class Query:
    @strawberry.field
    async def briefs(self, info: Info, filter: BriefFilter, first: int = 20) -> BriefConnection:
        statement = (
            select(BriefRow)
            .where(BriefRow.client_id == filter.client_id.eq)
            .order_by(BriefRow.created_at.desc(), BriefRow.brief_id)
        )
        async with info.context.sessions() as session:
            found = (await session.scalars(statement.limit(first + 1))).all()
        rows = found[:first]
        return BriefConnection(
            nodes=[
                Brief(
                    brief_id=strawberry.ID(row.brief_id),
                    client_id=strawberry.ID(row.client_id),
                    stage=row.stage,
                    created_at=row.created_at,
                )
                for row in rows
            ],
            page_info=_page_info(rows, "brief_id", has_next=len(found) > first),
        )

    @strawberry.field
    async def delivery_package(
        self, info: Info, package_id: strawberry.ID
    ) -> DeliveryPackage | None:
        async with info.context.sessions() as session:
            row = await session.scalar(
                select(PackageRow).where(PackageRow.package_id == package_id)
            )
        return _package(row) if row is not None else None

    @strawberry.field
    async def delivery_packages(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> DeliveryPackageConnection:
        statement = select(PackageRow).order_by(PackageRow.created_at.desc(), PackageRow.package_id)
        if after is not None:
            created_at, package_id = _place(after)
            statement = statement.where(
                or_(
                    PackageRow.created_at < created_at,
                    and_(PackageRow.created_at == created_at, PackageRow.package_id > package_id),
                )
            )
        async with info.context.sessions() as session:
            found = (await session.scalars(statement.limit(first + 1))).all()
        rows = found[:first]
        return DeliveryPackageConnection(
            nodes=[_package(row) for row in rows],
            page_info=_page_info(
                rows,
                "package_id",
                has_next=len(found) > first,
                has_previous=after is not None,
            ),
        )


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def save_delivery_package(
        self, info: Info, input: SaveDeliveryPackageInput
    ) -> SaveDeliveryPackagePayload | None:
        async with info.context.sessions.begin() as session:
            row = await _saved(session, input)
        return SaveDeliveryPackagePayload(delivery_package=_package(row), errors=[])


async def _saved(session: AsyncSession, input: SaveDeliveryPackageInput) -> PackageRow:
    now = datetime.now(UTC)
    row = await session.scalar(
        select(PackageRow).where(PackageRow.package_id == input.package_id).with_for_update()
    )
    if row is None:
        row = PackageRow(
            package_id=input.package_id,
            draft_id=input.draft_id,
            created_at=now,
            updated_at=now,
            revision=1,
        )
        session.add(row)
    else:
        row.draft_id = input.draft_id
        row.updated_at = now
        row.revision += 1
    await session.execute(delete(ArtifactRow).where(ArtifactRow.package_id == input.package_id))
    session.add_all(
        ArtifactRow(
            package_id=input.package_id,
            position=position,
            created_at=now,
            name=artifact.name,
            url=artifact.url,
            format=artifact.format,
        )
        for position, artifact in enumerate(input.artifacts)
    )
    return row


def _package(row: PackageRow) -> DeliveryPackage:
    return DeliveryPackage(
        package_id=strawberry.ID(row.package_id),
        draft_id=strawberry.ID(row.draft_id),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _draft(row: DraftRow) -> Draft:
    return Draft(
        draft_id=strawberry.ID(row.draft_id),
        content_type=row.content_type,
        title=row.title,
        created_at=row.created_at,
    )


def _page_info(
    rows: Sequence[Any], key: str, *, has_next: bool, has_previous: bool = False
) -> PageInfo:
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=_cursor(rows[0], key) if rows else None,
        end_cursor=_cursor(rows[-1], key) if rows else None,
    )


def _cursor(row: Any, key: str) -> str:
    place = [row.created_at.isoformat(), getattr(row, key)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> Sequence[Any]:
    created_at, package_id = json.loads(base64.urlsafe_b64decode(cursor))
    return datetime.fromisoformat(created_at), package_id


# The server


class App(GraphQL[Context, None]):
    def __init__(self, schema: strawberry.Schema, sessions: Sessions) -> None:
        super().__init__(schema, graphql_ide=None)
        self._sessions = sessions

    async def get_context(self, request: Any, response: Any) -> Context:
        return Context(self._sessions)


def open_engine(url: str, pool_size: int) -> AsyncEngine:
    target = make_url(url)
    is_sqlite = target.get_backend_name() == "sqlite"
    engine = create_async_engine(
        target.set(drivername="sqlite+aiosqlite" if is_sqlite else "postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        # Writers of SQLite wait for each other, and not too short a time for many of them.
        connect_args={"timeout": 60} if is_sqlite else {},
    )
    if is_sqlite:

        @event.listens_for(engine.sync_engine, "connect")
        def be_safe(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()

    return engine


if __name__ == "__main__":
    count_graphql_core()
    sessions = async_sessionmaker(open_engine(*database()), expire_on_commit=False)
    listen(by_uvicorn(App(strawberry.Schema(Query, Mutation), sessions)))
