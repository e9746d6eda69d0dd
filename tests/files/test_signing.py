"""Addresses that are signed: each is good for what it says, for a while, and for nothing else."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from domain.access import Pepper
from files.signing import AddressSigner, Expired, NotSigned, UploadAddress, keys_of
from tests.support.sources import START, SettableClock

SHA256 = "ab" * 32
KEY = b"k" * 32
UPLOAD: dict[str, Any] = {"size": 10, "sha256": SHA256, "media_type": "text/plain; charset=utf-8"}
BASE = "https://api.example/agency"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def signer(clock: SettableClock) -> AddressSigner:
    return AddressSigner([KEY], clock)


def upload_url(signer: AddressSigner, upload_id: str = "upload_1", **changes: object) -> str:
    given: dict[str, Any] = {
        **UPLOAD,
        "expires_at": START + timedelta(minutes=5),
        "base": BASE,
        **changes,
    }
    return signer.sign_upload(upload_id, **given).url


def download_url(signer: AddressSigner, **changes: object) -> str:
    given: dict[str, Any] = {
        **UPLOAD,
        "name": "a report.pdf",
        "expires_at": START + timedelta(minutes=5),
        "base": BASE,
        **changes,
    }
    return signer.sign_download("file_1", **given)


def parts_of(url: str) -> tuple[list[str], dict[str, str]]:
    parts = urlsplit(url)
    return [unquote(part) for part in parts.path.split("/")], dict(parse_qsl(parts.query))


def read_upload(signer: AddressSigner, url: str) -> UploadAddress:
    path, query = parts_of(url)
    return signer.read_upload(path[-1], query)


def test_an_address_says_what_was_signed(signer: AddressSigner) -> None:
    path, query = parts_of(download_url(signer))

    address = signer.read_download(path[-2], path[-1], query)

    assert path == ["", "agency", "files", "file_1", "a report.pdf"]
    assert (address.file_id, address.name, address.sha256) == ("file_1", "a report.pdf", SHA256)
    assert (address.media_type, address.size) == ("text/plain; charset=utf-8", 10)
    assert address.expires == int((START + timedelta(minutes=5)).timestamp())


def test_an_upload_is_one_request(signer: AddressSigner) -> None:
    request = signer.sign_upload(
        "upload_1", expires_at=START + timedelta(minutes=5), base=BASE, **UPLOAD
    )

    assert request.method == "PUT"
    assert request.headers == (("content-type", "text/plain; charset=utf-8"),)
    assert request.url.startswith(f"{BASE}/files/uploads/upload_1?")
    assert read_upload(signer, request.url).size == 10


def test_without_a_base_addresses_are_relative(signer: AddressSigner) -> None:
    assert download_url(signer, base="").startswith("files/file_1/a%20report.pdf?")
    assert upload_url(signer, base="").startswith("files/uploads/upload_1?")


def test_a_hostile_name_is_no_path(signer: AddressSigner) -> None:
    for name in ("..", "../../graphql", "a/b\\c?d#e", "\u202ex", "%2e%2e"):
        path, query = parts_of(download_url(signer, name=name))

        assert path[:4] == ["", "agency", "files", "file_1"]
        assert len(path) == 5
        assert path[4] not in ("", ".", "..")
        assert signer.read_download(path[3], path[4], query).name == path[4]


CHANGES = {
    "size": "11",
    "sha256": "cd" * 32,
    "type": "text/html",
    "expires": "99999999999",
    "signature": "A" * 43,
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("value", ["", None])
def test_who_changes_an_address_is_refused(
    signer: AddressSigner, name: str, value: str | None
) -> None:
    path, query = parts_of(download_url(signer))
    changed = CHANGES[name] if value is None else value

    with pytest.raises(NotSigned):
        signer.read_download("file_1", path[-1], {**query, name: changed})
    with pytest.raises(NotSigned):
        signer.read_download("file_1", path[-1], {k: v for k, v in query.items() if k != name})


@pytest.mark.parametrize("size", ["+10", "010", " 10", "10.0", "1_0", "१०", "-10", "9" * 400])
def test_a_number_is_written_in_one_way(signer: AddressSigner, size: str) -> None:
    path, query = parts_of(download_url(signer))

    with pytest.raises(NotSigned):
        signer.read_download("file_1", path[-1], {**query, "size": size})


def test_an_address_is_no_address_of_something_else(signer: AddressSigner) -> None:
    path, query = parts_of(download_url(signer))
    _, of_upload = parts_of(upload_url(signer, "file_1"))

    with pytest.raises(NotSigned):
        signer.read_download("file_2", path[-1], query)
    with pytest.raises(NotSigned):
        signer.read_download("file_1", "other.pdf", query)
    with pytest.raises(NotSigned):
        signer.read_upload("file_1", query)
    with pytest.raises(NotSigned):
        signer.read_download("file_1", "", of_upload)


def test_an_address_ends(signer: AddressSigner, clock: SettableClock) -> None:
    url = upload_url(signer)
    clock.move(minutes=4, seconds=59)
    read_upload(signer, url)
    clock.move(seconds=1)

    with pytest.raises(Expired):
        read_upload(signer, url)


def test_whether_an_address_ended_is_told_of_our_own_alone(
    signer: AddressSigner, clock: SettableClock
) -> None:
    url = upload_url(AddressSigner([b"another"], clock))
    clock.move(hours=1)

    with pytest.raises(NotSigned):
        read_upload(signer, url)


def test_processes_with_the_same_peppers_accept_each_others_addresses(
    clock: SettableClock,
) -> None:
    old, new = Pepper("p1", "o" * 32), Pepper("p2", "n" * 32)
    before = AddressSigner(keys_of([old]), clock)
    rotated = AddressSigner(keys_of([new, old]), clock)
    after = AddressSigner(keys_of([new]), clock)

    assert read_upload(rotated, upload_url(before)).size == 10
    assert read_upload(after, upload_url(rotated)).size == 10
    with pytest.raises(NotSigned):
        read_upload(after, upload_url(before))


def test_the_key_of_addresses_is_no_pepper() -> None:
    [key] = keys_of([Pepper("p1", "o" * 32)])

    assert key != b"o" * 32
    assert len(key) == 32
