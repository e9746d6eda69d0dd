"""What settings mean together, and which of them don't go together."""

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from domain.access import Pepper
from repositories.drivers.engine import DatabaseUrlError, database_url
from repositories.factory import PersistenceMode
from server.settings.fields import Fields

_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Settings(Fields):
    """The settings of a process, each of them checked, and all of them together."""

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

    @model_validator(mode="after")
    def _names_the_model(self) -> Self:
        if self.model_url and not self.model_name.strip():
            raise PydanticCustomError(
                "model",
                "must be set with AICMO_MODEL_URL: the model, as the endpoint calls it",
                {"at": ["model_name"]},
            )
        return self

    @model_validator(mode="after")
    def _sends_nothing_in_the_clear(self) -> Self:
        parts = urlsplit(self.model_url)
        if parts.scheme != "http" or _is_here(parts.hostname or ""):
            return self
        if self.model_api_key:
            raise PydanticCustomError(
                "clear",
                "must be a URL of https with AICMO_MODEL_API_KEY: everybody on the way could read "
                "the key",
                {"at": ["model_url"]},
            )
        if not self.model_allow_http:
            raise PydanticCustomError(
                "clear",
                "must be a URL of https; of http on this machine alone: everybody on the way could "
                "read the briefs. AICMO_MODEL_ALLOW_HTTP=true allows it on a network that you "
                "trust",
                {"at": ["model_url"]},
            )
        return self

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return _is_here(self.host)

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


def _is_here(host: str) -> bool:
    """Whether the name or address is one of this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
