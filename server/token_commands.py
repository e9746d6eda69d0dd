"""The command line for access tokens: `aicmo token create | list | rotate | revoke | pepper`."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Final, TypeVar

import typer

from domain.access import (
    PEPPER_BYTES,
    AccessToken,
    ChangeAccessToken,
    CreateAccessToken,
    TokenKind,
    TokenShown,
)
from domain.callers import local_operator
from domain.errors import ValidationFailed
from domain.scopes import Scope
from domain.sources import random_bytes, utc_now
from repositories.criteria import Page, PageRequest, Position
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.access import commands
from server.app import open_storage
from server.requests import new_request_id
from server.settings import Settings, SettingsError
from server.terminal import errors_in_one_line, settings_of_a_database

T = TypeVar("T")

_AT_ONCE: Final = 100
_MOST_DAYS: Final = 36_500

token_commands = typer.Typer(
    help="Access tokens: credentials of people, programs and agents.", no_args_is_help=True
)

_TokenId = Annotated[str, typer.Argument(help="The token's key, as `aicmo token list` has it.")]


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
        typer.Option(help="In how many days it expires. Left out: never.", min=0, max=_MOST_DAYS),
    ] = None,
) -> None:
    """Issue a token, and print its secret: the only time that it's shown."""
    command = CreateAccessToken(
        kind=kind,
        name=name,
        on_behalf_of=on_behalf_of,
        scopes=tuple(scope),
        client_ids=tuple(client) if client else None,
        expires_at=None if days is None else utc_now() + timedelta(days=days),
    )
    _tell_secret(_run(lambda unit: commands.create_access_token(unit, command), has_secret=True))


@token_commands.command("rotate")
def rotate(token_id: _TokenId) -> None:
    """Give a token another secret, and print it. The one before it is refused at once."""
    command = ChangeAccessToken(token_id=token_id)
    _tell_secret(_run(lambda unit: commands.rotate_access_token(unit, command), has_secret=True))


@token_commands.command("revoke")
def revoke(token_id: _TokenId) -> None:
    """Revoke a token, for good: it is refused at once, and its subscriptions end."""
    command = ChangeAccessToken(token_id=token_id)
    token = _run(lambda unit: commands.revoke_access_token(unit, command))
    typer.echo(f"{token.token_id} is revoked.")


@token_commands.command("list")
def list_tokens() -> None:
    """Print all tokens, one a line, the newest first; never a secret."""
    with errors_in_one_line():
        asyncio.run(_tell_tokens(settings_of_a_database()))


def _run(work: Callable[[UnitOfWork], Awaitable[T]], *, has_secret: bool = False) -> T:
    with errors_in_one_line():
        settings = settings_of_a_database()
        if has_secret and not settings.token_peppers:
            raise SettingsError(
                "AICMO_TOKEN_PEPPERS: set it first, for the server, too: "
                "export AICMO_TOKEN_PEPPERS=$(aicmo token pepper)"
            )
        return asyncio.run(_written(settings, work))
    raise AssertionError("unreachable")


async def _written(settings: Settings, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    async with open_storage(settings) as storage:
        try:
            return await storage.as_(local_operator(new_request_id())).write(work)
        except ValidationFailed as failure:
            raise SettingsError("\n".join(map(_line, failure.violations))) from None


def _line(violation: Any) -> str:
    options = {"token_id": "TOKEN_ID", "scopes": "--scope", "client_ids": "--client"}
    field = str(violation.path[0])
    return f"{options.get(field, '--' + field.replace('_', '-'))}: {violation.message}"


async def _tell_tokens(settings: Settings) -> None:
    async with open_storage(settings) as storage:
        after: Position | None = None
        while True:
            page = await _page(storage, after)
            for token in page.items:
                typer.echo(_told(token))
            if not page.has_next or not page.items:
                return
            last = page.items[-1]
            after = Position(last.created_at, last.token_id)


async def _page(storage: Storage, after: Position | None) -> Page[AccessToken]:
    async with storage.as_(local_operator(new_request_id())).read() as snapshot:
        return await snapshot.access.token_page(PageRequest(limit=_AT_ONCE, after=after))


def _told(token: AccessToken) -> str:
    state = "valid" if token.is_valid(utc_now()) else "revoked" if token.revoked_at else "expired"
    whom = f"{token.name} for {token.on_behalf_of}" if token.on_behalf_of else token.name
    clients = "all clients" if token.client_ids is None else ",".join(token.client_ids)
    used = f"{token.last_used_at:%Y-%m-%dT%H:%MZ}" if token.last_used_at else "never"
    ends = f"{token.expires_at:%Y-%m-%dT%H:%MZ}" if token.expires_at else "never"
    return (
        f"{token.token_id}  {state}  {token.kind}  {whom}  {','.join(token.scopes)}  {clients}  "
        f"expires: {ends}  last used: {used}"
    )


def _tell_secret(shown: TokenShown) -> None:
    """The secret alone on standard output, so that it can be piped into a file."""
    token = shown.token
    typer.echo(f"{token.token_id}, for {token.kind} {token.name}. Shown this once:", err=True)
    typer.echo(shown.secret)
