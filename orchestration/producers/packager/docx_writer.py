"""Writes the elements of HTML into a DOCX."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from orchestration.producers.packager import docx_template as styles

if TYPE_CHECKING:
    from docx.document import Document

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_HYPERLINK: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_MAX_DEPTH: Final = 40
"""Elements that are nested more deeply are taken as text."""
_MAX_COLUMNS: Final = 63
"""Word opens no table with more."""
_MAX_START: Final = 32_767
"""The highest number that a list begins with in Word."""
_TEXT_WIDTH: Final = 9_070
"""Of a page, in twentieths of a point."""
_NAME_WIDTH: Final = 2_000
"""Of a column that names what stands beside it."""
_HOST: Final = re.compile(r"[\w.-]+")
_BLANKS: Final = " \t\n\r\f"
_WHITE: Final = re.compile(r"[ \t\n\r\f]{2,}|[\t\n\r\f]")

_BLOCKS: Final = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote",
    "pre", "hr", "div", "section", "article", "header", "footer", "figure", "figcaption",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "center",
})  # fmt: skip
_FORMATS: Final[Mapping[str, tuple[str, str | None]]] = {
    "a": ("rStyle", styles.HYPERLINK),
    "code": ("rStyle", styles.CODE),
    "kbd": ("rStyle", styles.CODE),
    "strong": ("b", None),
    "b": ("b", None),
    "em": ("i", None),
    "i": ("i", None),
    "cite": ("i", None),
    "del": ("strike", None),
    "s": ("strike", None),
    "u": ("u", "single"),
    "ins": ("u", "single"),
    "sub": ("vertAlign", "subscript"),
    "sup": ("vertAlign", "superscript"),
}
"""What elements of HTML are in WordprocessingML, in the order that its schema wants."""

Formats = frozenset[str]


@dataclass(slots=True)
class _Item:
    """An item of a list, whose first paragraph has the mark."""

    numbering: int
    level: int
    is_marked: bool = False


class _Place(NamedTuple):
    """Where paragraphs go, and how they look there."""

    parent: Any
    style: str | None = None
    item: _Item | None = None
    indent: int = 0
    align: str | None = None
    formats: Formats = frozenset()
    depth: int = 0


class _Line:
    """A paragraph whose text comes piece by piece; white space counts once, as in HTML."""

    def __init__(self, paragraph: Any) -> None:
        self.paragraph = paragraph
        self._begins = True

    def add(self, text: str | None, formats: Formats, parent: Any = None) -> None:
        """Text with its formats, in the paragraph or in a link of it."""
        found = _WHITE.sub(" ", text or "")
        if self._begins:
            found = found.lstrip(" ")
        if found:
            self._begins = found.endswith(" ")
            _text(_run(self.paragraph if parent is None else parent, formats), found)

    def end_line(self) -> None:
        _add(_run(self.paragraph, frozenset()), "br")
        self._begins = True


class DocxWriter:
    """Fills a document whose styles and numberings are the template's.

    It makes elements of its own where python-docx would look each style up for each paragraph.
    """

    def __init__(self, document: "Document") -> None:
        self._part = document.part
        self._body = document.element.body
        self._numbering = document.part.numbering_part.element
        self._numberings = styles.BULLETS

    def write(self, main: Any) -> None:
        section = self._body[-1]  # it comes last
        self._body.remove(section)
        self._write_all(main, _Place(self._body))
        self._body.append(section)

    def _write_all(self, element: Any, place: _Place) -> None:
        """What is in an element: text between its blocks makes paragraphs of its own."""
        line = self._add_text(None, element.text, place)
        for child in element:
            if child.tag in _BLOCKS:
                line = None
                self._write_block(child, place._replace(depth=place.depth + 1))
            elif _has_blocks(child):
                line = None
                formats = place.formats | {child.tag}
                self._write_all(child, place._replace(formats=formats, depth=place.depth + 1))
            else:
                line = line or _Line(_paragraph(place))
                self._write_inline(child, line, place.formats, place.depth + 1)
            line = self._add_text(line, child.tail, place)

    def _add_text(self, line: _Line | None, text: str | None, place: _Place) -> _Line | None:
        if line is None:
            if not text or not text.strip(_BLANKS):
                return None
            line = _Line(_paragraph(place))
        line.add(text, place.formats)
        return line

    def _write_block(self, element: Any, place: _Place) -> None:
        if place.depth > _MAX_DEPTH:
            self._add_text(None, "".join(element.itertext()), place)
            return
        match element.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._write_all(element, place._replace(style=f"Heading{element.tag[1]}"))
            case "ul" | "ol":
                self._write_list(element, place)
            case "blockquote":
                inside = place._replace(style=styles.QUOTE, indent=place.indent + 1)
                self._write_all(element, inside)
            case "dd":
                self._write_all(element, place._replace(indent=place.indent + 1))
            case "dt" | "caption" | "figcaption":
                self._write_all(element, place._replace(formats=place.formats | {"strong"}))
            case "pre":
                self._write_code(element, place)
            case "hr":
                _rule(_paragraph(place._replace(item=None, indent=0)))
            case "table" if rows := element.xpath("tr | thead/tr | tbody/tr | tfoot/tr"):
                self._write_table(element, rows, place)
            case _:
                self._write_all(element, place)

    def _write_list(self, element: Any, place: _Place) -> None:
        level = min(place.item.level + 1 if place.item else 0, styles.MAX_LEVEL)
        numbering = styles.BULLETS if element.tag == "ul" else self._numbering_of(element, level)
        self._add_text(None, element.text, place)
        for child in element:
            # What is in a list but in no item stands there without a mark, as in browsers.
            item = _Item(numbering, level, is_marked=child.tag != "li")
            inside = place._replace(item=item, indent=place.indent + 1)
            if child.tag == "li":
                self._write_all(child, inside)
            elif child.tag in _BLOCKS:
                self._write_block(child, inside)
            else:
                self._write_inline(child, _Line(_paragraph(inside)), place.formats, place.depth)
            if not item.is_marked:
                _paragraph(inside)
            self._add_text(None, child.tail, place)

    def _numbering_of(self, element: Any, level: int) -> int:
        """A numbering of its own, which begins where the list does."""
        self._numberings += 1
        given = element.get("start", "")
        start = min(int(given), _MAX_START) if re.fullmatch(r"[0-9]{1,9}", given) else 1
        numbering = _add(self._numbering, "num", numId=str(self._numberings))
        _add(numbering, "abstractNumId", val=str(styles.NUMBERS))
        override = _add(numbering, "lvlOverride", ilvl=str(level))
        _add(override, "startOverride", val=str(start))
        return self._numberings

    def _write_code(self, element: Any, place: _Place) -> None:
        paragraph = _paragraph(place._replace(style=styles.CODE_BLOCK))
        for number, text in enumerate("".join(element.itertext()).rstrip("\n").split("\n")):
            run = _run(paragraph, frozenset())
            if number:
                _add(run, "br")
            _text(run, text)

    def _write_table(self, element: Any, rows: Sequence[Any], place: _Place) -> None:
        for caption in element.xpath("caption"):
            self._write_block(caption, place)
        cells = [row.xpath("td | th") for row in rows]
        columns = min(max(1, *(sum(map(_span, row)) for row in cells)), _MAX_COLUMNS)
        table = _add(place.parent, "tbl")
        properties = _add(table, "tblPr")
        _add(properties, "tblStyle", val=styles.TABLE)
        _add(properties, "tblW", type="pct", w="5000")
        grid = _add(table, "tblGrid")
        first = _NAME_WIDTH if columns > 1 and rows[0].xpath("th[@scope='row']") else None
        for number in range(columns):
            width = (_TEXT_WIDTH - (first or 0)) // (columns - (first is not None))
            _add(grid, "gridCol", w=str(first if first and not number else width))
        for row, found in zip(rows, cells, strict=True):
            is_header = row.getparent().tag == "thead"
            self._write_row(_add(table, "tr"), found, columns, place.depth, is_header=is_header)
        # Word joins tables that follow each other, and wants a paragraph at the end of a cell.
        _paragraph(_Place(place.parent))

    def _write_row(
        self, row: Any, cells: Sequence[Any], columns: int, depth: int, *, is_header: bool
    ) -> None:
        properties = _add(row, "trPr")
        _add(properties, "cantSplit")
        if is_header:
            _add(properties, "tblHeader")
        left, cell = columns, None
        for element in cells:
            if left:
                span = min(_span(element), left)
                left -= span
                cell = _cell(row, span, is_shaded=element.tag == "th")
            align = element.get("style", "").partition("text-align:")[2].strip(" ;")
            formats = frozenset({"strong"} if element.tag == "th" else ())
            inside = _Place(
                cell, styles.CELL, align=align or None, formats=formats, depth=depth + 1
            )
            before = len(cell) if cell is not None else 0
            self._write_all(element, inside)
            if cell is not None and len(cell) == before:
                _paragraph(inside)
        for _ in range(left):
            _paragraph(_Place(_cell(row, 1, is_shaded=False), styles.CELL))

    def _write_inline(self, element: Any, line: _Line, formats: Formats, depth: int) -> None:
        if not isinstance(element.tag, str):
            return
        if depth > _MAX_DEPTH:
            line.add("".join(element.itertext()), formats)
        elif element.tag == "br":
            line.end_line()
        elif element.tag == "a":
            self._write_link(element, line, formats, depth)
        else:
            self._write_inside(element, line, formats | {element.tag}, depth)

    def _write_link(self, element: Any, line: _Line, formats: Formats, depth: int) -> None:
        target = element.get("href", "")
        if _is_link(target):
            link = _add(line.paragraph, "hyperlink")
            link.set(f"{_R}id", self._part.relate_to(target, _HYPERLINK, is_external=True))
            self._write_inside(element, line, formats | {"a"}, depth, link)
            if not len(link):
                line.paragraph.remove(link)
        else:
            self._write_inside(element, line, formats, depth)
            if target and not target.startswith("#"):
                line.add(f" ({unquote(target)})", formats)

    def _write_inside(
        self, element: Any, line: _Line, formats: Formats, depth: int, link: Any = None
    ) -> None:
        line.add(element.text, formats, link)
        for child in element:
            if link is None:
                self._write_inline(child, line, formats, depth + 1)
            else:
                # What may be in a link is text with formats.
                inside = formats | {each.tag for each in child.iter() if each.tag in _FORMATS}
                line.add("".join(child.itertext()), inside, link)
            line.add(child.tail, formats, link)


def _is_link(target: str) -> bool:
    """Whether Word can follow it; a place in the page, or what is filled in later, it can't."""
    try:
        parts = urlsplit(target)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"mailto", "tel"} or (
        parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") is not None
    )


def _has_blocks(element: Any) -> bool:
    return any(each.tag in _BLOCKS for each in element.iterdescendants())


def _span(cell: Any) -> int:
    found = cell.get("colspan", "")
    return max(1, int(found)) if re.fullmatch(r"[0-9]{1,2}", found) else 1


def _cell(row: Any, span: int, *, is_shaded: bool) -> Any:
    cell = _add(row, "tc")
    properties = _add(cell, "tcPr")
    if span > 1:
        _add(properties, "gridSpan", val=str(span))
    if is_shaded:
        _add(properties, "shd", val="clear", color="auto", fill=styles.TINT)
    return cell


def _paragraph(place: _Place) -> Any:
    paragraph = _add(place.parent, "p")
    properties = _add(paragraph, "pPr")
    if place.style:
        _add(properties, "pStyle", val=place.style)
    indent = {"left": str(styles.INDENT * place.indent)}
    if place.item is not None and not place.item.is_marked:
        place.item.is_marked = True
        numbering = _add(properties, "numPr")
        _add(numbering, "ilvl", val=str(place.item.level))
        _add(numbering, "numId", val=str(place.item.numbering))
        indent["hanging"] = str(styles.INDENT)
    if place.indent:
        _add(properties, "ind", **indent)
    if place.align in {"left", "center", "right"}:
        _add(properties, "jc", val=place.align)
    return paragraph


def _rule(paragraph: Any) -> None:
    border = {"val": "single", "sz": "6", "space": "1", "color": styles.LINE}
    borders = _add(paragraph[0], "pBdr")
    _add(borders, "bottom", **border)


def _run(parent: Any, formats: Formats) -> Any:
    run = _add(parent, "r")
    properties = _add(run, "rPr") if formats & _FORMATS.keys() else None
    done = set[str]()
    for tag, (name, value) in _FORMATS.items():
        if properties is not None and tag in formats and name not in done:
            done.add(name)
            _add(properties, name, **({} if value is None else {"val": value}))
    return run


def _text(run: Any, text: str) -> None:
    element = _add(run, "t")
    element.text = text
    element.set(_SPACE, "preserve")


def _add(parent: Any, tag: str, **attributes: str) -> Any:
    from lxml.etree import SubElement  # noqa: PLC0415

    return SubElement(parent, _W + tag, {_W + key: value for key, value in attributes.items()})
