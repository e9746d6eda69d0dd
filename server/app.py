"""The composition root: everything is made and put together here."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.errors import DomainError
from migrations.runner import require_head
from repositories.engine import Database, open_database
from repositories.factory import PersistenceMode, create_repositories
from repositories.unit_of_work import Repositories
from schema.root import create_schema
from server.graphiql import graphiql_routes
from server.http import GraphQLEndpoint, mask_bug, refuse_http
from server.seed.agency import seed_agency
from server.settings import Settings

log = logging.getLogger("aicmo.server")


def database_of(settings: Settings) -> Database | None:
    """The database that the settings name; None in memory. The caller closes it."""
    if settings.persistence_mode is PersistenceMode.INMEMORY:
        return None
    return open_database(
        settings.database_url, pool_size=settings.pool_size, pool_timeout=settings.pool_timeout
    )


@asynccontextmanager
async def open_repositories(settings: Settings) -> AsyncIterator[Repositories]:
    """The repositories of the settings' mode. Raises SchemaOutOfDate, MigrationError."""
    database = database_of(settings)
    repositories = create_repositories(settings.persistence_mode, database)
    try:
        if database is not None:
            await require_head(database)
        yield repositories
    finally:
        await repositories.close()


def create_app(settings: Settings, *, seed_memory: bool = False) -> Starlette:
    """The ASGI application; it connects when it starts, not before.

    `seed_memory` puts the demo agency into in-memory repositories, which start empty.
    """
    schema = create_schema()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_repositories(settings) as repositories:
            if seed_memory and settings.persistence_mode is PersistenceMode.INMEMORY:
                await seed_agency(repositories)
            app.state.endpoint = GraphQLEndpoint(schema, repositories, settings.max_body_bytes)
            app.state.repositories = repositories
            yield

    return Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("graphql"), methods=["GET"]),
            Route("/graphql", _graphql, methods=["GET", "POST"]),
            Route("/health", _health, methods=["GET"]),
            *graphiql_routes(),
        ],
        middleware=[
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=list(settings.trusted_hosts),
                www_redirect=False,
            )
        ],
        exception_handlers={HTTPException: refuse_http, Exception: mask_bug},
        lifespan=lifespan,
    )


async def _graphql(request: Request) -> Response:
    endpoint: GraphQLEndpoint = request.app.state.endpoint
    return await endpoint(request)


async def _health(request: Request) -> Response:
    """200 when storage answers, 503 when it doesn't; for load balancers and orchestrators."""
    repositories: Repositories = request.app.state.repositories
    try:
        async with repositories.read() as snapshot:
            await snapshot.briefs.get("health")
    except DomainError as error:
        log.warning("not healthy: %s", error)
        return JSONResponse({"status": "unavailable"}, status_code=503)
    return JSONResponse({"status": "ok"})
