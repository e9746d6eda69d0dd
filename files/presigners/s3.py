"""Requests to S3, and to what talks like it, signed by an access key."""

import base64
import hashlib
import hmac
from typing import Final

from domain.sources import Clock, utc_now
from files.presigners.v4 import V4Signer
from files.store import SignedRequest

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class S3Presigner:
    """The bucket takes an upload of just this type, size and SHA-256, and only once."""

    def __init__(
        self,
        address: str,
        *,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        clock: Clock = utc_now,
    ) -> None:
        def sign(text: str, scope: str) -> str:
            key = f"AWS4{secret_access_key}".encode()
            for part in (*scope.split("/"), text):
                key = hmac.digest(key, part.encode(), hashlib.sha256)
            return key.hex()

        self._clock = clock
        self._signer = V4Signer(
            address=address,
            algorithm=_ALGORITHM,
            parameter="X-Amz",
            scope=f"{region}/s3/aws4_request",
            credential=access_key_id,
            sign=sign,
            token=session_token,
        )

    def upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest:
        headers = {
            "content-type": media_type,
            "if-none-match": "*",
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        url = self._signer.url(
            "PUT",
            key,
            now=self._clock(),
            seconds=seconds,
            # Clients send the length by themselves; browsers let no page set it.
            headers={**headers, "content-length": str(size)},
        )
        return SignedRequest("PUT", url, tuple(headers.items()))

    def download(self, key: str, *, media_type: str, disposition: str, seconds: int) -> str:
        return self._signer.url(
            "GET",
            key,
            now=self._clock(),
            seconds=seconds,
            parameters={
                "response-cache-control": f"private, max-age={seconds}, immutable",
                "response-content-disposition": disposition,
                "response-content-type": media_type,
            },
        )
