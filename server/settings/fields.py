"""What may be set: each setting with its type, its default and what it means."""

from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.workflow import MAX_TOKENS
from files.limits import FileLimits
from repositories.cache import CACHE_BYTES
from repositories.factory import PersistenceMode
from schema.limits import Limits
from server.settings.values import (
    ABOVE_ZERO,
    SIGNED_FOR_A_WEEK,
    Algorithms,
    ApiKey,
    FilesUrl,
    HeaderNames,
    HostNames,
    HttpUrl,
    Issuer,
    Networks,
    Origins,
    Peppers,
    StoreUrl,
)
from server.stream_limits import StreamLimits

MEBIBYTE = 1024 * 1024
PREFIX = "AICMO_"


class OutageMode(StrEnum):
    """What to do with requests that can't be counted together with those of other processes."""

    SERVE = "serve"
    REFUSE = "refuse"


class Fields(BaseSettings):
    """The environment's `AICMO_*` variables, and `HOST` and `PORT`. The defaults are safe."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    persistence_mode: PersistenceMode = Field(
        PersistenceMode.DB, description="`db`, or `inmemory`: nothing outlives the process."
    )
    database_url: str = Field(
        "sqlite:///aicmo.db",
        description="A SQLAlchemy URL: sqlite or postgresql, with or without the driver.",
        repr=False,
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias=AliasChoices("AICMO_HOST", "HOST"),
        description="The address to listen on.",
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("AICMO_PORT", "PORT"),
        description="The port to listen on; 0 takes a free one.",
    )
    require_authentication: bool | None = Field(
        None,
        description=(
            "Refuse requests without credentials on this machine's own addresses, too, such as "
            "behind a proxy; left out, it does so where AICMO_ALLOWED_HOSTS names others than this "
            "machine. On other addresses they are always refused."
        ),
    )
    token_peppers: Peppers = Field(
        (),
        description=(
            "Keys that secrets of access tokens are hashed by, as `id:key`, separated by commas; "
            "new ones by the first. `aicmo token pepper` makes one."
        ),
        repr=False,
    )
    oidc_issuer: Issuer = Field(
        "", description="The OpenID provider whose tokens (JWT) are accepted: its issuer's URL."
    )
    oidc_audience: str = Field(
        "", description="The `aud` that those tokens must have: this API, at the provider."
    )
    oidc_algorithms: Algorithms = Field(
        ("RS256", "ES256"),
        description="The algorithms, separated by commas, that they may be signed by.",
    )
    oidc_name_claim: str = Field(
        "sub", description="The claim that has the caller's id, under which changes are recorded."
    )
    oidc_scopes_claim: str = Field(
        "scope", description="The claim that has scopes, as a text or a list; others are ignored."
    )
    oidc_clients_claim: str = Field(
        "", description="The claim that has the clients, a list, that a caller is bound to."
    )
    oidc_kind_claim: str = Field(
        "",
        description=(
            "The claim that has `user`, `service` or `agent`. Without it, who acts for another "
            "(`act`) is an agent, and everybody else a user."
        ),
    )
    allowed_hosts: HostNames = Field(
        (),
        description=(
            "Names, separated by commas, that requests may be sent to: `*` is any, "
            "`*.example.com` any below example.com."
        ),
    )
    pool_size: int = Field(
        10, ge=1, le=100, description="Database connections to read by (on PostgreSQL: in all)."
    )
    pool_timeout: float = Field(
        10.0, gt=0, description="Seconds that an operation waits for a database connection."
    )
    production: bool = Field(
        False, description="No GraphiQL and no introspection; messages suggest no names."
    )
    publish_schema: bool = Field(False, description="Serve the schema as a file in production too.")
    trusted_proxies: Networks = Field(
        (),
        description=(
            "Addresses and networks, separated by commas, of proxies that say in "
            "`X-Forwarded-Host` which name the client used, and in `X-Forwarded-For` its address."
        ),
    )
    cors_origins: Origins = Field(
        (), description="Origins, separated by commas, whose pages may call the API; `*` is any."
    )
    cors_headers: HeaderNames = Field(
        (
            "Authorization",
            "Content-Type",
            "X-Request-Id",
            "Traceparent",
            "Tracestate",
            "Baggage",
            "Apollographql-Client-Name",
            "Apollographql-Client-Version",
            "Apollo-Require-Preflight",
            "X-Apollo-Operation-Name",
            "X-Apollo-Operation-Id",
            "GraphQL-Preflight",
            "GraphQL-Require-Preflight",
        ),
        description="Request headers, separated by commas, that those pages may set.",
    )
    cors_exposed_headers: HeaderNames = Field(
        ("X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"),
        description="Response headers, separated by commas, that those pages may read.",
    )
    cors_credentials: bool = Field(
        False,
        description=(
            "Those pages may send cookies and other credentials that the browser keeps. "
            "Not with `*` as an origin."
        ),
    )
    cors_max_age: int = Field(
        600, ge=0, description="Seconds that a browser may remember what those pages may do."
    )
    keep_alive_seconds: int = Field(
        620,
        ge=1,
        description=(
            "How long a connection without a request is kept: longer than the proxy in front "
            "keeps it."
        ),
    )
    body_bytes: int = Field(
        10 * MEBIBYTE, ge=1024, description="The largest request body, in bytes."
    )
    body_seconds: float = Field(
        15.0, gt=0, description="How long a request body may take to arrive."
    )
    answer_bytes: int = Field(
        16 * MEBIBYTE, ge=1024, description="The largest answer to an operation, in bytes."
    )
    pending_bytes: int = Field(
        256 * MEBIBYTE,
        ge=1024,
        description=(
            "How much memory all requests together may take that are being read or answered, with "
            "their answers until they are sent, in bytes."
        ),
    )
    write_seconds: float = Field(
        30.0,
        gt=0,
        description=(
            "How long a client may leave unread what was sent to it, about 64 KiB at a time, "
            "before its connection is closed."
        ),
    )
    client_connections: int = Field(
        500,
        ge=1,
        description=(
            "How many connections one address may have at once; trusted proxies have as many as "
            "they like."
        ),
    )
    caller_subscriptions: int = Field(
        200,
        ge=0,
        description=(
            "How many subscriptions a caller who has authenticated may have at once, in each "
            "server process; 0: any number."
        ),
    )
    rate_limit_requests: int = Field(
        3_000,
        ge=0,
        description=(
            "How many requests a caller who has authenticated may send in a minute, and how many "
            "may be sent to the signed address of a file or an archive; 0: any number."
        ),
    )
    rate_limit_cost: int = Field(
        1_000_000,
        ge=0,
        description=(
            "How much the operations of such a caller may cost in a minute, all together; 0: any "
            "amount. Not below `AICMO_LIMITS__COST`."
        ),
    )
    rate_limit_failed_logins: int = Field(
        30,
        ge=0,
        description=(
            "How many attempts to authenticate from one address may fail in a minute, until others "
            "than known credentials from there are refused; 0: any number."
        ),
    )
    rate_limit_store: StoreUrl = Field(
        "",
        description=(
            "The Redis or Valkey by which several server processes count together: "
            "`redis://`, `rediss://` or `unix://`. Without it each counts for itself."
        ),
        repr=False,
    )
    rate_limit_store_seconds: float = Field(
        0.1, gt=0, description="How long a request waits for its answer."
    )
    rate_limit_outage: OutageMode = Field(
        OutageMode.SERVE,
        description=(
            "While it can't be reached, `serve`: each process counts for itself; or `refuse`: "
            "requests of callers who have authenticated are `UNAVAILABLE`."
        ),
    )
    cache_bytes: int = Field(
        CACHE_BYTES,
        ge=MEBIBYTE,
        description=(
            "How much memory may be taken, in bytes, by all that is kept to be used again: "
            "documents with their plans, SQL, answers about the schema, persisted queries."
        ),
    )
    persisted_query_bytes: int = Field(
        8 * MEBIBYTE,
        ge=0,
        description=(
            "The part of it, at most half, that persisted queries may take; 0 switches them off."
        ),
    )
    trusted_documents_only: bool = Field(
        False,
        description=(
            "Execute only documents that `aicmo documents register` registered. Clients can't "
            "persist queries then."
        ),
    )
    execution_seconds: float = Field(
        15.0, gt=0, description="How long an operation may take, up to its commit."
    )
    commit_seconds: float = Field(
        5.0,
        gt=0,
        description="How much longer PostgreSQL may take to tell what came of a commit.",
    )
    event_retention_days: int = Field(
        0,
        ge=0,
        description=(
            "How many days events are kept in the log; 0 keeps all of them, in memory the last "
            "10,000. The last event of each entity stays."
        ),
    )
    webhook_concurrency: int = Field(
        100,
        ge=0,
        le=1000,
        description=(
            "How many attempts to send events to webhooks may be under way at once; 0: this server "
            "sends none."
        ),
    )
    webhook_seconds: float = Field(
        15.0, gt=0, le=600, description="How long a receiver of a webhook may take to answer."
    )
    webhook_days: float = Field(
        30.0,
        gt=0,
        le=3650,
        description=(
            "How many days deliveries of webhooks are kept after they ended, with their attempts."
        ),
    )
    webhook_networks: Networks = Field(
        (),
        description=(
            "Addresses and networks, separated by commas, that webhooks may lead to though they "
            "aren't public, such as `10.1.0.0/16`."
        ),
    )
    transfer_concurrency: int = Field(
        2,
        ge=0,
        le=100,
        description="How many imports and exports this server carries out at once; 0: none.",
    )
    run_concurrency: int = Field(
        2,
        ge=0,
        le=100,
        description="How many runs this server carries out at once; 0: none.",
    )
    qc_pass_score: float = Field(
        0.8,
        ge=0,
        le=1,
        description=(
            "The score, 0 to 1, that a draft has to reach for `evaluateDraft` to let it pass."
        ),
    )
    model_url: HttpUrl = Field(
        "",
        description=(
            "The endpoint of a language model that plans and writes in runs, as OpenAI's chat "
            "completions: what `/chat/completions` is below. Left out, the built-in producers do. "
            "Briefs and drafts are sent there."
        ),
    )
    model_name: str = Field("", description="The model, as the endpoint calls it.")
    model_api_key: ApiKey = Field(
        "",
        description=(
            "The endpoint's key, sent as a bearer token; over https, or to this machine alone."
        ),
        repr=False,
    )
    model_allow_http: bool = Field(
        False,
        description=(
            "Let the endpoint be one of http on another machine: only on a network that you trust, "
            "since whoever is on the way reads the briefs. A key isn't sent there."
        ),
    )
    model_seconds: float = Field(
        120.0, gt=0, le=300, description="How long one answer of the model may take."
    )
    model_run_tokens: int = Field(
        200_000,
        ge=1,
        le=MAX_TOKENS,
        description="How many tokens all requests and answers of one run may have.",
    )
    model_answer_tokens: int = Field(
        8_000, ge=1, le=MAX_TOKENS, description="How many tokens one answer may have."
    )
    files_url: FilesUrl = Field(
        "",
        description=(
            "Where the bytes of files are kept: a folder (`file:///`), or a bucket and perhaps a "
            "prefix (`s3://`, `gs://`, `az://`). Without it: a folder beside SQLite's file; on "
            "PostgreSQL nowhere, files are switched off."
        ),
    )
    files_gc_grace_hours: int = Field(
        0,
        ge=0,
        description=(
            "Once a day, servers delete files and bytes that nobody needs, but for what is younger "
            "than so many hours; 0 leaves that to `aicmo files gc`."
        ),
    )
    files_endpoint: HttpUrl = Field(
        "",
        description=(
            "The URL at which clients reach the bucket, where that isn't the one at which this "
            "server does."
        ),
    )
    public_url: HttpUrl = Field(
        "",
        description=(
            "The URL at which clients reach this server, without `/graphql`; addresses of files "
            "begin with it. Without it they begin as the request's own, as trusted proxies tell it."
        ),
    )
    files: Annotated[FileLimits, SIGNED_FOR_A_WEEK, ABOVE_ZERO] = Field(
        FileLimits(), description="The limits of files, each as AICMO_FILES__NAME."
    )
    limits: Annotated[Limits, ABOVE_ZERO] = Field(
        Limits(), description="The most that one operation may have, each as AICMO_LIMITS__NAME."
    )
    streams: Annotated[StreamLimits, ABOVE_ZERO] = Field(
        StreamLimits(), description="How much may be followed, each as AICMO_STREAMS__NAME."
    )
