"""Reading the documents of an application from the files that its build writes.

The formats: GraphQL; Apollo's manifest of persisted queries
(https://www.apollographql.com/docs/graphos/platform/security/persisted-queries); and a JSON object
of texts by their hashes, as GraphQL Code Generator and Relay's compiler write.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, parse

from domain.documents import NewDocument, hash_of
from server.terminal import CommandFailed

_MANIFEST: Final = "apollo-persisted-query-manifest"


def read_documents(files: Sequence[Path]) -> list[tuple[str, NewDocument]]:
    """The documents of all files, each with the place where it's from. Raises CommandFailed."""
    return [found for file in files for found in _documents_of(file)]


def _documents_of(file: Path) -> Iterator[tuple[str, NewDocument]]:
    text = _text_of(file)
    if file.suffix != ".json":
        document = _document(str(file), text)
        # A file of fragments alone belongs to other documents, which have to contain them.
        if document is not None:
            yield str(file), document
        return
    for place, hash, body in _entries(file, text):
        if hash != hash_of(body):
            raise CommandFailed(
                f"{place}: {hash} is not the SHA-256 hash of its text; "
                "let the build hash by SHA-256."
            )
        document = _document(place, body)
        if document is None:
            raise CommandFailed(f"{place}: has no operation.")
        yield place, document


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandFailed(f"{file}: is not text in UTF-8.") from None


def _entries(file: Path, text: str) -> Iterator[tuple[str, str, str]]:
    """Each document's place, hash and text."""
    try:
        value = json.loads(text)
    except ValueError:
        raise CommandFailed(f"{file}: is not JSON.") from None
    if isinstance(value, dict) and value.get("format") == _MANIFEST:
        operations: Any = value.get("operations")
        if value.get("version") != 1 or not isinstance(operations, list):
            raise CommandFailed(f"{file}: is not a manifest of version 1.")
        entries = [
            (it.get("id"), it.get("body")) if isinstance(it, dict) else (None, None)
            for it in operations
        ]
    elif isinstance(value, dict):
        entries = list(value.items())
    else:
        raise CommandFailed(f"{file}: is neither a manifest nor an object of texts by hashes.")
    for number, (hash, body) in enumerate(entries):
        if not isinstance(hash, str) or not isinstance(body, str):
            raise CommandFailed(f"{file}: entry {number} has no hash and text.")
        yield f"{file}, {hash[:12]}", hash.lower(), body


def parsed(file: Path) -> DocumentNode:
    """The document in a file, with or without operations. Raises CommandFailed."""
    return _parsed(str(file), _text_of(file))


def _document(place: str, text: str) -> NewDocument | None:
    """The document; None if it has no operation. Raises CommandFailed."""
    definitions = _parsed(place, text).definitions
    operations = [it for it in definitions if isinstance(it, OperationDefinitionNode)]
    if not operations:
        return None
    names = tuple(it.name.value for it in operations if it.name is not None)
    return NewDocument(text=text, operations=names)


def _parsed(place: str, text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLError as error:
        raise CommandFailed(f"{place}: {error.message}") from None
