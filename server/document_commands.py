"""`aicmo documents …`: the documents that applications register before they send them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    concat_ast,
    parse,
    separate_operations,
    validate,
)

from domain.callers import local_operator
from domain.documents import RegisterDocuments, RemoveDocuments, TrustedDocument
from repositories.unit_of_work import Repositories
from resolvers.documents.commands import register_documents, remove_documents
from schema.root import create_schema
from server.app import open_storage
from server.document_files import parsed, read_documents
from server.requests import new_request_id
from server.settings import Settings
from server.terminal import (
    AsJson,
    Columns,
    CommandFailed,
    Json,
    errors_in_one_line,
    settings_of_a_database,
    show,
    tell_error,
)

T = TypeVar("T")

document_commands = typer.Typer(
    help=(
        "Trusted documents: what applications register when they are built, so that a server may "
        "execute nothing else (AICMO_TRUSTED_DOCUMENTS_ONLY)."
    ),
    no_args_is_help=True,
)

_TOLD: Final = 10
"""How many errors of a registration are told."""

Application = Annotated[
    str, typer.Option("--application", help="Whose documents they are: a name of your choice.")
]
Files = Annotated[
    list[Path],
    typer.Argument(
        help=(
            "Documents in GraphQL, or what the build wrote: a manifest of persisted queries, or a "
            "JSON object of texts by their SHA-256 hashes."
        ),
        metavar="FILES...",
        exists=True,
        dir_okay=False,
    ),
]


@document_commands.command("register")
def register(files: Files, application: Application) -> None:
    """Register documents of an application. Those that it has already stay."""
    with errors_in_one_line():
        settings = settings_of_a_database()
        documents = read_documents(files)
        if not documents:
            raise CommandFailed("There is no operation in these files.")
        served = create_schema(settings.limits).documents
        broken = [
            f"{place}: {error.message}"
            for place, document in documents
            for error in served.parse_and_validate(document.text).errors
        ]
        if broken:
            raise CommandFailed(" ".join(broken[:_TOLD]))
        command = RegisterDocuments(
            application=application, documents=tuple(document for _, document in documents)
        )
        added = asyncio.run(
            _on_the_database(
                settings,
                lambda them: them.write(lambda unit: register_documents(unit, command)),
            )
        )
        typer.echo(f"Registered {added} new of {len(documents)} documents of {application}.")


@document_commands.command("list")
def list_documents(
    application: Annotated[
        str | None, typer.Option(help="Of this application; left out, of all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the registered documents."""
    with errors_in_one_line():
        found = asyncio.run(_registered(settings_of_a_database(), application))
        show([_row(document) for document in found], _COLUMNS, as_json)


@document_commands.command("remove")
def remove(
    application: Application,
    hashes: Annotated[
        list[str] | None,
        typer.Argument(help="The documents' hashes; left out, all of the application."),
    ] = None,
) -> None:
    """Remove documents of an application. Servers refuse them a few seconds later."""
    with errors_in_one_line():
        given = None if not hashes else tuple(hash.lower() for hash in hashes)
        command = RemoveDocuments(application=application, hashes=given)
        removed = asyncio.run(
            _on_the_database(
                settings_of_a_database(),
                lambda them: them.write(lambda unit: remove_documents(unit, command)),
            )
        )
        typer.echo(f"Removed {removed} documents of {application}.")


@document_commands.command("check")
def check(
    schema: Annotated[
        Path,
        typer.Option(
            help="The new schema, in the schema definition language.", exists=True, dir_okay=False
        ),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Check these files in place of the registered documents.",
            metavar="FILES...",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Say which documents of which application a new schema would break; then exit with 1."""
    with errors_in_one_line():
        new = _schema_of(schema)
        if files:
            checked = _together(files)
        else:
            found = asyncio.run(_registered(settings_of_a_database(), None))
            checked = [(_name(document), parse(document.text)) for document in found]
        broken = 0
        for name, document in checked:
            errors = validate(new, document)
            broken += bool(errors)
            for error in errors:
                tell_error(f"{name}: {_told(error)}")
        if broken:
            raise typer.Exit(1)
        typer.echo(f"{schema} breaks none of {len(checked)} documents.")


_COLUMNS: Final[Columns] = {
    "APPLICATION": lambda it: it["application"],
    "SHA-256": lambda it: it["sha256"],
    "OPERATIONS": lambda it: ", ".join(it["operations"]),
    "REGISTERED": lambda it: it["createdAt"],
}


def _row(document: TrustedDocument) -> Json:
    return {
        "application": document.application,
        "sha256": document.sha256,
        "operations": list(document.operations),
        "createdAt": document.created_at.isoformat().replace("+00:00", "Z"),
        "text": document.text,
    }


def _name(document: TrustedDocument) -> str:
    operations = ", ".join(document.operations) or "an anonymous operation"
    return f"{document.application}: {operations} ({document.sha256[:12]})"


def _together(files: Iterable[Path]) -> list[tuple[str, DocumentNode]]:
    """The documents in files; those in GraphQL may use each other's fragments."""
    written = [file for file in files if file.suffix == ".json"]
    found = [(place, parse(document.text)) for place, document in read_documents(written)]
    sources = [parsed(file) for file in files if file not in written]
    separate = separate_operations(concat_ast(sources))
    return found + [(name or "an anonymous operation", node) for name, node in separate.items()]


def _schema_of(file: Path) -> GraphQLSchema:
    try:
        return build_schema(file.read_text(encoding="utf-8"))
    except (GraphQLError, TypeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file}: is no schema: {' '.join(str(error).split())}") from None


def _told(error: GraphQLError) -> str:
    return " ".join(error.message.split())


async def _registered(settings: Settings, application: str | None) -> list[TrustedDocument]:
    async def work(repositories: Repositories) -> list[TrustedDocument]:
        async with repositories.read() as snapshot:
            return [*await snapshot.documents.of(application)]

    return await _on_the_database(settings, work)


async def _on_the_database(settings: Settings, work: Callable[[Repositories], Awaitable[T]]) -> T:
    async with open_storage(settings) as storage:
        return await work(storage.as_(local_operator(new_request_id())))
