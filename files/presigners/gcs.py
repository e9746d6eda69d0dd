"""Requests to Google Cloud Storage, signed by the key of a service account."""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.sources import Clock, utc_now
from files.presigners.v4 import V4Signer
from files.store import SignedRequest

_ALGORITHM: Final = "GOOG4-RSA-SHA256"


class GcsPresigner:
    """The bucket takes an upload of just this type and size, and only once.

    Google checks no SHA-256: whoever completes the upload does.
    """

    def __init__(
        self, address: str, *, account: str, private_key: str, clock: Clock = utc_now
    ) -> None:
        """`account` is the address of the service account. Raises ValueError for a wrong key."""
        key: Any = load_pem_private_key(private_key.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the private key isn't one of RSA")
        self._clock = clock
        self._signer = V4Signer(
            address=address,
            algorithm=_ALGORITHM,
            parameter="X-Goog",
            scope="auto/storage/goog4_request",
            credential=account,
            sign=lambda text, _: key.sign(text.encode(), PKCS1v15(), SHA256()).hex(),
        )

    def upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest:
        headers = {
            "content-type": media_type,
            "x-goog-content-length-range": f"{size},{size}",
            "x-goog-if-generation-match": "0",
        }
        url = self._signer.url("PUT", key, now=self._clock(), seconds=seconds, headers=headers)
        return SignedRequest("PUT", url, tuple(headers.items()))

    def download(self, key: str, *, media_type: str, disposition: str, seconds: int) -> str:
        return self._signer.url(
            "GET",
            key,
            now=self._clock(),
            seconds=seconds,
            parameters={
                "response-content-disposition": disposition,
                "response-content-type": media_type,
            },
        )
