"""What can be set from outside, all of it by environment variables."""

import ipaddress
import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from repositories.engine import DatabaseUrlError, database_url
from repositories.factory import PersistenceMode
from schema.limits import Limits
from server.service import StreamLimits

DEFAULT_DATABASE_URL = "sqlite:///aicmo.db"
MEBIBYTE = 1024 * 1024


class SettingsError(Exception):
    """A setting is missing or unsafe; a line for each that says which and why."""


class Settings(BaseSettings):
    """The environment's `AICMO_*` variables, and `HOST` and `PORT`. Safe as they are by default."""

    model_config = SettingsConfigDict(
        env_prefix="AICMO_",
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
    allow_remote: bool = Field(
        False,
        description=(
            "Listen on addresses that other machines reach. There is no authentication yet, so "
            "something in front of the server has to do it."
        ),
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Names, separated by commas, that requests may be sent to."
    )
    pool_size: int = Field(
        5, ge=1, le=100, description="Database connections to read by (on PostgreSQL: in all)."
    )
    pool_timeout: float = Field(
        10.0, gt=0, description="Seconds that an operation waits for a database connection."
    )
    production: bool = Field(
        False, description="No GraphiQL and no introspection; messages suggest no names."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins, separated by commas, whose pages may call the API."
    )
    body_bytes: int = Field(
        10 * MEBIBYTE, ge=1024, description="The largest request body, in bytes."
    )
    body_seconds: float = Field(
        15.0, gt=0, description="How long a request body may take to arrive."
    )
    pending_bytes: int = Field(
        256 * MEBIBYTE,
        ge=1024,
        description="The size of all requests together that are being read or answered, in bytes.",
    )
    execution_seconds: float = Field(
        15.0, gt=0, description="How long an operation may take, up to its commit."
    )
    limits: Limits = Field(
        Limits(), description="The most that one operation may have, each as AICMO_LIMITS__NAME."
    )
    streams: StreamLimits = Field(
        StreamLimits(), description="How much may be followed, each as AICMO_STREAMS__NAME."
    )

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"https?://[^/*\s]+", origin):
                raise ValueError(f"{origin!r} is not an origin, like https://app.example.com")
        return value

    @field_validator("limits", "streams")
    @classmethod
    def _above_zero(cls, value: Limits | StreamLimits) -> Limits | StreamLimits:
        for field in fields(value):
            if getattr(value, field.name) <= 0:
                raise ValueError(f"{field.name} must be greater than 0")
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
        if not self.allow_remote and not self.is_local:
            raise ValueError(
                f"HOST {self.host} can be reached from other machines, and there is no "
                "authentication: set AICMO_ALLOW_REMOTE=true if something in front does it"
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
    def trusted_hosts(self) -> tuple[str, ...]:
        """The names that a request's Host header may have.

        A page elsewhere can make its own name resolve to this machine (DNS rebinding); its
        requests still carry that name.
        """
        if self.allowed_hosts:
            return self.allowed_hosts
        return ("localhost", "127.0.0.1", "[::1]") if self.is_local else ("*",)

    @property
    def sqlite_file(self) -> Path | None:
        """The embedded database's file, where there is one."""
        url = database_url(self.database_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def load_settings(**given: Any) -> Settings:
    """The settings of this process; what is given overrides the environment.

    Raises SettingsError, with all that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem) for problem in error.errors())) from None


def _line(problem: object) -> str:
    assert isinstance(problem, dict)
    name = str(problem["loc"][0]) if problem["loc"] else ""
    variable = name if name.isupper() else f"AICMO_{name.upper()}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{variable}: {message}" if name else message
