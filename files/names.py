"""The names and media types of files, made safe for those who receive them."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

NAME_BYTES: Final = 200
"""The most bytes of a safe name in UTF-8; file systems take 255."""
_EXTENSION_BYTES: Final = 20
_NOTHING: Final = "file"
_RESERVED: Final = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|]')
"""What a file system of Windows or Unix refuses in a name, and control characters."""
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names that Windows takes for a device, with any extension."""
_SAFE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,150}[A-Za-z0-9_-]")
"""Most names are safe as they are, and soon told."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9 !#$&+^_`{}~.,=@()\[\]'-]+")
"""Without `;`, at which some clients cut the header even inside of quotes."""
_OCTETS: Final = "application/octet-stream"

_INLINE: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain")
)
"""What browsers show, and can't run: neither HTML nor SVG, nor PDF, which may have scripts."""
_HARMLESS: Final = re.compile(
    r"(audio|video|font)/[a-z0-9.+-]+"
    r"|text/(csv|markdown|calendar|vcard)"
    r"|image/(tiff|bmp|heic|heif|vnd\.adobe\.photoshop|vnd\.microsoft\.icon)"
    r"|application/(pdf|zip|gzip|json|x-ndjson|jsonl|x-7z-compressed|x-tar|rtf|postscript|msword"
    r"|epub\+zip|vnd\.[a-z0-9.+-]+)"
)


def safe_name(name: str) -> str:
    """The name without anything that could lead astray whoever saves the file.

    It's never empty, never `.` or `..`, has no slashes, characters that file systems refuse,
    control or formatting characters (such as those that turn text around), and ends in the
    extension that it had.
    """
    if _SAFE.fullmatch(name) and not _DEVICES.fullmatch(name):
        return name
    name = _RESERVED.sub("_", unicodedata.normalize("NFC", name))
    kept = [
        each for each in name if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    name = "".join(kept).strip(". \t\u00a0")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return shortened(name) or _NOTHING


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names made safe, in their order, each another one than those before it and those taken.

    They are others also where a file system tells neither upper from lower case, nor the ways to
    compose a letter.
    """
    seen = set(map(_folded, taken))
    numbers: dict[str, int] = {}
    found = []
    for name in map(safe_name, names):
        unique, folded = name, _folded(name)
        number = numbers.get(folded, 1)
        while _folded(unique) in seen:
            number += 1
            unique = shortened(name, f" ({number})")
        numbers[folded] = number
        seen.add(_folded(unique))
        found.append(unique)
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def shortened(name: str, ending: str = "") -> str:
    """The name with this ending before its extension, and no longer than it may be."""
    if not ending and len(name.encode()) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > _EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = NAME_BYTES - len(f"{ending}{dot}{extension}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + ending + dot + extension


def is_inline(media_type: str) -> bool:
    """Whether a browser may show it, instead of saving it."""
    return _essence(media_type) in _INLINE


def served_type(media_type: str) -> str:
    """The media type that content is served with; what could run in a browser is mere octets.

    Not even as a download may a script be called one: a page could name it as its own.
    """
    essence = _essence(media_type)
    if essence == "text/plain":
        return "text/plain; charset=utf-8"
    if essence in _INLINE or (_HARMLESS.fullmatch(essence) and not essence.endswith("+xml")):
        return essence
    return _OCTETS


def content_disposition(name: str, *, inline: bool) -> str:
    """The header for a name that is safe, by RFC 6266 and RFC 8187."""
    kind = "inline" if inline else "attachment"
    if _PLAIN.fullmatch(name):
        return f'{kind}; filename="{name}"'
    ascii = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    if ascii.startswith("."):
        ascii = _NOTHING + ascii
    # Letters of full width may have become slashes.
    ascii = safe_name(re.sub(r"[%;]", "_", ascii))
    encoded = quote(name, safe="!#$&+^`|~")
    return f"{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
