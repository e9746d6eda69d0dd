"""Opening a bucket by its URL.

obstore reads credentials, region and endpoint from the provider's own environment variables. Where
the credentials are keys, we sign with them too, and clients talk to the bucket themselves. Else, as
with the roles of machines, what clients send and receive goes through this server.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from files.objects import (
    CHUNK_BYTES,
    Connect,
    ObjectStore,
    Presigner,
    SigningObjectStore,
    first_line,
)
from files.opening import FilesUrlError
from files.presigners.azure import AzurePresigner
from files.presigners.gcs import GcsPresigner
from files.presigners.s3 import S3Presigner

Environment = Mapping[str, str]

_ENDPOINTS: Final = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_ALLOW_HTTP: Final = {"s3": "AWS_ALLOW_HTTP", "gs": "GOOGLE_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP"}
_CLIENTS: Final = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
_ANY_KEY: Final = "key"


def open_bucket(
    url: str,
    environment: Environment,
    *,
    seconds: float,
    public_endpoint: str = "",
    chunk_bytes: int = CHUNK_BYTES,
) -> ObjectStore:
    """The store in the bucket. Nothing connects yet.

    Clients reach the bucket at `public_endpoint`, if that's another one than ours. Raises
    FilesUrlError.
    """
    parts = urlsplit(url)
    scheme, bucket, prefix = parts.scheme, parts.netloc, parts.path.strip("/")
    options: dict[str, Any] = {"prefix": prefix} if prefix else {}
    if scheme == "s3":
        # A copy that fails where something is, which S3 itself has only for parts of a whole.
        options["copy_if_not_exists"] = environment.get("AWS_COPY_IF_NOT_EXISTS", "multipart")
    connect = partial(
        _connect, _CLIENTS[scheme], bucket, options, _allows_http(scheme, environment)
    )
    try:
        presigner = _presigner(scheme, bucket, prefix, environment, connect, public_endpoint)
        if presigner is None:
            return ObjectStore(connect, seconds=seconds, chunk_bytes=chunk_bytes)
        return SigningObjectStore(connect, presigner, seconds=seconds, chunk_bytes=chunk_bytes)
    except (BaseError, ValueError) as error:
        raise FilesUrlError(first_line(error)) from None


def _connect(
    client: Any, bucket: str, options: dict[str, Any], allows_http: bool, **given: Any
) -> Any:
    given["client_options"] = {**given["client_options"], "allow_http": allows_http}
    return client(bucket, **options, **given)


def _allows_http(scheme: str, environment: Environment) -> bool:
    """Whether the endpoint is one of http. Raises FilesUrlError where that isn't safe."""
    for name in _ENDPOINTS[scheme]:
        if not (endpoint := environment.get(name)):
            continue
        parts = urlsplit(endpoint)
        if parts.scheme == "https":
            return False
        allow = _ALLOW_HTTP[scheme]
        if _is_on_this_machine(parts.hostname) or environment.get(allow, "").lower() == "true":
            return True
        raise FilesUrlError(
            f"{name} must be of https: files would be sent readable by anybody on the way "
            f"({allow}=true allows it)"
        )
    return False


def _is_on_this_machine(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _presigner(
    scheme: str,
    bucket: str,
    prefix: str,
    environment: Environment,
    connect: Connect,
    public_endpoint: str,
) -> Presigner | None:
    """Raises BaseError, ValueError."""

    def address() -> str:
        # Whatever the endpoint, obstore knows where a key is.
        store = connect(client_options={}, retry_config={})
        url = obstore.sign(store, "GET", _ANY_KEY, timedelta(seconds=1))
        return _seen_at(public_endpoint, url.partition("?")[0].removesuffix(f"/{_ANY_KEY}"))

    def first(*names: str) -> str:
        return next((value for name in names if (value := environment.get(name))), "")

    if scheme == "s3":
        id, secret = first("AWS_ACCESS_KEY_ID"), first("AWS_SECRET_ACCESS_KEY")
        if not (id and secret):
            return None
        return S3Presigner(
            address(),
            region=first("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1",
            access_key_id=id,
            secret_access_key=secret,
            session_token=first("AWS_SESSION_TOKEN", "AWS_TOKEN") or None,
        )
    if scheme == "gs":
        account = _service_account(
            first("GOOGLE_SERVICE_ACCOUNT_KEY"),
            first(
                "GOOGLE_SERVICE_ACCOUNT",
                "GOOGLE_SERVICE_ACCOUNT_PATH",
                "GOOGLE_APPLICATION_CREDENTIALS",
            ),
        )
        if not account.get("private_key"):
            return None
        return GcsPresigner(
            address(), account=account["client_email"], private_key=account["private_key"]
        )
    account_name = first("AZURE_STORAGE_ACCOUNT_NAME")
    account_key = first(
        "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"
    )
    if not (account_name and account_key):
        return None
    return AzurePresigner(
        address(), account=account_name, account_key=account_key, container=bucket, prefix=prefix
    )


def _seen_at(public_endpoint: str, address: str) -> str:
    if not public_endpoint:
        return address
    return public_endpoint.rstrip("/") + urlsplit(address).path


def _service_account(key: str, path: str) -> dict[str, str]:
    """The account in the JSON, or in the file. Raises ValueError."""
    if not key and path:
        try:
            key = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"the file of the service account: {error.strerror}") from None
    found = json.loads(key) if key else {}
    if not isinstance(found, dict):
        raise ValueError("the service account isn't a JSON object")
    return {name: value for name, value in found.items() if isinstance(value, str)}
