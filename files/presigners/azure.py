"""Requests to Azure Blob Storage, signed by the account's key: shared access signatures.

https://learn.microsoft.com/rest/api/storageservices/create-service-sas
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from domain.sources import Clock, utc_now
from files.store import SignedRequest

_VERSION: Final = "2022-11-02"


class AzurePresigner:
    """The container takes an upload once. It checks neither its size nor its hash nor its type:
    whoever completes the upload does."""

    def __init__(
        self,
        address: str,
        *,
        account: str,
        account_key: str,
        container: str,
        prefix: str = "",
        version: str = _VERSION,
        clock: Clock = utc_now,
    ) -> None:
        """`address` is the container's, with the prefix of all keys; `version` the protocol's.

        Raises ValueError for a key that isn't in base 64.
        """
        self._address = address
        self._account = account
        self._key = base64.b64decode(account_key, validate=True)
        self._container = container
        self._prefix = f"{prefix}/" if prefix else ""
        self._version = version
        self._clock = clock

    def upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest:
        # A permission to create doesn't let one write again.
        headers = {"content-type": media_type, "x-ms-blob-type": "BlockBlob"}
        return SignedRequest("PUT", self._signed(key, "c", seconds), tuple(headers.items()))

    def download(self, key: str, *, media_type: str, disposition: str, seconds: int) -> str:
        return self._signed(
            key,
            "r",
            seconds,
            rscc=f"private, max-age={seconds}, immutable",
            rscd=disposition,
            rsct=media_type,
        )

    def _signed(self, key: str, permission: str, seconds: int, **answer: str) -> str:
        protocol = "https" if urlsplit(self._address).scheme == "https" else "https,http"
        parameters = {
            "sp": permission,
            "se": f"{self._clock() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
            "spr": protocol,
            "sv": self._version,
            "sr": "b",
            **answer,
        }
        signed = (
            parameters["sp"],
            "",  # from now on
            parameters["se"],
            f"/blob/{self._account}/{self._container}/{self._prefix}{key}",
            "",  # no stored policy
            "",  # from any address
            parameters["spr"],
            parameters["sv"],
            parameters["sr"],
            "",  # no snapshot
            "",  # no encryption scope
            *(parameters.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")),
        )
        digest = hmac.digest(self._key, "\n".join(signed).encode(), hashlib.sha256)
        query = urlencode({**parameters, "sig": base64.b64encode(digest).decode()}, quote_via=quote)
        return f"{self._address}/{quote(key)}?{query}"
