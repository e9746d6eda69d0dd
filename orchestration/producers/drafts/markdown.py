"""Markdown: values are escaped wherever they are put in, unless they are Markdown themselves."""

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jinja2 import Environment

_INLINE = re.compile(r"[\\`*_\[\]<>]|~(?=~)|&(?=#?\w{1,40};)")
_LINE_START = re.compile(r"(?:#{1,6}|[-+=>])(?=\s|$)|-(?=-)|=(?==)|~(?=~)")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
UNSUBSCRIBE: Final = "[Unsubscribe]({{unsubscribe_url}})"
"""The link that sending services fill in: the one piece of template code that a draft has."""


class Markdown(str):
    """Text that is Markdown, and is put in as it is."""

    __slots__ = ()


def escaped(text: str) -> Markdown:
    """A text of one line as Markdown that shows it, at the beginning of a line and inside of one.

    What markup would begin is escaped by a backslash, and nothing else is.
    """
    if isinstance(text, Markdown):
        return text
    text = " ".join(text.split())
    start = "\\" if _LINE_START.match(text) and text[0] not in "~>" else ""
    if (numbered := _NUMBERED.match(text)) is not None:
        text = f"{numbered[1]}\x00{text[numbered.end(1) :]}"
    return Markdown(start + _INLINE.sub(r"\\\g<0>", text).replace("\x00", "\\"))


def link(text: str, address: str) -> Markdown:
    """A link; the address is one of `address_of`, which has nothing that could end it."""
    return Markdown(f"[{escaped(text)}]({address})")


def image(alt: str, address: str) -> Markdown:
    return Markdown(f"![{escaped(alt)}]({address})")


def rendered(template: str, context: dict[str, object]) -> str:
    """The Markdown of a template of this package, without empty lines at its ends, and with one at
    most between others."""
    text = _environment().get_template(template).render(context)
    return re.sub(r"\n[ \t]*(?:\n[ \t]*)+\n", "\n\n", text.strip()) + "\n"


@cache
def _environment() -> "Environment":
    # It takes a moment to import, and a server that writes no drafts doesn't need it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("orchestration.producers.drafts"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it's Markdown: `finalize` escapes
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _finalized(value: object) -> str:
    if isinstance(value, int):
        return str(value)  # of a step
    if not isinstance(value, str):
        raise TypeError(f"a template puts in a {type(value).__name__}, which is no text")
    return escaped(value)
