"""The document that every DOCX begins as: its styles, lists, page and footer, and no content.

python-docx's own template has 160 styles, twice, which are most of a document's size and time.
"""

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.styles import Styles

BULLETS: Final = 1
"""The numbering of lists without numbers."""
NUMBERS: Final = 1
"""The abstract numbering that those with numbers are of."""
MAX_LEVEL: Final = 8
INDENT: Final = 360
"""Twentieths of a point: so much further right is each level of a list or quote."""
CODE: Final = "Code"
CODE_BLOCK: Final = "CodeBlock"
HYPERLINK: Final = "Hyperlink"
QUOTE: Final = "Quote"
TABLE: Final = "TableGrid"
CELL: Final = "TableText"

_INK, _ACCENT, TINT, LINE = "1D2733", "0F5C63", "EEF3F3", "CDD5DA"
_HEADINGS: Final = {1: 22, 2: 16, 3: 13, 4: 11, 5: 11, 6: 11}
"""Sizes by level, in points."""
_KEPT: Final = frozenset(
    {
        *("Normal", "DefaultParagraphFont", "TableNormal", "NoList", "Footer", QUOTE, TABLE),
        *(f"Heading{level}" for level in _HEADINGS),
    }
)
_UNUSED_PARTS: Final = frozenset(
    {"stylesWithEffects", "thumbnail", "customXml", "webSettings", "fontTable", "theme"}
)
_BULLET_SIGNS: Final = ("\N{BULLET}", "\N{EN DASH}")


@cache
def template() -> bytes:
    """The same bytes each time, but for the times that ZIP notes."""
    from docx import Document  # noqa: PLC0415

    document = Document()
    _drop_unused(document)
    _set_styles(document.styles)
    _set_lists(document)
    _set_page(document)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _drop_unused(document: "Document") -> None:
    for rels in (document.part.rels, document.part.package.rels):
        for key, rel in list(rels.items()):
            if any(name in rel.reltype or name in rel.target_ref for name in _UNUSED_PARTS):
                del rels[key]
    styles = document.styles.element
    for style in list(styles.style_lst):
        if style.styleId not in _KEPT:
            styles.remove(style)
        else:
            for link in style.xpath("w:link"):
                style.remove(link)


def _set_styles(styles: "Styles") -> None:
    from docx.enum.style import WD_STYLE_TYPE  # noqa: PLC0415
    from docx.shared import Pt, RGBColor  # noqa: PLC0415

    add: Any = styles.add_style

    def set_font(style: Any, name: str, size: float | None = None, color: str = _INK) -> None:
        style.font.name = name
        # What Word takes for other than Latin letters, and what themes would put in place of it.
        fonts = style.element.rPr.rFonts
        for each in list(fonts.attrib):
            del fonts.attrib[each]
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(_w(script), name)
        if size is not None:
            style.font.size = Pt(size)
        style.font.color.rgb = RGBColor.from_string(color)

    for fonts in styles.element.xpath("w:docDefaults//w:rFonts"):
        fonts.getparent().remove(fonts)  # they are the theme's
    normal = styles["Normal"]
    set_font(normal, "Calibri", 11)
    normal.paragraph_format.space_after = Pt(8)
    normal.paragraph_format.line_spacing = 1.2
    for level, size in _HEADINGS.items():
        style = styles[f"Heading {level}"]
        set_font(style, "Calibri", size, _INK if level in {1, 3} else _ACCENT)
        style.font.bold, style.font.italic = True, level > 4
        style.paragraph_format.space_before = Pt(0 if level == 1 else 16)
        style.paragraph_format.space_after = Pt(10 if level == 1 else 4)
        style.paragraph_format.keep_with_next = True
    quote = styles["Quote"]
    set_font(quote, "Calibri", None, "46525E")
    quote.font.italic = False
    quote.element.get_or_add_pPr().append(
        _xml(
            f'<w:pBdr {_NS}><w:left w:val="single" w:sz="24" w:space="10"'
            f' w:color="{_ACCENT}"/></w:pBdr>'
        )
    )
    cell = add("Table Text", WD_STYLE_TYPE.PARAGRAPH)
    cell.base_style = normal
    cell.paragraph_format.space_before = cell.paragraph_format.space_after = Pt(3)
    cell.paragraph_format.line_spacing = 1.0
    code = add(CODE, WD_STYLE_TYPE.CHARACTER)
    set_font(code, "Consolas", 10)
    block = add("Code Block", WD_STYLE_TYPE.PARAGRAPH)
    block.base_style = normal
    set_font(block, "Consolas", 9.5)
    block.element.get_or_add_pPr().append(_shade())
    link = add(HYPERLINK, WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb = RGBColor.from_string(_ACCENT)
    link.font.underline = True
    borders = styles["Table Grid"].element.xpath("w:tblPr/w:tblBorders/*")
    for border in borders:
        border.set(_w("color"), LINE)


def _set_lists(document: "Document") -> None:
    numbering = document.part.numbering_part.element
    for each in list(numbering):
        numbering.remove(each)
    for number, sign in ((0, None), (NUMBERS, "decimal")):
        levels = "".join(_level(level, sign) for level in range(MAX_LEVEL + 1))
        numbering.append(
            _xml(
                f'<w:abstractNum {_NS} w:abstractNumId="{number}">'
                f'<w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
            )
        )
    numbering.append(_xml(f'<w:num {_NS} w:numId="{BULLETS}"><w:abstractNumId w:val="0"/></w:num>'))


def _level(level: int, sign: str | None) -> str:
    text = f"%{level + 1}." if sign else _BULLET_SIGNS[level % len(_BULLET_SIGNS)]
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{sign or "bullet"}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr>'
        f'<w:ind w:left="{INDENT * (level + 1)}" w:hanging="{INDENT}"/></w:pPr></w:lvl>'
    )


def _set_page(document: "Document") -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415
    from docx.shared import Mm, Pt  # noqa: PLC0415

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(25)
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.styles["footer"].font.size = Pt(9)
    paragraph._p.append(
        _xml(f'<w:fldSimple {_NS} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>')
    )


_NS: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _shade() -> Any:
    return _xml(f'<w:shd {_NS} w:val="clear" w:color="auto" w:fill="{TINT}"/>')


def _xml(text: str) -> Any:
    from docx.oxml import parse_xml  # noqa: PLC0415

    return parse_xml(text)


def _w(name: str) -> str:
    from docx.oxml.ns import qn  # noqa: PLC0415

    return qn(f"w:{name}")
