"""The composition root: makes all objects and connects them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.callers import system
from domain.errors import DomainError, Unavailable
from domain.sources import utc_now
from migrations.errors import MigrationError, SchemaOutOfDate
from migrations.revisions import require_head
from repositories.cache import Cache
from repositories.drivers.engine import Database, open_database
from repositories.errors import SchemaChanged
from repositories.factory import PersistenceMode, create_storage
from repositories.history.background import running
from repositories.history.periods import keep_noting
from repositories.history.retention import keep_pruning
from repositories.history.sequencing import keep_sequencing
from repositories.semaphores import FairSemaphore
from repositories.unit_of_work import Storage
from schema.root import create_schema
from schema.transfer_rows import TransferRows
from server.addresses import Addresses
from server.authentication import Authenticator
from server.connection_limits import StreamSlots, SubscriptionSlots
from server.cors import Cors
from server.evaluations import opened_evaluations
from server.fast_path import FastPath
from server.file_routes import file_routes
from server.files import opened_archives, opened_files, opened_uploads
from server.graphiql import graphiql_routes
from server.hosts import Hosts, TrustedHosts
from server.http import HttpEndpoint, mask_bug, refuse_http
from server.memory_budget import MemoryBudget
from server.oidc import verifier_of
from server.persisted_queries import PersistedQueries
from server.proxies import Proxies
from server.rate_limits import RateLimits
from server.requests import BodyLimits, HttpRequest, new_request_id
from server.schema_file import schema_route
from server.seed.agency import seed_agency
from server.service import Service
from server.settings import OutageMode, Settings, SettingsError
from server.trusted_documents import KnownDocuments, TrustedDocuments
from server.webhooks import sending_webhooks
from server.websocket import WebSocketEndpoint
from server.workers import carrying_out

GRAPHQL = "/graphql"
_GRAPHQL_PATHS = frozenset({GRAPHQL, f"{GRAPHQL}/"})
SCHEMA_FILE = f"{GRAPHQL}/schema.graphql"
CLEANUP_SECONDS = 10.0
"""How long cancelled requests may take to end before the server closes the storage."""

log = logging.getLogger("aicmo.server")


def database_of(settings: Settings) -> Database | None:
    """The database that the settings name; None in memory. The caller closes it."""
    if settings.persistence_mode is PersistenceMode.INMEMORY:
        return None
    return open_database(
        settings.database_url,
        pool_size=settings.pool_size,
        pool_timeout=settings.pool_timeout,
        commit_grace=settings.commit_seconds,
    )


@asynccontextmanager
async def open_storage(settings: Settings, cache: Cache | None = None) -> AsyncIterator[Storage]:
    """The storage of the settings' mode. Raises SchemaOutOfDate, MigrationError."""
    database = database_of(settings)
    if database is None:
        yield create_storage(settings.persistence_mode, peppers=settings.peppers)
        return
    storage = create_storage(
        settings.persistence_mode,
        database,
        require_schema=partial(_require_schema, database),
        cache=cache,
        peppers=settings.peppers,
    )
    try:
        await require_head(database)
        yield storage
    finally:
        await storage.close()


async def _require_schema(database: Database) -> None:
    try:
        await require_head(database)
    except SchemaOutOfDate as error:
        raise SchemaChanged(str(error)) from error
    except MigrationError as error:
        raise Unavailable(str(error)) from error


async def _require_peppers(storage: Storage) -> None:
    """Raises SettingsError where valid tokens can't be checked by the peppers of the settings."""
    async with storage.as_(system("start", new_request_id())).read() as snapshot:
        needed = await snapshot.access.pepper_ids(utc_now())
    if missing := sorted(needed - {pepper.id for pepper in storage.peppers}):
        raise SettingsError(
            f"AICMO_TOKEN_PEPPERS: there are tokens by peppers that it doesn't name: "
            f"{', '.join(missing)}. Set it as it was when they were issued, or revoke them: "
            "aicmo token list"
        )


@asynccontextmanager
async def open_server_storage(
    settings: Settings, cache: Cache | None = None
) -> AsyncIterator[Storage]:
    """The storage of a server, which is the only one of a SQLite file. Raises Unavailable too."""
    database = database_of(settings)
    async with open_storage(settings, cache) as storage:
        await _require_peppers(storage)
        with nullcontext() if database is None else database.only_server():
            async with AsyncExitStack() as stack:
                if database is not None and not database.is_sqlite:
                    await stack.enter_async_context(running(keep_sequencing(storage)))
                if database is not None:
                    await stack.enter_async_context(running(keep_noting(storage)))
                if days := settings.event_retention_days:
                    keep = keep_pruning(storage, timedelta(days=days))
                    await stack.enter_async_context(running(keep))
                await stack.enter_async_context(sending_webhooks(storage, settings))
                yield storage


@asynccontextmanager
async def _rate_limits(settings: Settings) -> AsyncIterator[RateLimits]:
    """The limits of the settings; nothing connects before the first request. Raises SettingsError.

    Only a server with a shared store imports what that needs.
    """
    async with AsyncExitStack() as stack:
        shared = None
        if settings.rate_limit_store:
            try:
                from server.rate_limit_store import rate_limit_store  # noqa: PLC0415
            except ImportError as error:
                raise SettingsError(
                    f"AICMO_RATE_LIMIT_STORE: {error.name} isn't installed; it's part of "
                    "aicmo[redis] (uv sync --extra redis)"
                ) from None
            store = rate_limit_store(settings.rate_limit_store, settings.rate_limit_store_seconds)
            shared = await stack.enter_async_context(store)
        yield RateLimits(
            requests=settings.rate_limit_requests,
            cost=settings.rate_limit_cost,
            failed_logins=settings.rate_limit_failed_logins,
            shared=shared,
            serves_without_store=settings.rate_limit_outage is OutageMode.SERVE,
        )


OpenStorage = Callable[[Settings, Cache], AbstractAsyncContextManager[Storage]]


class App(Starlette):
    """Starlette, with a fast path for POST requests to GraphQL that have no `Origin` header, and a
    short one for WebSockets: what Starlette would hold of each takes 5 kB."""

    _websockets: ASGIApp

    def __init__(self, fast_path: FastPath, **of_starlette: Any) -> None:
        super().__init__(**of_starlette)
        self._fast_path = fast_path

    def serve(self, service: Service) -> None:
        """Use this service from now on."""
        self.state.service = service
        self._fast_path.endpoint = HttpEndpoint(service)
        self._websockets = TrustedHosts(WebSocketEndpoint(service), service.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == GRAPHQL:
            request = HttpRequest(scope, receive)
            if b"origin" not in request.headers:
                await self._fast_path.answer(request, send)
                return
        elif scope["type"] == "websocket" and _below_root(scope) in _GRAPHQL_PATHS:
            await self._websockets(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _below_root(scope: Scope) -> str:
    """The path as routes have it: without that of the server which this one is a part of."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def create_app(
    settings: Settings,
    *,
    seed_memory: bool = False,
    open_storage: OpenStorage = open_server_storage,
) -> App:
    """The ASGI application; it calls `open_storage` when it starts, not before.

    `seed_memory` puts the demo agency into memory, which starts empty.
    """
    persisted_query_bytes = min(settings.persisted_query_bytes, settings.cache_bytes // 2)
    cache = Cache(settings.cache_bytes - persisted_query_bytes)
    schema = create_schema(settings.limits, introspection=not settings.production, cache=cache)
    transfer_format = TransferRows(schema.definition)
    has_schema_file = settings.publish_schema or not settings.production
    proxies = Proxies(settings.trusted_proxies)
    hosts = Hosts(settings.trusted_hosts, proxies)
    fast_path = FastPath(hosts)

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        async with (
            opened_files(settings) as files,
            open_storage(settings, cache) as storage,
            opened_uploads(settings, storage, files) as uploads,
            opened_archives(storage, files) as archives,
            opened_evaluations(storage, settings) as evaluations,
            carrying_out(storage, files, evaluations, schema, settings),
            _rate_limits(settings) as rate_limits,
        ):
            if seed_memory and settings.persistence_mode is PersistenceMode.INMEMORY:
                seeding = system("seed", new_request_id())
                await seed_agency(storage.as_(seeding), None if files is None else files.store)
            authenticator = Authenticator(
                storage,
                is_required=settings.requires_authentication,
                is_left_to_proxy=settings.require_authentication is False,
                verifier=verifier_of(settings),
                rate_limits=rate_limits,
            )
            service = Service(
                schema=schema,
                storage=storage,
                execution_seconds=settings.execution_seconds,
                answer_bytes=settings.answer_bytes,
                body_limits=BodyLimits(
                    settings.body_bytes, settings.body_seconds, settings.limits.variable_values
                ),
                stream_limits=settings.streams,
                streams=StreamSlots(settings.streams.connections),
                subscriptions=SubscriptionSlots(settings.caller_subscriptions),
                rate_limits=rate_limits,
                pending=MemoryBudget(settings.pending_bytes),
                large_answers=FairSemaphore(max(settings.pool_size // 4, 1)),
                documents=KnownDocuments(
                    TrustedDocuments(storage, cache),
                    PersistedQueries(persisted_query_bytes),
                    only_trusted=settings.trusted_documents_only,
                ),
                has_graphiql=not settings.production,
                allowed_origins=settings.cors_origins,
                hosts=hosts,
                proxies=proxies,
                authenticator=authenticator,
                addresses=Addresses(settings.public_url, hosts, proxies),
                files=files,
                uploads=uploads,
                archives=archives,
                evaluations=evaluations,
                transfer_format=None if files is None else transfer_format,
                write_seconds=settings.write_seconds,
            )
            app.serve(service)
            async with authenticator.running():
                yield
            await _ended(app.state.running)

    app = App(
        fast_path,
        routes=[
            *_with_slash(lambda path: Route(path, _Http(), methods=["GET", "POST"]), GRAPHQL),
            *_with_slash(lambda path: Route(path, _health, methods=["GET"]), "/health"),
            *file_routes(),
            Route("/", lambda _: RedirectResponse("graphql"), methods=["GET"]),
            *(() if settings.production else graphiql_routes()),
            *([schema_route(SCHEMA_FILE, schema)] if has_schema_file else ()),
        ],
        middleware=[
            Middleware(TrustedHosts, hosts=hosts),
            Middleware(
                Cors,
                allow_origins=list(settings.cors_origins),
                allow_headers=list(settings.cors_headers),
                expose_headers=list(settings.cors_exposed_headers),
                allow_credentials=settings.cors_credentials,
                max_age=settings.cors_max_age,
            ),
        ],
        exception_handlers={HTTPException: refuse_http, Exception: mask_bug},
        lifespan=lifespan,
    )
    # Starlette would redirect to an absolute URL, which is wrong behind a proxy.
    app.router.redirect_slashes = False
    app.state.running = set[asyncio.Task[None]]()
    return app


def _with_slash(route: Callable[[str], BaseRoute], path: str) -> Iterator[BaseRoute]:
    """The route at the path, and at the path with a trailing slash."""
    yield route(path)
    yield route(f"{path}/")


async def _ended(running: Collection[asyncio.Task[None]]) -> None:
    """Returns when all tasks have ended, or CLEANUP_SECONDS have passed.

    uvicorn only cancels the tasks that exceed its timeout; they still release what they hold.
    """
    if waiting := set(running):
        _, left = await asyncio.wait(waiting, timeout=CLEANUP_SECONDS)
        if left:
            log.error("still running after %g seconds: %d requests", CLEANUP_SECONDS, len(left))


class _Http:
    """An ASGI app, which costs less than a function from a request to a response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await HttpEndpoint(scope["app"].state.service)(scope, receive, send)


async def _health(request: Request) -> Response:
    """200 when storage can be read and written, 503 when it can't; for load balancers."""
    service: Service = request.app.state.service
    try:
        await service.storage.require_health()
    except SchemaChanged as error:
        log.warning("not healthy: %s", error, extra={"problem": f"not healthy: {error}"})
        return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
    except DomainError as error:
        log.warning("not healthy: %s", error, extra={"problem": f"not healthy: {error}"})
        return JSONResponse({"status": "unavailable"}, status_code=503)
    return JSONResponse({"status": "ok"})
