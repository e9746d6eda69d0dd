"""Requests to buckets are signed as the providers' own libraries sign them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from files.presigners.azure import AzurePresigner
from files.presigners.gcs import GcsPresigner
from files.presigners.s3 import S3Presigner
from tests.support.moto import BUCKETS
from tests.support.sources import SettableClock

SHA256 = "ab" * 32
KEY = f"some where/content/ab/{SHA256}"
INSIDE = KEY.removeprefix("some where/")
SECONDS = 3600
MEDIA_TYPE = "text/plain; charset=utf-8"
DISPOSITION = "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b+%C3%A4.txt"
UPLOAD: dict[str, Any] = {
    "size": 123_456,
    "sha256": SHA256,
    "media_type": MEDIA_TYPE,
    "seconds": SECONDS,
}
DOWNLOAD: dict[str, Any] = {
    "media_type": MEDIA_TYPE,
    "disposition": DISPOSITION,
    "seconds": SECONDS,
}
COMMON = {
    "key": KEY,
    "size": 123_456,
    "media_type": MEDIA_TYPE,
    "checksum": base64.b64encode(bytes.fromhex(SHA256)).decode(),
    "disposition": DISPOSITION,
    "cache_control": f"private, max-age={SECONDS}, immutable",
    "seconds": SECONDS,
}


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    BUCKETS.install()


def signed_by_others(kind: str, **case: Any) -> list[tuple[str, dict[str, str]]]:
    """The upload and the download as the provider's library signs them: address, parameters."""
    said = BUCKETS.run("python", "signed.py", kind, json.dumps({**COMMON, **case}))
    return [parted(url) for url in json.loads(said)]


def parted(url: str) -> tuple[str, dict[str, str]]:
    address, _, query = url.partition("?")
    return address, dict(parse_qsl(query, strict_parsing=True))


def clock_of(text: str) -> SettableClock:
    return SettableClock(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))


@pytest.mark.parametrize("token", [None, "a session/+="], ids=["key", "session"])
@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        (None, "https://agency.s3.eu-central-1.amazonaws.com/some%20where"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/agency/some%20where"),
        ("https://minio.example", "https://minio.example/agency/some%20where"),
    ],
)
def test_s3_signs_as_boto_does(endpoint: str | None, address: str, token: str | None) -> None:
    credentials: dict[str, Any] = {
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "a secret/of+nobody",
        "session_token": token,
        "region": "eu-central-1",
    }
    theirs = signed_by_others("s3", endpoint=endpoint, bucket="agency", **credentials)
    for (url, query), method in zip(theirs, ("upload", "download"), strict=True):
        presigner = S3Presigner(address, clock=clock_of(query["X-Amz-Date"]), **credentials)
        if method == "upload":
            request = presigner.upload(INSIDE, **UPLOAD)
            assert request.method == "PUT"
            assert dict(request.headers) == {
                "content-type": MEDIA_TYPE,
                "if-none-match": "*",
                "x-amz-checksum-sha256": COMMON["checksum"],
            }
            ours = request.url
        else:
            ours = presigner.download(INSIDE, **DOWNLOAD)
        assert parted(ours) == (url, query)


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_gcs_signs_as_googles_library_does() -> None:
    account: dict[str, Any] = {
        "account": "files@agency.iam.gserviceaccount.com",
        "private_key": private_key(),
    }
    address = "https://storage.googleapis.com/agency/some%20where"
    headers = dict(GcsPresigner(address, **account).upload(INSIDE, **UPLOAD).headers)
    theirs = signed_by_others("gcs", bucket="agency", headers=headers, **account)
    for (url, query), method in zip(theirs, ("upload", "download"), strict=True):
        presigner = GcsPresigner(address, clock=clock_of(query["X-Goog-Date"]), **account)
        ours = (
            presigner.upload(INSIDE, **UPLOAD).url
            if method == "upload"
            else presigner.download(INSIDE, **DOWNLOAD)
        )
        assert parted(ours) == (url, query)
    assert headers == {
        "content-type": MEDIA_TYPE,
        "x-goog-content-length-range": "123456,123456",
        "x-goog-if-generation-match": "0",
    }


def test_azure_signs_as_microsofts_library_does() -> None:
    account: dict[str, Any] = {
        "account": "agency",
        "account_key": base64.b64encode(b"k" * 64).decode(),
        "container": "files",
    }
    theirs = signed_by_others("azure", **account)
    for (_, query), method in zip(theirs, ("upload", "download"), strict=True):
        begun = datetime.fromisoformat(query["se"]) - timedelta(seconds=SECONDS)
        presigner = AzurePresigner(
            "https://agency.blob.core.windows.net/files/some%20where",
            prefix="some where",
            version=query["sv"],
            clock=SettableClock(begun),
            **account,
        )
        if method == "upload":
            request = presigner.upload(INSIDE, **UPLOAD)
            assert dict(request.headers) == {
                "content-type": MEDIA_TYPE,
                "x-ms-blob-type": "BlockBlob",
            }
            ours = request.url
        else:
            ours = presigner.download(INSIDE, **DOWNLOAD)
        address, parameters = parted(ours)
        assert parameters == query
        assert urlsplit(address).path == f"/files/some%20where/{INSIDE}"
