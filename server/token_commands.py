"""`aicmo token …`: credentials, issued by operations of the API on the database."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from domain.access import PEPPER_BYTES, TokenKind
from domain.scopes import Scope
from domain.sources import random_bytes, utc_now
from server.local_operations import Ask, all_nodes, mutate, mutation, run
from server.settings import Settings, SettingsError
from server.terminal import (
    AsJson,
    Columns,
    Json,
    caller_told,
    settings_of_a_database,
    show,
    show_secret,
)

_MAX_DAYS: Final = 36_500

_FIELDS: Final = (
    "tokenId kind name onBehalfOf scopes clientIds expiresAt revokedAt lastUsedAt revision "
    "createdAt updatedAt"
)
_ALL: Final = f"""query ($after: String) {{
  accessTokens(first: 100, after: $after) {{
    nodes {{ {_FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_CREATE: Final = mutation("createAccessToken", f"accessToken {{ {_FIELDS} }} secret")
_ROTATE: Final = mutation("rotateAccessToken", f"accessToken {{ {_FIELDS} }} secret")
_REVOKE: Final = mutation("revokeAccessToken", f"accessToken {{ {_FIELDS} }}")

token_commands = typer.Typer(
    help="Access tokens: credentials of people, programs and agents.", no_args_is_help=True
)

TokenId = Annotated[
    str,
    typer.Argument(help="The token's key, as `aicmo token list` has it.", metavar="TOKEN_ID"),
]


@token_commands.command("pepper")
def pepper() -> None:
    """Print a new value for AICMO_TOKEN_PEPPERS, which hashes the secrets of tokens."""
    typer.echo(f"p{utc_now():%Y%m%d}:{random_bytes(PEPPER_BYTES).hex()}")


@token_commands.command("create")
def create(
    name: Annotated[
        str, typer.Option(help="The id of the caller, under which its changes are recorded.")
    ],
    kind: Annotated[TokenKind, typer.Option(help="What kind of caller it's for.")],
    scope: Annotated[
        list[str],
        typer.Option(help=f"What it grants; may be repeated. One of: {', '.join(Scope)}."),
    ],
    on_behalf_of: Annotated[
        str | None, typer.Option(help="The person whom an agent acts for.")
    ] = None,
    client: Annotated[
        list[str] | None,
        typer.Option(help="A client that it's bound to; may be repeated. Left out: all clients."),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(help="In how many days it expires. Left out: never.", min=0, max=_MAX_DAYS),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Issue a token, and print its secret: the only time that it's shown."""

    async def work(ask: Ask) -> None:
        input = {
            "kind": kind.name,
            "name": name,
            "onBehalfOf": on_behalf_of,
            "scopes": scope,
            "clientIds": client or None,
            "expiresAt": None if days is None else (utc_now() + timedelta(days=days)).isoformat(),
        }
        _show_secret(await mutate(ask, _CREATE, input), as_json)

    run(work, _settings_with_peppers)


@token_commands.command("rotate")
def rotate(token_id: TokenId, as_json: AsJson = False) -> None:
    """Give a token another secret, and print it. The one before it is refused at once."""

    async def work(ask: Ask) -> None:
        _show_secret(await mutate(ask, _ROTATE, {"tokenId": token_id}), as_json)

    run(work, _settings_with_peppers)


@token_commands.command("revoke")
def revoke(token_id: TokenId) -> None:
    """Revoke a token, for good: it is refused at once, and its subscriptions end."""

    async def work(ask: Ask) -> None:
        await mutate(ask, _REVOKE, {"tokenId": token_id})
        typer.echo(f"Revoked {token_id}.")

    run(work)


@token_commands.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List all tokens, the newest first; never a secret."""

    async def work(ask: Ask) -> None:
        show(await all_nodes(ask, _ALL), _COLUMNS, as_json)

    run(work)


def _settings_with_peppers() -> Settings:
    """The settings of a command that makes a secret. Raises SettingsError."""
    settings = settings_of_a_database()
    if not settings.token_peppers:
        raise SettingsError(
            "AICMO_TOKEN_PEPPERS: set it first, for the server, too: "
            "export AICMO_TOKEN_PEPPERS=$(aicmo token pepper)"
        )
    return settings


def _show_secret(payload: Json, as_json: bool) -> None:
    token = payload["accessToken"]
    told = f"The secret of {token['tokenId']}, for {_caller_of(token)}"
    show_secret(token, payload["secret"], told, as_json)


def _caller_of(token: Json) -> str:
    return caller_told(token["kind"], token["name"], token["onBehalfOf"])


# The table


def _state_of(token: Json) -> str:
    if token["revokedAt"]:
        return "revoked"
    ends = token["expiresAt"]
    return "expired" if ends and datetime.fromisoformat(ends) <= utc_now() else "valid"


def _minute(moment: str | None) -> str:
    if moment is None:
        return "never"
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%dT%H:%MZ}"


_COLUMNS: Final[Columns] = {
    "TOKEN": lambda it: it["tokenId"],
    "STATE": _state_of,
    "CALLER": _caller_of,
    "SCOPES": lambda it: ", ".join(it["scopes"]),
    "CLIENTS": lambda it: ", ".join(it["clientIds"]) or "all",
    "EXPIRES": lambda it: _minute(it["expiresAt"]),
    "LAST USED": lambda it: _minute(it["lastUsedAt"]),
}
