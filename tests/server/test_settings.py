"""Settings come from the environment; what isn't set is safe, and what is wrong is told at once."""

from typing import Final

import pytest
from pydantic import ValidationError

from domain.access import Pepper
from repositories.factory import PersistenceMode
from server.settings import SettingsError, load_settings


def problems(**given: object) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(**given)
    return str(raised.value).splitlines()


PEPPER = f"p1:{'a' * 32}"

# Defaults


def test_without_any_setting_only_this_machine_is_served_from_a_file() -> None:
    settings = load_settings()

    assert settings.persistence_mode is PersistenceMode.DB
    assert settings.database_url == "sqlite:///aicmo.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.is_local
    assert not settings.requires_authentication
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
    for name in ("AICMO_TEST_POSTGRES_URL", "AICMO_URL", "DATABASE_URL", "POOL_SIZE", "AICMO"):
        monkeypatch.setenv(name, "whatever")

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

    assert problem.startswith(f"HOST: {host!r} ")
    for step in ("AICMO_TOKEN_PEPPERS=$(aicmo token pepper)", "aicmo token create"):
        assert step in problem


@pytest.mark.parametrize(
    "variables",
    [
        {"AICMO_TOKEN_PEPPERS": PEPPER},
        {"AICMO_OIDC_ISSUER": "https://id.example", "AICMO_OIDC_AUDIENCE": "aicmo"},
    ],
)
def test_addresses_that_others_reach_are_fine_with_authentication(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in {"HOST": "0.0.0.0", **variables}.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert not settings.is_local
    assert settings.requires_authentication
    assert settings.trusted_hosts == ("*",)


def test_tokens_of_a_server_in_memory_let_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("AICMO_TOKEN_PEPPERS", PEPPER)
    monkeypatch.setenv("AICMO_PERSISTENCE_MODE", "inmemory")

    [problem] = problems()

    assert problem.startswith("HOST: ")


def test_authentication_may_be_required_on_this_machine_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_REQUIRE_AUTHENTICATION", "true")
    [problem] = problems()
    assert problem.startswith("AICMO_REQUIRE_AUTHENTICATION: ")

    monkeypatch.setenv("AICMO_TOKEN_PEPPERS", PEPPER)
    assert load_settings().requires_authentication


@pytest.mark.parametrize("names", ["*", "localhost,aicmo.example", "*.agency.example"])
def test_a_server_that_a_proxy_gives_another_name_requires_authentication(
    monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", names)
    [problem] = problems()
    assert "aicmo token create" in problem

    monkeypatch.setenv("AICMO_TOKEN_PEPPERS", PEPPER)
    assert load_settings().requires_authentication

    monkeypatch.setenv("AICMO_REQUIRE_AUTHENTICATION", "false")
    assert not load_settings().requires_authentication


def test_names_of_this_machine_require_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", "localhost,[::1]")

    assert not load_settings().requires_authentication


def test_no_setting_lets_other_machines_in_without_authentication(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("AICMO_REQUIRE_AUTHENTICATION", "false")

    [problem] = problems()

    assert problem.startswith("HOST: ")


def test_peppers_are_ids_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_TOKEN_PEPPERS", f"{PEPPER}, p2:{'b' * 40}")

    settings = load_settings()

    assert settings.peppers == (Pepper("p1", "a" * 32), Pepper("p2", "b" * 40))
    assert "aaaa" not in repr(settings)


@pytest.mark.parametrize("value", ["p1", "p1:short", f":{'a' * 32}", f"{PEPPER},{PEPPER}"])
def test_wrong_peppers_are_told_without_telling_them(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AICMO_TOKEN_PEPPERS", value)

    [problem] = problems()

    assert problem.startswith("AICMO_TOKEN_PEPPERS: ")
    assert "aaaa" not in problem
    assert "short" not in problem


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AICMO_OIDC_ISSUER", "http://id.example"),
        ("AICMO_OIDC_ISSUER", "id.example"),
        ("AICMO_OIDC_ALGORITHMS", "HS256"),
        ("AICMO_OIDC_ALGORITHMS", "RS256,none"),
    ],
)
def test_a_provider_that_is_not_safe_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv("AICMO_OIDC_AUDIENCE", "aicmo")
    monkeypatch.setenv(variable, value)

    [problem] = problems()

    assert problem.startswith(f"{variable}: ")


def test_tokens_for_other_apis_are_not_accepted_by_accident(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_OIDC_ISSUER", "https://id.example")

    [problem] = problems()

    assert problem.startswith("AICMO_OIDC_AUDIENCE: ")


def test_names_that_requests_may_be_sent_to_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_REQUIRE_AUTHENTICATION", "false")
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", "aicmo.example, *.agency.example,,")

    assert load_settings().trusted_hosts == ("aicmo.example", "*.agency.example")


@pytest.mark.parametrize(
    "names", ["*", "example.com,*.example.com", "localhost", "10.0.0.1,[::1],::1", "a_b-c"]
)
def test_names_have_these_forms(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    monkeypatch.setenv("AICMO_REQUIRE_AUTHENTICATION", "false")
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", names)

    assert load_settings().trusted_hosts == tuple(names.split(","))


@pytest.mark.parametrize(
    "name", ["https://example.com", "example.com:8000", "*example.com", "a.*.example", "a b", "*."]
)
def test_a_name_that_no_request_could_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AICMO_ALLOWED_HOSTS", f"example.com,{name}")

    [problem] = problems()

    assert problem.startswith(f"AICMO_ALLOWED_HOSTS: {name!r} is not a name")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AICMO_TRUSTED_PROXIES", "10.0.0.1, proxy.example", "'proxy.example'"),
        ("AICMO_TRUSTED_PROXIES", "10.0.0.1/8", "'10.0.0.1/8'"),
        ("AICMO_TRUSTED_PROXIES", "*", "'*'"),
        ("AICMO_CORS_ORIGINS", "app.example", "'app.example'"),
        ("AICMO_CORS_ORIGINS", "https://*.example", "'https://*.example'"),
        ("AICMO_CORS_HEADERS", "X-Tenant, a b", "'a b'"),
        ("AICMO_CORS_EXPOSED_HEADERS", "a:", "'a:'"),
        ("AICMO_CORS_MAX_AGE", "-1", "greater than or equal to 0"),
        ("AICMO_KEEP_ALIVE_SECONDS", "0", "greater than or equal to 1"),
    ],
)
def test_who_may_come_in_is_named_exactly(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)

    [problem] = problems()

    assert problem.startswith(f"{variable}: ")
    assert told in problem


def test_pages_of_all_origins_may_not_use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_CORS_CREDENTIALS", "true")
    monkeypatch.setenv("AICMO_CORS_ORIGINS", "https://app.example, *")

    [problem] = problems()

    assert problem.startswith("AICMO_CORS_CREDENTIALS: ")
    assert "AICMO_CORS_ORIGINS" in problem


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
        ("postgresql://user:hunter2@db.example:port/aicmo", "port"),
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
        ("PORT", "http"),
        ("port", "http"),
        ("AICMO_PORT", "http"),
        ("AICMO_PORT", "-1"),
        ("AICMO_PORT", "65536"),
        ("AICMO_POOL_SIZE", "0"),
        ("AICMO_POOL_SIZE", "101"),
        ("AICMO_POOL_TIMEOUT", "0"),
        ("AICMO_REQUIRE_AUTHENTICATION", "perhaps"),
        ("AICMO_HOST", "0.0.0.0"),
        ("AICMO_LIMITS__DEPTH", "abc"),
        ("AICMO_LIMITS__DEPTH", "0"),
        ("aicmo_limits__depth", "0"),
        ("AICMO_STREAMS__INIT_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_told_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    [problem] = problems()

    assert problem.startswith(f"{variable}: ")


def test_of_two_names_the_one_that_counts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8000")
    monkeypatch.setenv("AICMO_PORT", "http")

    [problem] = problems()

    assert problem.startswith("AICMO_PORT: ")


@pytest.mark.parametrize(("name", "value"), [("port", 65536), ("host", "0.0.0.0")])
def test_a_wrong_value_that_was_given_is_told_by_the_name_of_its_option(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setenv(name.upper(), "1")

    [problem] = problems(**{name: value})

    assert problem.startswith(f"--{name}: ")


@pytest.mark.parametrize(
    ("unknown", "closest"),
    [
        ("AICMO_POOLSIZE", "AICMO_POOL_SIZE"),
        ("AICMO_DATABASE", "AICMO_DATABASE_URL"),
        ("AICMO_LIMITS__DEPHT", "AICMO_LIMITS__DEPTH"),
        ("AICMO_LIMIT__DEPTH", "AICMO_LIMITS__DEPTH"),
        ("AICMO_LIMITS__DEPTH__", "AICMO_LIMITS__DEPTH"),
        ("AICMO_STREAM__OPERATIONS", "AICMO_STREAMS__OPERATIONS"),
        ("aicmo_poolsize", "AICMO_POOL_SIZE"),
    ],
)
def test_a_variable_that_there_is_not_is_told_with_the_closest_one(
    monkeypatch: pytest.MonkeyPatch, unknown: str, closest: str
) -> None:
    monkeypatch.setenv(unknown, "7")

    assert problems() == [f"{unknown}: there is no such setting; the closest is {closest}"]


def test_a_variable_like_no_other_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_" + "X" * 40, "7")

    assert problems() == [f"AICMO_{'X' * 40}: there is no such setting"]


def test_what_kubernetes_sets_for_a_service_of_this_name_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AICMO_SERVICE_HOST", "AICMO_SERVICE_PORT_HTTP", "AICMO_PORT_8000_TCP_ADDR"):
        monkeypatch.setenv(name, "10.0.0.1")

    assert load_settings().port == 8000


@pytest.mark.parametrize("group", ["AICMO_LIMITS", "AICMO_STREAMS"])
@pytest.mark.parametrize("value", ["20", "{}", '{"depth": 7}'])
def test_settings_in_groups_are_set_one_by_one(
    monkeypatch: pytest.MonkeyPatch, group: str, value: str
) -> None:
    monkeypatch.setenv(group, value)

    [problem] = problems()

    assert problem.startswith(f"{group}: there is no such setting; ")


def test_several_problems_are_told_in_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_PERSISTENCE_MODE", "cloud")
    monkeypatch.setenv("AICMO_POOL_SIZE", "many")
    monkeypatch.setenv("AICMO_DATABASE_URL", "mysql://user:hunter2@db.example/aicmo")
    monkeypatch.setenv("AICMO_LIMITS__COST", "0")
    monkeypatch.setenv("AICMO_LIMITS__DEPTH", "0")

    told = problems()

    assert {line.partition(":")[0] for line in told} == {
        "AICMO_PERSISTENCE_MODE",
        "AICMO_POOL_SIZE",
        "AICMO_DATABASE_URL",
        "AICMO_LIMITS__COST",
        "AICMO_LIMITS__DEPTH",
    }
    assert len(told) == 5


# Limits of callers


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://:secret@r:6380/1", "unix:///r"])
def test_the_store_of_rate_limits_is_a_redis(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AICMO_RATE_LIMIT_STORE", url)

    settings = load_settings()

    assert settings.rate_limit_store == url
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "memcached://:secret@m"])
def test_other_stores_of_rate_limits_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AICMO_RATE_LIMIT_STORE", url)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    expected = "AICMO_RATE_LIMIT_STORE: must be a URL of redis://, rediss:// or unix://"
    assert str(caught.value) == expected


def test_a_quota_of_cost_leaves_room_for_each_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_RATE_LIMIT_COST", "24999")

    with pytest.raises(SettingsError, match="AICMO_RATE_LIMIT_COST: must be at least AICMO_LIMITS"):
        load_settings()

    for cost in ("0", "25000"):
        monkeypatch.setenv("AICMO_RATE_LIMIT_COST", cost)
        assert load_settings().rate_limit_cost == int(cost)


# Language models


def test_without_a_url_no_model_is_asked() -> None:
    assert load_settings().model_url == ""


@pytest.mark.parametrize(
    "url", ["https://models.example/v1", "http://127.0.0.1:11434/v1", "http://localhost:8080"]
)
def test_a_model_is_named_with_its_key_which_nobody_sees(url: str) -> None:
    settings = load_settings(model_url=url, model_name="llama", model_api_key="sk-secret")

    assert settings.model_url == url
    assert "sk-secret" not in repr(settings)


def test_a_url_needs_the_name_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_MODEL_URL", "https://models.example/v1")

    [problem] = problems()

    assert problem.startswith("AICMO_MODEL_NAME: must be set with AICMO_MODEL_URL")


ELSEWHERE: Final = (
    "http://models.example/v1",
    "http://10.0.0.7:11434/v1",
    "http://0.0.0.0:8080",
    "http://[2001:db8::1]/v1",
    "http://localhost.example",
    "http://127.0.0.1.example/v1",
)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_briefs_are_sent_to_another_machine_in_the_clear_only_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AICMO_MODEL_URL", url)
    monkeypatch.setenv("AICMO_MODEL_NAME", "llama")

    [problem] = problems()

    assert problem.startswith("AICMO_MODEL_URL: must be a URL of https; of http on this machine")
    assert "AICMO_MODEL_ALLOW_HTTP=true" in problem
    monkeypatch.setenv("AICMO_MODEL_ALLOW_HTTP", "true")
    assert load_settings().model_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example/v1",
        "http://localhost:8080",
        "http://LOCALHOST/v1",
        "http://127.0.0.1:11434/v1",
        "http://127.8.8.8/v1",
        "http://[::1]:8080/v1",
    ],
)
def test_a_model_on_this_machine_or_behind_tls_needs_no_allowance(url: str) -> None:
    assert load_settings(model_url=url, model_name="llama").model_url == url


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_key_is_sent_to_no_other_machine_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AICMO_MODEL_URL", url)
    monkeypatch.setenv("AICMO_MODEL_NAME", "llama")
    monkeypatch.setenv("AICMO_MODEL_ALLOW_HTTP", "true")
    monkeypatch.setenv("AICMO_MODEL_API_KEY", "sk-secret")

    [problem] = problems()

    assert problem.startswith("AICMO_MODEL_URL: must be a URL of https with AICMO_MODEL_API_KEY")
    assert "sk-secret" not in problem


def test_a_key_that_no_header_can_have_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_MODEL_API_KEY", "sk-secret\r\nX: y")

    assert problems() == ["AICMO_MODEL_API_KEY: must be of ASCII characters, without spaces"]
