"""The settings, all of them from environment variables."""

import ipaddress
import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.access import PEPPER_BYTES, Pepper
from files.limits import LONGEST_SIGNED_SECONDS, FileLimits
from files.opening import FilesUrlError, check_url
from repositories.cache import CACHE_BYTES
from repositories.drivers.engine import DatabaseUrlError, database_url
from repositories.factory import PersistenceMode
from schema.limits import Limits
from server.stream_limits import StreamLimits

DEFAULT_DATABASE_URL = "sqlite:///aicmo.db"
MEBIBYTE = 1024 * 1024

_PREFIX = "AICMO_"
_OTHER_VARIABLES = frozenset({"AICMO_TEST_POSTGRES_URL", "AICMO_URL"})
"""Variables that tests and example clients read."""
OIDC_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
"""Those of public keys: whoever knows what verifies a token can't make one."""
_PEPPER_ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SERVICE_LINK = re.compile(r"AICMO_(SERVICE|PORT)_.*")
"""The variables that Kubernetes sets for a service called aicmo."""


class OutageMode(StrEnum):
    """What to do with requests that can't be counted together with those of other processes."""

    SERVE = "serve"
    REFUSE = "refuse"


_HOST = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[?[0-9a-f:.]*:[0-9a-f:.]*\]?", re.IGNORECASE)
"""A host name without scheme and port, which no Host header's name has."""


_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class SettingsError(Exception):
    """Settings are missing or unsafe; the message has a line for each, with the reason."""


class Settings(BaseSettings):
    """The environment's `AICMO_*` variables, and `HOST` and `PORT`. The defaults are safe."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    persistence_mode: PersistenceMode = Field(
        PersistenceMode.DB, description="`db`, or `inmemory`: nothing outlives the process."
    )
    database_url: str = Field(
        DEFAULT_DATABASE_URL,
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
    token_peppers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Keys that secrets of access tokens are hashed by, as `id:key`, separated by commas; "
            "new ones by the first. `aicmo token pepper` makes one."
        ),
        repr=False,
    )
    oidc_issuer: str = Field(
        "", description="The OpenID provider whose tokens (JWT) are accepted: its issuer's URL."
    )
    oidc_audience: str = Field(
        "", description="The `aud` that those tokens must have: this API, at the provider."
    )
    oidc_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
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
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
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
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Addresses and networks, separated by commas, of proxies that say in "
            "`X-Forwarded-Host` which name the client used, and in `X-Forwarded-For` its address."
        ),
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins, separated by commas, whose pages may call the API; `*` is any."
    )
    cors_headers: Annotated[tuple[str, ...], NoDecode] = Field(
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
    cors_exposed_headers: Annotated[tuple[str, ...], NoDecode] = Field(
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
            "How many requests a caller who has authenticated may send in a minute; 0: any number."
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
    rate_limit_store: str = Field(
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
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Addresses and networks, separated by commas, that webhooks may lead to though they "
            "aren't public, such as `10.1.0.0/16`."
        ),
    )
    files_url: str = Field(
        "",
        description=(
            "Where the bytes of files are kept: a folder (`file:///`), or a bucket and perhaps a "
            "prefix (`s3://`, `gs://`, `az://`). Without it: a folder beside SQLite's file; on "
            "PostgreSQL nowhere, files are switched off."
        ),
    )
    files_endpoint: str = Field(
        "",
        description=(
            "The URL at which clients reach the bucket, where that isn't the one at which this "
            "server does."
        ),
    )
    public_url: str = Field(
        "",
        description=(
            "The URL at which clients reach this server, without `/graphql`; addresses of files "
            "begin with it. Without it they begin as the request's own, as trusted proxies tell it."
        ),
    )
    files: FileLimits = Field(
        FileLimits(), description="The limits of files, each as AICMO_FILES__NAME."
    )
    limits: Limits = Field(
        Limits(), description="The most that one operation may have, each as AICMO_LIMITS__NAME."
    )
    streams: StreamLimits = Field(
        StreamLimits(), description="How much may be followed, each as AICMO_STREAMS__NAME."
    )

    @field_validator(
        "token_peppers",
        "oidc_algorithms",
        "allowed_hosts",
        "trusted_proxies",
        "webhook_networks",
        "cors_origins",
        "cors_headers",
        "cors_exposed_headers",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _HOST.fullmatch(name):
                raise ValueError(f"{name!r} is not a name, like api.example.com or *.example.com")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not re.fullmatch(r"https?://[^/*\s]+", origin):
                raise ValueError(f"{origin!r} is not an origin, like https://app.example.com")
        return value

    @field_validator("cors_headers", "cors_exposed_headers")
    @classmethod
    def _header_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header")
        return value

    @field_validator("trusted_proxies", "webhook_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                message = f"{network!r} is neither an address nor a network, like 10.0.0.0/8"
                raise ValueError(message) from None
        return value

    @field_validator("token_peppers")
    @classmethod
    def _strong(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        ids = [pepper.partition(":")[0] for pepper in value]
        for number, pepper in enumerate(value, 1):
            id, _, key = pepper.partition(":")
            if not _PEPPER_ID.fullmatch(id) or len(key) < PEPPER_BYTES:
                raise ValueError(
                    f"number {number} isn't an id, a colon and a key of at least {PEPPER_BYTES} "
                    "characters; aicmo token pepper makes one"
                )
        if len(set(ids)) < len(ids):
            raise ValueError("each id may be there once")
        return value

    @field_validator("oidc_algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in OIDC_ALGORITHMS:
                known = ", ".join(OIDC_ALGORITHMS)
                raise ValueError(f"{name!r} is none of the algorithms of public keys: {known}")
        if not value:
            raise ValueError("name at least one")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _private(cls, value: str) -> str:
        parts = urlsplit(value)
        is_secure = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        )
        if value and not (is_secure and parts.hostname):
            raise ValueError("must be a URL of https; of http on this machine alone")
        return value

    @field_validator("rate_limit_store")
    @classmethod
    def _store(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must be a URL of redis://, rediss:// or unix://")
        return value

    @field_validator("files_url")
    @classmethod
    def _of_a_store(cls, value: str) -> str:
        try:
            if value:
                check_url(value)
        except FilesUrlError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("files_endpoint", "public_url")
    @classmethod
    def _of_http(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
            raise ValueError("must be a URL of https:// or http://, without ? and #")
        return value

    @field_validator("files")
    @classmethod
    def _signed_for_a_week(cls, value: FileLimits) -> FileLimits:
        longest = [
            name
            for name in ("upload_seconds", "download_seconds", "max_download_seconds")
            if getattr(value, name) > LONGEST_SIGNED_SECONDS
        ]
        if longest:
            raise PydanticCustomError(
                "long", "must be at most a week: buckets sign for no longer", {"at": longest}
            )
        return value

    @field_validator("limits", "streams", "files")
    @classmethod
    def _above_zero(
        cls, value: Limits | StreamLimits | FileLimits
    ) -> Limits | StreamLimits | FileLimits:
        if low := [field.name for field in fields(value) if getattr(value, field.name) <= 0]:
            raise PydanticCustomError("low", "must be greater than 0", {"at": low})
        return value

    @field_validator("database_url")
    @classmethod
    def _usable(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("persistence_mode") is PersistenceMode.INMEMORY:
            return value
        try:
            database_url(value)
        except DatabaseUrlError as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _not_open_to_everybody(self) -> Self:
        has_tokens = self.token_peppers and self.persistence_mode is PersistenceMode.DB
        if self.requires_authentication and not has_tokens and not self.oidc_issuer:
            is_remote = not self.is_local
            raise PydanticCustomError(
                "open",
                "{why}, and nobody could authenticate yet. Run "
                "`export AICMO_TOKEN_PEPPERS=$(aicmo token pepper)` and "
                "`aicmo token create --kind user --name YOU --scope admin`, or set "
                "AICMO_OIDC_ISSUER{mode}",
                {
                    "at": ["host" if is_remote else "require_authentication"],
                    "why": f"{self.host!r} can be reached from other machines"
                    if is_remote
                    else "authentication is required",
                    "mode": ""
                    if self.persistence_mode is PersistenceMode.DB
                    else " (in memory, tokens are gone with the process)",
                },
            )
        return self

    @model_validator(mode="after")
    def _for_this_api(self) -> Self:
        if self.oidc_issuer and not self.oidc_audience:
            raise PydanticCustomError(
                "audience",
                "must be set with AICMO_OIDC_ISSUER: tokens for other APIs would be accepted",
                {"at": ["oidc_audience"]},
            )
        return self

    @model_validator(mode="after")
    def _room_for_each_operation(self) -> Self:
        if 0 < self.rate_limit_cost < self.limits.cost:
            raise PydanticCustomError(
                "cost",
                "must be at least AICMO_LIMITS__COST, {cost}: operations that cost as much could "
                "never run",
                {"at": ["rate_limit_cost"], "cost": self.limits.cost},
            )
        return self

    @model_validator(mode="after")
    def _no_credentials_for_everybody(self) -> Self:
        if self.cors_credentials and "*" in self.cors_origins:
            raise PydanticCustomError(
                "credentials",
                "with credentials, AICMO_CORS_ORIGINS has to name each origin: * would let every "
                "page act as whoever looks at it",
                {"at": ["cors_credentials"]},
            )
        return self

    @model_validator(mode="after")
    def _no_trust_in_memory(self) -> Self:
        if self.trusted_documents_only and self.persistence_mode is PersistenceMode.INMEMORY:
            raise PydanticCustomError(
                "memory",
                "needs a database: in memory no document is registered, so none would be executed",
                {"at": ["trusted_documents_only"]},
            )
        return self

    @model_validator(mode="after")
    def _signs_for_all_processes(self) -> Self:
        is_bucket = self.files_url and not self.files_url.startswith("file:")
        if is_bucket and not self.token_peppers and self.persistence_mode is PersistenceMode.DB:
            raise PydanticCustomError(
                "peppers",
                "needs AICMO_TOKEN_PEPPERS, by which all processes sign the addresses of files. "
                "Run `export AICMO_TOKEN_PEPPERS=$(aicmo token pepper)`",
                {"at": ["files_url"]},
            )
        return self

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def requires_authentication(self) -> bool:
        """Whether requests without credentials are refused."""
        if not self.is_local:
            return True
        if self.require_authentication is not None:
            return self.require_authentication
        # Names of others on an address of this machine: a proxy makes it public.
        return not set(self.allowed_hosts) <= {*_LOCAL_NAMES}

    @property
    def peppers(self) -> tuple[Pepper, ...]:
        return tuple(
            Pepper(id, key) for id, _, key in (each.partition(":") for each in self.token_peppers)
        )

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The names that a request's Host header may have.

        A page elsewhere can make its own name resolve to this machine (DNS rebinding); its
        requests still carry that name.
        """
        if self.allowed_hosts:
            return self.allowed_hosts
        return _LOCAL_NAMES if self.is_local else ("*",)


def load_settings(**given: Any) -> Settings:
    """The settings of this process; options of the command line override the environment.

    Raises SettingsError, with all names that are unknown or else all values that are wrong.
    """
    if unknown := list(_unknown_variables()):
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_wrong_values(error, given))) from None


def variable_of_port() -> str:
    """The variable that sets the port: the one that is set, or else the shorter one."""
    [names] = [names for at, names in _variables() if at == ("port",)]
    return _first_set(names) or names[-1]


def _variables() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each setting's path in Settings, with its variables: the first that is set counts."""
    for name, field in Settings.model_fields.items():
        variable = f"{_PREFIX}{name.upper()}"
        if is_dataclass(field.default):
            for part in fields(field.default):
                yield (name, part.name), [f"{variable}__{part.name.upper()}"]
        else:
            alias = field.validation_alias
            names = alias.choices if isinstance(alias, AliasChoices) else [variable]
            yield (name,), [str(choice) for choice in names]


def _unknown_variables() -> Iterator[str]:
    """A line for each variable that looks like a setting but isn't one: perhaps it's mistyped."""
    known = [variable for _, names in _variables() for variable in names]
    for variable in os.environ:
        name = variable.upper()
        if name in known or name in _OTHER_VARIABLES or _SERVICE_LINK.fullmatch(name):
            continue
        if name.startswith(_PREFIX):
            closest = get_close_matches(name, known, n=1)
            hint = f"; the closest is {closest[0]}" if closest else ""
            yield f"{variable}: there is no such setting{hint}"


def _wrong_values(error: ValidationError, given: dict[str, Any]) -> Iterator[str]:
    """A line for each error, with the option or the variable that was set."""
    for problem in error.errors():
        message = problem["msg"].removeprefix("Value error, ")
        for part in problem.get("ctx", {}).get("at", [None]):
            place = tuple(str(name) for name in (*problem["loc"], part) if name is not None)
            yield f"{_set_name(place, given)}: {message}"


def _set_name(place: tuple[str, ...], given: dict[str, Any]) -> str:
    if place[0] in given:
        return f"--{place[0]}"
    # A setting with several names is at the first of them, whichever is set.
    [names] = [names for at, names in _variables() if at == place or place[0] in names]
    return _first_set(names) or names[0]


def _first_set(names: list[str]) -> str | None:
    """The first of the variables that is set, spelled as in the environment."""
    as_set = {variable.upper(): variable for variable in os.environ}
    return next((as_set[name] for name in names if name in as_set), None)
