"""Where a server keeps files, by its settings; and what it refuses to begin with."""

import sys
from pathlib import Path
from typing import Any

import pytest

from files.folder import FolderStore
from files.memory import MemoryStore
from files.service import Files, require, signs
from server.files import opened_files
from server.settings import SettingsError, load_settings
from tests.support.moto import CREDENTIALS

PEPPER = f"p1:{'a' * 32}"
ADDRESS: dict[str, Any] = {
    "sha256": "ab" * 32,
    "name": "a.pdf",
    "media_type": "application/pdf",
    "size": 1,
    "base": "",
}


def beside(folder: Path) -> dict[str, Any]:
    return {"database_url": f"sqlite:///{folder}/agency.db"}


def found(folder: Path, pattern: str) -> list[Path]:
    return list(folder.rglob(pattern))


async def signed_by(files: Files) -> str:
    expires = files.clock().replace(microsecond=0, year=2100)
    return files.signer.sign_download("file_1", expires_at=expires, **ADDRESS)


async def test_files_are_beside_the_database(tmp_path: Path) -> None:
    async with opened_files(load_settings(**beside(tmp_path))) as files:
        assert isinstance(require(files).store, FolderStore)

    assert (tmp_path / "agency.db-files" / "tmp").is_dir()
    assert not (tmp_path / "agency.db").exists()


async def test_a_folder_may_be_named(tmp_path: Path) -> None:
    settings = load_settings(**beside(tmp_path), files_url=f"file://{tmp_path}/a%20b")

    async with opened_files(settings) as files:
        assert isinstance(require(files).store, FolderStore)

    assert (tmp_path / "a b").is_dir()
    assert not (tmp_path / "agency.db-files").exists()


async def test_in_memory_files_are_in_memory(tmp_path: Path) -> None:
    settings = load_settings(persistence_mode="inmemory", files_url=f"file://{tmp_path}/files")

    async with opened_files(settings) as files:
        assert isinstance(require(files).store, MemoryStore)

    assert found(tmp_path, "*") == []


async def test_on_postgresql_files_are_off_until_a_place_is_named(tmp_path: Path) -> None:
    url = "postgresql://localhost/agency"

    async with opened_files(load_settings(database_url=url)) as files:
        assert files is None
    async with opened_files(load_settings(database_url=url, files_url=f"file://{tmp_path}/f")) as f:
        assert f is not None


async def test_a_bucket_is_opened_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(
        database_url="postgresql://localhost/agency",
        files_url="s3://agency/a",
        files_endpoint="https://files.example",
        token_peppers=PEPPER,
    )

    async with opened_files(settings) as files:
        store = require(files).store
        assert signs(store)
        signed = await store.sign_download("k/a", media_type="a/b", disposition="x", seconds=1)

    assert signed.startswith("https://files.example/agency/a/k/a?")


# Keys


async def test_servers_on_one_folder_sign_by_the_same_key(tmp_path: Path) -> None:
    settings = load_settings(**beside(tmp_path))

    async with opened_files(settings) as one, opened_files(settings) as other:
        assert await signed_by(require(one)) == await signed_by(require(other))


async def test_servers_with_one_pepper_sign_by_the_same_key(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    settings = [
        load_settings(**beside(tmp_path / name), token_peppers=PEPPER) for name in ("a", "b")
    ]

    async with opened_files(settings[0]) as one, opened_files(settings[1]) as other:
        assert await signed_by(require(one)) == await signed_by(require(other))

    assert found(tmp_path, "address.key") == []


async def test_servers_in_memory_sign_by_keys_of_their_own() -> None:
    settings = load_settings(persistence_mode="inmemory")

    async with opened_files(settings) as one, opened_files(settings) as other:
        assert await signed_by(require(one)) != await signed_by(require(other))


# What is refused


def problem(**given: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(**given)
    [line] = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"files_url": "ftp://a"}, "must be a URL of file://, s3://, gs://, az://"),
        ({"files_url": "s3://key:secret@bucket"}, "belong into the provider's own variables"),
        ({"files_url": "s3://bucket"}, "needs AICMO_TOKEN_PEPPERS"),
        ({"files_endpoint": "files.example"}, "must be a URL of https://"),
        ({"public_url": "https://user@api.example"}, "must be a URL of https://"),
        ({"public_url": "https://api.example/?a"}, "without ? and #"),
    ],
)
def test_what_can_not_work_is_refused(given: dict[str, str], expected: str) -> None:
    told = problem(**given)

    assert told.startswith(f"--{next(iter(given))}: ")
    assert expected in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("UPLOAD_BYTES", "0", "must be greater than 0"),
        ("DOWNLOAD_SECONDS", "-1", "must be greater than 0"),
        ("MAX_DOWNLOAD_SECONDS", "604801", "must be at most a week"),
    ],
)
def test_limits_that_can_not_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"AICMO_FILES__{name}", value)

    told = problem()

    assert told.startswith(f"AICMO_FILES__{name}: ")
    assert expected in told


async def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = load_settings(**beside(tmp_path), files_url=f"file://{tmp_path}/file/files")

    with pytest.raises(SettingsError, match=r"^AICMO_FILES_URL: .* can't keep files: Not a dir"):
        async with opened_files(settings):
            pass


async def test_a_bucket_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "files.buckets", raising=False)
    monkeypatch.delitem(sys.modules, "files.objects", raising=False)
    settings = load_settings(files_url="s3://agency", token_peppers=PEPPER)

    with pytest.raises(SettingsError, match=r"obstore isn't installed; .* aicmo\[buckets\]"):
        async with opened_files(settings):
            pass


async def test_credentials_that_can_not_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    settings = load_settings(files_url="s3://agency", token_peppers=PEPPER)

    with pytest.raises(SettingsError, match="Missing SecretAccessKey"):
        async with opened_files(settings):
            pass
