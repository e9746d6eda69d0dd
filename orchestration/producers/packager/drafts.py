"""A draft as a piece of HTML that can't do harm: what its documents are made of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final

from domain.onboarding import Brief
from domain.production import Draft
from orchestration.producers.packager.texts import language_of, without_controls
from orchestration.producers.qc.front_matter import parted
from orchestration.producers.qc.kinds import Kind, kind_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from nh3 import Cleaner

_KEEP_LINES: Final = frozenset({Kind.SOCIAL_POST, Kind.VIDEO_SCRIPT})
"""In these, each line of a paragraph is one for those who read it."""
_PARTICULARS: Final[Mapping[str, str]] = {
    "subject": "Subject",
    "preheader": "Preheader",
    "duration": "Duration",
    "metaTitle": "Meta title",
    "metaDescription": "Meta description",
    "keywords": "Keywords",
}
"""What a client has to know of a draft's metadata, with its name; all else is the agency's."""
_TITLE: Final = re.compile(r"\s*<h1\b.*?</h1>\s*", re.DOTALL)
TAGS: Final = frozenset({
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
    "blockquote", "pre", "code", "kbd", "em", "strong", "i", "b", "u", "s", "del", "ins",
    "sub", "sup", "small", "mark", "q", "cite", "abbr", "span", "a", "img", "div", "section",
    "article", "header", "footer", "figure", "figcaption", "table", "caption", "thead",
    "tbody", "tfoot", "tr", "th", "td", "center",
})  # fmt: skip
_ATTRIBUTES: Final[Mapping[str, set[str]]] = {
    "*": {"id"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"alt"},
    "ol": {"start"},
    "th": {"style", "colspan", "rowspan", "scope"},
    "td": {"style", "colspan", "rowspan"},
}
_IMAGE: Final = re.compile(r'<img(?: alt="([^"]*)"| [a-z]+="[^"]*")*>')
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})


@dataclass(frozen=True, slots=True)
class Page:
    """A draft. `html` begins with its title, and has neither scripts nor anything to load."""

    title: str
    language: str
    html: str


def page_of(brief: Brief, draft: Draft) -> Page:
    """The draft as a page, in which images are links to where they are."""
    values, source = parted(without_controls(draft.body))
    markdown = _markdown(keeps_lines=kind_of(draft.content_type) in _KEEP_LINES)
    html = _cleaned(markdown.render(source))
    title = without_controls(draft.title)
    found = _TITLE.match(html)
    heading = found[0].strip() if found else f"<h1>{escape(title)}</h1>"
    rest = html[found.end() :] if found else html
    particulars = _table(_particulars(values, draft.metadata.to_python()))
    return Page(
        title=title,
        language=language_of(draft.metadata, brief.brand_guidelines),
        html="\n".join(part for part in (heading, particulars, rest.strip()) if part) + "\n",
    )


def _cleaned(html: str) -> str:
    cleaned = _cleaner().clean(html)
    # Without a source, browsers would show the sign of an image that can't be found.
    told = _IMAGE.sub(_described, cleaned)
    return cleaned if told == cleaned else _cleaner().clean(told)


def _described(image: re.Match[str]) -> str:
    return f"<span>{_image_text(unescape(image[1] or ''))}</span>"


def _image_text(description: str) -> str:
    return escape(f"Image: {description.strip() or 'without a description'}")


def _particulars(
    front: Mapping[str, str], metadata: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Names and values: those of the front matter, then those that the metadata alone has."""
    for key, value in front.items():
        if value and key != "title":
            yield key[:1].upper() + key[1:], value
    for key, name in _PARTICULARS.items():
        if key.lower() in front:
            continue
        match metadata.get(key):
            case str(text) if text.strip():
                yield name, text.strip()
            case int(seconds) if key == "duration" and not isinstance(seconds, bool):
                yield name, f"{seconds} seconds"
            case [*items] if items and all(isinstance(item, str) for item in items):
                yield name, ", ".join(map(str, items))


def _table(rows: Iterator[tuple[str, str]]) -> str:
    cells = [
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(without_controls(value))}</td></tr>'
        for name, value in rows
    ]
    return "<table>\n<tbody>\n{}\n</tbody>\n</table>".format("\n".join(cells)) if cells else ""


@cache
def _cleaner() -> "Cleaner":
    from nh3 import Cleaner  # noqa: PLC0415

    return Cleaner(
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        filter_style_properties={"text-align"},
        # Whatever stands in these is no text of the draft.
        clean_content_tags={"script", "style", "title", "template", "iframe", "noscript", "object"},
    )


@cache
def _markdown(*, keeps_lines: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("commonmark", {"breaks": keeps_lines}).enable("table")
    # The cleaner decides on links; here, those that aren't followed would stay in their Markdown.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("heading_open", _heading)
    return markdown


def _image(self: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    """A page loads nothing: whoever wants to see the image follows the link."""
    text = _image_text(tokens[at].content)
    opened = sum(token.nesting for token in tokens[:at] if token.type.startswith("link_"))
    source = escape(str(tokens[at].attrs.get("src", "")))
    return f"<span>{text}</span>" if opened else f'<a href="{source}">{text}</a>'


def _heading(self: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    """With the anchor that links inside of the draft lead to."""
    anchor = re.sub(r"[^\w -]", "", tokens[at + 1].content.lower()).strip().replace(" ", "-")
    return f'<{tokens[at].tag} id="{escape(anchor)}">' if anchor else f"<{tokens[at].tag}>"
