"""The documents of a package: which there are, what they are called, and what makes them."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from domain.production import Draft
from files.names import safe_name, unique_names
from orchestration.producers.packager.docx import docx_of
from orchestration.producers.packager.drafts import page_of
from orchestration.producers.packager.html import html_of
from orchestration.producers.packager.pdf import pdf_of
from orchestration.producers.packager.strategy import strategy_content
from orchestration.producers.packager.texts import without_controls
from orchestration.producers.ports import PackageFile, PackageSubject

PDF, MARKDOWN, HTML, DOCX = "pdf", "md", "html", "docx"
FORMATS: Final[Mapping[str, str]] = {
    PDF: "application/pdf",
    MARKDOWN: "text/markdown",
    HTML: "text/html",
    DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""The formats, in the order in which their documents come, with their media types."""
LIBRARIES: Final[Mapping[str, str]] = {PDF: "typst", DOCX: "docx"}
"""What makes documents of a format, where a server may lack it."""
STRATEGY: Final = "strategy"
"""The name of the strategy plan, without its ending."""


def documents_of(subject: PackageSubject, formats: Collection[str]) -> tuple[PackageFile, ...]:
    """The documents in these formats: the strategy plan as a PDF, the draft in all others.

    The same subject gives the same bytes. Raises DocumentFailed.
    """
    page = page_of(subject.brief, subject.draft)
    made: Mapping[str, Callable[[], bytes]] = {
        PDF: lambda: pdf_of(strategy_content(subject.brief, subject.plan, subject.campaign)),
        MARKDOWN: lambda: _markdown_of(subject.draft),
        HTML: lambda: html_of(page),
        DOCX: lambda: docx_of(page, subject.draft),
    }
    wanted = [each for each in FORMATS if each in formats]
    title = safe_name(without_controls(subject.draft.title))
    names = unique_names(f"{STRATEGY if each == PDF else title}.{each}" for each in wanted)
    return tuple(
        PackageFile(name, FORMATS[each], each, made[each]())
        for name, each in zip(names, wanted, strict=True)
    )


def _markdown_of(draft: Draft) -> bytes:
    """The draft's body as it is, for whoever pastes it elsewhere."""
    return f"{without_controls(draft.body).rstrip()}\n".encode()
