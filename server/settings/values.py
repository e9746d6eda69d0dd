"""The values that settings take: how they are read from a text, and which are refused."""

import ipaddress
import re
from dataclasses import fields
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from domain.access import PEPPER_BYTES
from files.limits import LONGEST_SIGNED_SECONDS, FileLimits
from files.opening import FilesUrlError, check_url
from schema.limits import Limits
from server.stream_limits import StreamLimits

OIDC_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
"""Those of public keys: whoever knows what verifies a token can't make one."""
_PEPPER_ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[?[0-9a-f:.]*:[0-9a-f:.]*\]?", re.IGNORECASE)
"""A host name without scheme and port, which no Host header's name has."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


def _host_names(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if not _HOST.fullmatch(name):
            raise ValueError(f"{name!r} is not a name, like api.example.com or *.example.com")
    return value


def _exact(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if origin != "*" and not re.fullmatch(r"https?://[^/*\s]+", origin):
            raise ValueError(f"{origin!r} is not an origin, like https://app.example.com")
    return value


def _header_names(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if not _HEADER.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            message = f"{network!r} is neither an address nor a network, like 10.0.0.0/8"
            raise ValueError(message) from None
    return value


def _strong(value: tuple[str, ...]) -> tuple[str, ...]:
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


def _asymmetric(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if name not in OIDC_ALGORITHMS:
            known = ", ".join(OIDC_ALGORITHMS)
            raise ValueError(f"{name!r} is none of the algorithms of public keys: {known}")
    if not value:
        raise ValueError("name at least one")
    return value


def _private(value: str) -> str:
    parts = urlsplit(value)
    is_secure = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
    if value and not (is_secure and parts.hostname):
        raise ValueError("must be a URL of https; of http on this machine alone")
    return value


def _store(value: str) -> str:
    if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must be a URL of redis://, rediss:// or unix://")
    return value


def _of_a_store(value: str) -> str:
    try:
        if value:
            check_url(value)
    except FilesUrlError as error:
        raise ValueError(str(error)) from None
    return value


def _for_a_header(value: str) -> str:
    if not re.fullmatch(r"[!-~]*", value):
        raise ValueError("must be of ASCII characters, without spaces")
    return value


def _of_http(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
        raise ValueError("must be a URL of https:// or http://, without ? and #")
    return value


def _signed_for_a_week(value: FileLimits) -> FileLimits:
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


def _above_zero(
    value: Limits | StreamLimits | FileLimits,
) -> Limits | StreamLimits | FileLimits:
    if low := [field.name for field in fields(value) if getattr(value, field.name) <= 0]:
        raise PydanticCustomError("low", "must be greater than 0", {"at": low})
    return value


_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A text with commas, and not the JSON that is expected of other tuples."""

HostNames = Annotated[_Names, AfterValidator(_host_names)]
Origins = Annotated[_Names, AfterValidator(_exact)]
HeaderNames = Annotated[_Names, AfterValidator(_header_names)]
Networks = Annotated[_Names, AfterValidator(_networks)]
Peppers = Annotated[_Names, AfterValidator(_strong)]
Algorithms = Annotated[_Names, AfterValidator(_asymmetric)]
Issuer = Annotated[str, AfterValidator(_private)]
StoreUrl = Annotated[str, AfterValidator(_store)]
FilesUrl = Annotated[str, AfterValidator(_of_a_store)]
ApiKey = Annotated[str, AfterValidator(_for_a_header)]
HttpUrl = Annotated[str, AfterValidator(_of_http)]
SIGNED_FOR_A_WEEK = AfterValidator(_signed_for_a_week)
ABOVE_ZERO = AfterValidator(_above_zero)
"""Each field of a group of limits has to be above zero."""
