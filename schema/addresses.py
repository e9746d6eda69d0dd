"""The addresses of files that an operation gives out, in place of what repositories render."""

from datetime import timedelta
from typing import Annotated, Final, NamedTuple

import orjson
import strawberry
from strawberry import UNSET

from domain.callers import Caller
from domain.files import address_of
from domain.scopes import Scope
from files.service import Files, require
from repositories.addresses import ADDRESS_MARK
from repositories.json_encoding import encode_json
from repositories.projections import JsonProjection
from schema.errors import BadUserInput

_DEFAULT_SECONDS: Final = 300
_LONGEST_SECONDS: Final = 86_400

ExpiresIn = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "For how many seconds the address is valid, "
            f"from 1 to {_LONGEST_SECONDS:,}; {_DEFAULT_SECONDS} by default. "
            "The server may have a lower limit, which is then the time."
        )
    ),
]


class Addresses:
    """Makes the addresses of one operation, whose client reaches the server under `base`."""

    def __init__(self, files: Files | None, base: str, caller: Caller) -> None:
        self.base = base
        self.caller = caller
        self._files = files

    @property
    def files(self) -> Files:
        """Raises Unavailable where the server keeps no files."""
        return require(self._files)

    def stable(self, file_id: str) -> str:
        """The address that is valid for good, for callers with credentials."""
        return address_of(self.base, file_id)

    def filled_in(self, text: str, projection: JsonProjection) -> str:
        """The JSON text of the projection, with its addresses."""
        if ADDRESS_MARK not in text:
            return text
        pieces = text.split(ADDRESS_MARK)
        pieces[1::2] = [self._made(piece, projection.terms) for piece in pieces[1::2]]
        return "".join(pieces)

    def _made(self, rendered: str, terms: "tuple[Terms, ...]") -> str:
        number, *values = orjson.loads(rendered)
        made = self.stable(*values) if number is None else terms[number].address(self, *values)
        return encode_json(made).decode()


class DownloadTerms(NamedTuple):
    """How the address of a file is made: valid for so many seconds, or as long as the server lets
    it be, for whoever has it."""

    seconds: int

    def address(
        self,
        addresses: Addresses,
        file_id: str,
        sha256: str,
        name: str,
        media_type: str,
        size: int,
    ) -> str:
        """Raises Unavailable where the server keeps no files."""
        files = addresses.files
        seconds = min(self.seconds, files.limits.max_download_seconds)
        return files.signer.sign_download(
            file_id,
            sha256=sha256,
            name=name,
            media_type=media_type,
            size=size,
            expires_at=files.clock() + timedelta(seconds=seconds),
            base=addresses.base,
        )


class ArchiveTerms(NamedTuple):
    """How the address of an archive is made: as that of a file."""

    seconds: int

    def address(
        self,
        addresses: Addresses,
        package_id: str,
        revision: int,
        client_id: str | None,
        has_files: bool,
    ) -> str | None:
        """The address of a version; None where none of its artifacts is a file that is kept here.

        It says what the caller may see: files of the package's client alone, where the caller is
        bound to clients. Raises Unavailable where the server keeps no files.
        """
        if not has_files:
            return None
        files, caller = addresses.files, addresses.caller
        seconds = min(self.seconds, files.limits.max_download_seconds)
        return files.signer.sign_archive(
            package_id,
            revision,
            client_id=None if caller.clients is None else client_id,
            has_verdicts=Scope.QC_READ in caller.scopes,
            expires_at=files.clock() + timedelta(seconds=seconds),
            base=addresses.base,
        )


Terms = DownloadTerms | ArchiveTerms


def download_terms(expires_in: int | None = UNSET) -> DownloadTerms:
    """By the field's argument. Raises BadUserInput."""
    return DownloadTerms(_seconds(expires_in))


def archive_terms(expires_in: int | None = UNSET) -> ArchiveTerms:
    """By the field's argument. Raises BadUserInput."""
    return ArchiveTerms(_seconds(expires_in))


def _seconds(expires_in: int | None) -> int:
    if expires_in is UNSET or expires_in is None:
        return _DEFAULT_SECONDS
    if not 1 <= expires_in <= _LONGEST_SECONDS:
        raise BadUserInput(f"expiresIn: must be from 1 to {_LONGEST_SECONDS:,}, not {expires_in}.")
    return expires_in
