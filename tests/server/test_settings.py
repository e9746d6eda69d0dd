"""Settings come from the environment; what isn't set is safe, and what is wrong is told at once."""

import pytest
from pydantic import ValidationError

from repositories.factory import PersistenceMode
from server.settings import SettingsError, load_settings


def problems() -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings()
    return str(raised.value).splitlines()


# Defaults


def test_without_any_setting_only_this_machine_is_served_from_a_file() -> None:
    settings = load_settings()

    assert settings.persistence_mode is PersistenceMode.DB
    assert settings.database_url == "sqlite:///aicmo.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.is_local
    assert not settings.allow_remote
    assert settings.trusted_hosts == ("localhost", "127.0.0.1", "[::1]")


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1


# The environment


def test_variables_of_the_environment_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_PERSISTENCE_MODE", "inmemory")
    monkeypatch.setenv("AICMO_DATABASE_URL", "postgresql://db.example/aicmo")
    monkeypatch.setenv("AICMO_POOL_SIZE", "7")
    monkeypatch.setenv("AICMO_POOL_TIMEOUT", "0.5")
    monkeypatch.setenv("HOST", "localhost")
    monkeypatch.setenv("PORT", "0")

    settings = load_settings()

    assert settings.persistence_mode is PersistenceMode.INMEMORY
    assert settings.database_url == "postgresql://db.example/aicmo"
    assert (settings.pool_size, settings.pool_timeout) == (7, 0.5)
    assert (settings.host, settings.port) == ("localhost", 0)


def test_a_variable_of_ours_goes_before_one_that_others_use_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("AICMO_HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("AICMO_PORT", "2")

    settings = load_settings()

    assert (settings.host, settings.port) == ("127.0.0.1", 2)


@pytest.mark.parametrize("prefix", ["", "AICMO_"])
def test_what_is_given_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv(f"{prefix}HOST", "0.0.0.0")
    monkeypatch.setenv(f"{prefix}PORT", "1")

    settings = load_settings(host="127.0.0.1", port=2)

    assert (settings.host, settings.port) == ("127.0.0.1", 2)


def test_variables_of_others_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = load_settings()
    monkeypatch.setenv("AICMO_TEST_POSTGRES_URL", "whatever")
    monkeypatch.setenv("DATABASE_URL", "mysql://elsewhere")

    assert load_settings() == alone


# Who may come in


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_addresses_of_this_machine_need_no_permission(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HOST", host)

    assert load_settings().is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "aicmo.example", "", "localhost."])
def test_addresses_that_others_reach_are_refused_without_permission(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HOST", host)

    [problem] = problems()

    assert f"HOST {host} " in problem
    assert "AICMO_ALLOW_REMOTE=true" in problem


def test_addresses_that_others_reach_are_fine_with_permission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("AICMO_ALLOW_REMOTE", "true")

    settings = load_settings()

    assert not settings.is_local
    assert settings.trusted_hosts == ("*",)


def test_names_that_requests_may_be_sent_to_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", "aicmo.example, *.agency.example,,")

    assert load_settings().trusted_hosts == ("aicmo.example", "*.agency.example")


# Databases


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///aicmo.db",
        "sqlite+aiosqlite:////var/lib/aicmo.db",
        "postgresql://user:hunter2@db.example:5432/aicmo",
        "postgresql+asyncpg:///aicmo?host=/run/postgresql",
        "postgres://db.example/aicmo",
    ],
)
def test_urls_are_taken_with_or_without_the_driver(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", url)

    assert load_settings().database_url == url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://user:hunter2@db.example/aicmo", "mysql"),
        ("not a URL, hunter2", "SQLAlchemy URL"),
        ("postgresql://user:hunter2@db.example:port/aicmo", "SQLAlchemy URL"),
        ("postgresql://user:hunter2@db.example/aicmo?channel_binding=require", "channel_binding"),
        ("sqlite://", "file"),
        ("sqlite:///:memory:", "file"),
        ("", "SQLAlchemy URL"),
    ],
)
def test_other_urls_are_refused_without_telling_their_password(
    monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", url)

    [problem] = problems()

    assert problem.startswith("AICMO_DATABASE_URL: ")
    assert told in problem
    assert "hunter2" not in problem


def test_a_url_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", "postgresql://user:hunter2@db.example/aicmo")

    assert "hunter2" not in repr(load_settings())


def test_in_memory_the_url_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_PERSISTENCE_MODE", "inmemory")
    monkeypatch.setenv("AICMO_DATABASE_URL", "mysql://user:hunter2@db.example/aicmo")

    assert load_settings().persistence_mode is PersistenceMode.INMEMORY


# What is wrong


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AICMO_PERSISTENCE_MODE", "cloud"),
        ("AICMO_PERSISTENCE_MODE", ""),
        ("AICMO_PORT", "http"),
        ("AICMO_PORT", "-1"),
        ("AICMO_PORT", "65536"),
        ("AICMO_POOL_SIZE", "0"),
        ("AICMO_POOL_SIZE", "101"),
        ("AICMO_POOL_TIMEOUT", "0"),
        ("AICMO_ALLOW_REMOTE", "perhaps"),
    ],
)
def test_a_wrong_value_is_told_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    [problem] = problems()

    assert problem.startswith(f"{variable}: ")


def test_several_problems_are_told_in_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_PERSISTENCE_MODE", "cloud")
    monkeypatch.setenv("AICMO_POOL_SIZE", "many")
    monkeypatch.setenv("AICMO_DATABASE_URL", "mysql://user:hunter2@db.example/aicmo")

    told = problems()

    assert {line.partition(":")[0] for line in told} == {
        "AICMO_PERSISTENCE_MODE",
        "AICMO_POOL_SIZE",
        "AICMO_DATABASE_URL",
    }
    assert len(told) == 3
