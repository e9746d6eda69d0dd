"""URLs of PostgreSQL databases in the forms of libpq, providers and SQLAlchemy."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from repositories.drivers.postgresql_connector import KeepAlive

_SEVERAL_HOSTS = re.compile(
    r"(?P<start>[a-z0-9+]+://(?:[^/?#]*@)?)(?P<hosts>[^/?#@]*,[^/?#@]*)(?P<rest>[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_DEFAULT_PORT = 5432

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TARGETS = ("any", "primary", "read-write")

_LIBPQ_PARAMETERS = frozenset(
    {
        "application_name",
        "gsslib",
        "krbsrvname",
        "options",
        "passfile",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
    }
)
"""The driver understands these in a DSN."""

_DRIVER_PARAMETERS = frozenset({"dsn", "host", "port", "prepared_statement_cache_size", "ssl"})
_OWN_PARAMETERS = frozenset(
    {
        "connect_timeout",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "pgbouncer",
        "statement_cache_size",
        "tcp_user_timeout",
    }
)
_OF_NO_EFFECT: Mapping[str, tuple[str, ...]] = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("utf8", "utf-8", "auto"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
"""Parameters of libpq, with the values that change nothing here."""

_REMEDIES: Mapping[str, str] = {
    "channel_binding": (
        "the driver has none; sslmode=verify-full with sslrootcert=system keeps others out as well"
    ),
    "gssencmode": "the driver encrypts by TLS only: see sslmode",
    "hostaddr": "name the host",
    "load_balance_hosts": "hosts are tried in their order",
    "connection_limit": "that is a parameter of Prisma; set AICMO_POOL_SIZE",
    "pool_timeout": "that is a parameter of Prisma; set AICMO_POOL_TIMEOUT",
    "schema": "set options=-csearch_path%3Dname",
    "user": "write it before the host: postgresql://user@host/database",
    "password": "write it before the host: postgresql://user:password@host/database",
    "dbname": "write it after the host: postgresql://host/database",
}


class DatabaseUrlError(ValueError):
    """The URL names no database that this server can use; the message has no password in it."""


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A URL for SQLAlchemy's dialect for asyncpg, and the parameters that the dialect doesn't know.

    `connect_seconds` are for each host; None where the URL doesn't say. With `has_pooler`, a
    session may be another one for each transaction. `statement_cache_size` is how many statements
    the driver keeps by name: 0 leaves them without names, None is its default.
    """

    url: URL
    connect_seconds: float | None
    keep_alive: KeepAlive
    has_pooler: bool
    statement_cache_size: int | None


def make_database_url(value: str) -> URL:
    """SQLAlchemy's URL; libpq's list of hosts becomes parameters. Raises DatabaseUrlError."""
    try:
        several = _SEVERAL_HOSTS.fullmatch(value)
        if several is None:
            return make_url(value)
        url = make_url(f"{several['start']}{several['rest'] or ''}")
        if "host" in url.query or "port" in url.query:
            raise DatabaseUrlError("host: is given twice")
        return _with_hosts(url, several["hosts"].split(","))
    except DatabaseUrlError:
        raise
    except ArgumentError:
        raise DatabaseUrlError("not a SQLAlchemy URL, like sqlite:///aicmo.db") from None
    except ValueError:
        raise DatabaseUrlError("port: has to be a number") from None


def postgres_url(url: URL) -> PostgresUrl:
    """The URL's meaning, from one with the driver's name. Raises DatabaseUrlError."""
    url = _with_one_list_of_hosts(url)
    url = url.difference_update_query(_checked_without_effect(url))
    known = _LIBPQ_PARAMETERS | _DRIVER_PARAMETERS | _OWN_PARAMETERS | {"fallback_application_name"}
    if unknown := url.query.keys() - known:
        raise DatabaseUrlError("; ".join(map(_refusal, sorted(unknown))))
    for name in url.query.keys() - {"host", "port"}:
        if not isinstance(url.query[name], str):
            raise DatabaseUrlError(f"{name}: is given twice")
    given: dict[str, str] = {
        name: str(url.query[name]) for name in url.query if name in _LIBPQ_PARAMETERS
    }
    if fallback := url.query.get("fallback_application_name"):
        given.setdefault("application_name", str(fallback))
    _require_one_of(given, "sslmode", _SSL_MODES)
    _require_one_of(given, "target_session_attrs", _TARGETS, "this server writes: ")
    if "," in str(url.query.get("host", "")):
        # A node that only reads would be no use, though it comes first.
        given.setdefault("target_session_attrs", "read-write")
    if given.get("sslrootcert") == "system":
        given["sslrootcert"] = _system_certificates()
    kept = url.difference_update_query(
        [*_LIBPQ_PARAMETERS, *_OWN_PARAMETERS, "fallback_application_name"]
    )
    if given:
        kept = kept.update_query_dict({"dsn": f"postgresql://?{urlencode(given)}"})
    has_pooler = _is_true(url, "pgbouncer")
    return PostgresUrl(
        kept,
        _number(url, "connect_timeout") or None,
        _keep_alive(url),
        has_pooler,
        _number(url, "statement_cache_size")
        if has_pooler or "statement_cache_size" in url.query
        else None,
    )


def _with_one_list_of_hosts(url: URL) -> URL:
    """SQLAlchemy takes `host=a:1&host=b:2` as well, and libpq `host=a,b&port=1,2`."""
    hosts, ports = url.query.get("host"), url.query.get("port")
    if isinstance(hosts, tuple):
        if ports is not None:
            raise DatabaseUrlError("host, port: write host=a:1&host=b:2 or host=a,b&port=1,2")
        return _with_hosts(url, hosts)
    if ports is not None and not isinstance(ports, str):
        raise DatabaseUrlError("port: is given twice")
    if hosts is None or "," not in hosts:
        if ports is not None:
            _port(ports)
        return url
    names = hosts.split(",")
    numbers = [_port(port) for port in (ports or str(url.port or _DEFAULT_PORT)).split(",")]
    if len(numbers) == 1:
        numbers *= len(names)
    if len(numbers) != len(names):
        raise DatabaseUrlError(f"port: {len(numbers)} ports for {len(names)} hosts")
    return _with_addresses(url, list(zip(names, numbers, strict=True)))


def _with_hosts(url: URL, hosts: "list[str] | tuple[str, ...]") -> URL:
    addresses = []
    for host in hosts:
        found = _ADDRESS.fullmatch(host)
        if host.startswith("/"):
            addresses.append((host, _DEFAULT_PORT))
        elif found is None:
            raise DatabaseUrlError(f"host: {host!r} is no host")
        else:
            name = found["ipv6"] or found["name"]
            addresses.append((name, _port(found["port"]) if found["port"] else _DEFAULT_PORT))
    return _with_addresses(url, addresses)


def _with_addresses(url: URL, addresses: list[tuple[str, int]]) -> URL:
    if not all(host for host, _ in addresses):
        raise DatabaseUrlError("host: one of several is empty")
    return url.difference_update_query(["host", "port"]).update_query_dict(
        {
            "host": ",".join(host for host, _ in addresses),
            "port": ",".join(str(port) for _, port in addresses),
        }
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise DatabaseUrlError(f"port: {text!r} is no port")
    return int(text)


def _checked_without_effect(url: URL) -> list[str]:
    """The names of the parameters that ask for what happens anyway."""
    given = [name for name in url.query if name in _OF_NO_EFFECT]
    for name in given:
        if str(url.query[name]).lower() not in _OF_NO_EFFECT[name]:
            raise DatabaseUrlError(f"{_refusal(name)}: must be {' or '.join(_OF_NO_EFFECT[name])}")
    return given


def _refusal(name: str) -> str:
    remedy = _REMEDIES.get(name)
    return f"{name}: not supported for PostgreSQL" + (f" ({remedy})" if remedy else "")


def _require_one_of(
    given: Mapping[str, str], name: str, allowed: tuple[str, ...], why: str = ""
) -> None:
    if given.get(name, allowed[0]) not in allowed:
        raise DatabaseUrlError(f"{name}: {why}must be one of {', '.join(allowed)}")


def _system_certificates() -> str:
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None:
        raise DatabaseUrlError("sslrootcert: this system has no file of certificates; name one")
    return paths.cafile


def _number(url: URL, name: str) -> int:
    """0 where it isn't given, or below zero: both mean the default."""
    text: Any = url.query.get(name, "0")
    try:
        return max(int(text), 0)
    except ValueError:
        raise DatabaseUrlError(f"{name}: {text!r} is no whole number") from None


def _is_true(url: URL, name: str) -> bool:
    """False where it isn't given."""
    text = url.query.get(name, "false")
    if text not in ("true", "false"):
        raise DatabaseUrlError(f"{name}: must be true or false")
    return text == "true"


def _keep_alive(url: URL) -> KeepAlive:
    default = KeepAlive()
    return KeepAlive(
        enabled="keepalives" not in url.query or _number(url, "keepalives") != 0,
        idle=_number(url, "keepalives_idle") or default.idle,
        interval=_number(url, "keepalives_interval") or default.interval,
        count=_number(url, "keepalives_count") or default.count,
        user_timeout=_number(url, "tcp_user_timeout") / 1_000 or default.user_timeout,
    )
