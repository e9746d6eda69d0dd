"""Small files of the demo agency, made of a title and a text: the same bytes whenever they're made.

There are just enough of each format for its viewers, so that this needs no library.
"""

import struct
import textwrap
import zlib
from collections.abc import Callable, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Final, NamedTuple


class Format(NamedTuple):
    """How a kind of file is made."""

    media_type: str
    make: Callable[[str, str], bytes]
    """Of a title and a text."""


def _plain(title: str, text: str) -> bytes:
    return f"{title}\n\n{textwrap.fill(text, 72)}\n".encode()


def _html(title: str, text: str) -> bytes:
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n</html>\n"
    ).encode()


_LINE: Final = 72
"""How many characters a line of a page may have."""


def _pdf(title: str, text: str) -> bytes:
    """A page of PDF 1.4, in a font that every viewer has."""
    lines = [*textwrap.wrap(title, _LINE), "", *textwrap.wrap(text, _LINE)]
    shown = b"".join(b"(%b) Tj T*\n" % _pdf_text(line) for line in lines)
    content = b"BT /F1 12 Tf 16 TL 72 770 Td\n%bET" % shown
    resources = b"<< /Font << /F1 4 0 R >> >>"
    return _pdf_of(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources %b >>"
            % resources,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        )
    )


def _pdf_text(line: str) -> bytes:
    encoded = line.encode("cp1252", "replace")
    return encoded.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf_of(objects: Sequence[bytes]) -> bytes:
    """The file of these objects, which are numbered from 1; the first one is the catalogue."""
    made, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    made += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(made + b"startxref\n%d\n%%%%EOF\n" % table)


_WIDTH: Final = 320
_HEIGHT: Final = 180


def _png(title: str, text: str) -> bytes:
    """A picture of a hill before a sky, whose colours depend on the title."""
    hue = zlib.crc32(title.encode()) % 64
    palette = bytes((96 + hue, 176, 232 - hue)) + bytes((64, 128 + hue, 80))
    rows = b"".join(b"\0" + _row(y) for y in range(_HEIGHT))
    header = struct.pack(">2I5B", _WIDTH, _HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", _stored(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(kind, data) for kind, data in parts)


def _row(y: int) -> bytes:
    """The sky, and the hill: a parabola that is highest in the middle."""
    half = min(int((max(y - 60, 0) * 210) ** 0.5), _WIDTH // 2)
    sky = b"\0" * (_WIDTH // 2 - half)
    return sky + b"\1" * (2 * half) + sky


def _stored(data: bytes) -> bytes:
    """The data in zlib's format, in one block that isn't compressed: others may come out otherwise
    on other machines."""
    length = struct.pack("<2H", len(data), len(data) ^ 0xFFFF)
    return b"\x78\x01\x01" + length + data + struct.pack(">I", zlib.adler32(data))


def _png_part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "html": Format("text/html", _html),
        "pdf": Format("application/pdf", _pdf),
        "png": Format("image/png", _png),
        "txt": Format("text/plain", _plain),
    }
)
"""The kinds of files that are made, by the formats of artifacts."""
