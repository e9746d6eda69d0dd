"""The addresses of files that an operation gives out, in place of what repositories render."""

from datetime import timedelta
from typing import Final

import orjson
from strawberry import UNSET

from domain.files import address_of
from files.service import Files, require
from repositories.addresses import ADDRESS_MARK
from repositories.json_encoding import encode_json
from repositories.projections import JsonProjection
from schema.errors import BadUserInput

DEFAULT_SECONDS: Final = 300
LONGEST_SECONDS: Final = 86_400


def lifetime(expires_in: int | None = UNSET) -> int:
    """For how many seconds an address is valid, by the field's argument. Raises BadUserInput."""
    if expires_in is UNSET or expires_in is None:
        return DEFAULT_SECONDS
    if not 1 <= expires_in <= LONGEST_SECONDS:
        raise BadUserInput(f"expiresIn: must be from 1 to {LONGEST_SECONDS:,}, not {expires_in}.")
    return expires_in


class Addresses:
    """Makes the addresses of one operation, whose client reaches the server under `base`."""

    def __init__(self, files: Files | None, base: str) -> None:
        self._files = files
        self._base = base

    def stable(self, file_id: str) -> str:
        """The address that is valid for good, for callers with credentials."""
        return address_of(self._base, file_id)

    def download(
        self, seconds: int, file_id: str, sha256: str, name: str, media_type: str, size: int
    ) -> str:
        """The address that is valid for so many seconds, or as long as the server lets it be, for
        whoever has it.

        Raises Unavailable where the server keeps no files.
        """
        files = require(self._files)
        seconds = min(seconds, files.limits.max_download_seconds)
        return files.signer.sign_download(
            file_id,
            sha256=sha256,
            name=name,
            media_type=media_type,
            size=size,
            expires_at=files.clock() + timedelta(seconds=seconds),
            base=self._base,
        )

    def filled_in(self, text: str, projection: JsonProjection) -> str:
        """The JSON text of the projection, with its addresses."""
        if ADDRESS_MARK not in text:
            return text
        pieces = text.split(ADDRESS_MARK)
        pieces[1::2] = [self._made(piece, projection.lifetimes) for piece in pieces[1::2]]
        return "".join(pieces)

    def _made(self, rendered: str, lifetimes: tuple[int, ...]) -> str:
        number, *values = orjson.loads(rendered)
        made = self.stable(*values) if number is None else self.download(lifetimes[number], *values)
        return encode_json(made).decode()
