"""A draft as a DOCX, by python-docx: the same structure as its page of HTML."""

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Final

from domain.production import Draft
from orchestration.producers.packager.docx_template import template
from orchestration.producers.packager.docx_writer import DocxWriter
from orchestration.producers.packager.drafts import Page
from orchestration.producers.packager.texts import shortened

if TYPE_CHECKING:
    from docx.document import Document

_DAY: Final = 1 << 5 | 1
"""The first of January 1980, the first day that ZIP has: no document says when it was packed."""
_NO_TIME: Final = struct.Struct("<2H")
_LENGTHS: Final = struct.Struct("<3H")
_DIRECTORY_ENTRY: Final = 46
_TITLE_LENGTH: Final = 255
"""Of the title among a document's properties."""


def docx_of(page: Page, draft: Draft) -> bytes:
    """The same page and draft give the same bytes."""
    from docx import Document  # noqa: PLC0415
    from lxml import html  # noqa: PLC0415

    document = Document(io.BytesIO(template()))
    parser = html.HTMLParser(huge_tree=True, encoding="utf-8")
    tree = html.document_fromstring(f"<body><main>{page.html}</main></body>".encode(), parser)
    DocxWriter(document).write(tree.find(".//main"))
    _set_properties(document, page, draft)
    made = io.BytesIO()
    document.save(made)
    return _dateless(made)


def _set_properties(document: "Document", page: Page, draft: Draft) -> None:
    from docx.oxml.ns import qn  # noqa: PLC0415

    properties = document.core_properties
    properties.title = shortened(page.title, _TITLE_LENGTH)
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.language = page.language
    properties.created, properties.modified = draft.created_at, draft.updated_at
    properties.revision = max(draft.revision, 1)
    for each in document.styles.element.xpath("w:docDefaults//w:lang"):
        each.set(qn("w:val"), page.language)


def _dateless(made: io.BytesIO) -> bytes:
    """The archive without the times at which its files were packed: two for each of them."""
    content = made.getbuffer()
    with zipfile.ZipFile(made) as archive:
        entries, at = archive.infolist(), archive.start_dir
    for entry in entries:
        _NO_TIME.pack_into(content, entry.header_offset + 10, 0, _DAY)
        _NO_TIME.pack_into(content, at + 12, 0, _DAY)
        at += _DIRECTORY_ENTRY + sum(_LENGTHS.unpack_from(content, at + 28))
    return bytes(content)
