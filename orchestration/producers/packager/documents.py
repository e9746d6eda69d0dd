"""The documents of a package: which there are, what they are called, and what makes them."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from domain.production import Draft
from files.names import safe_name, unique_names
from orchestration.producers.packager.docx import docx_of
from orchestration.producers.packager.drafts import page_of
from orchestration.producers.packager.html import html_of
from orchestration.producers.packager.pdf import pdf_of, shown_plan
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
MAX_DRAFT_CHARACTERS: Final = 200_000
"""A draft with more comes as Markdown alone. It's the same as what checks of drafts read."""
MAX_PLAN_CHARACTERS: Final = 2_000_000
"""Of a plan with more, some five hundred pages, there is no PDF."""
_STRATEGY: Final = "strategy"
"""The name of the strategy plan, without its ending."""


def documents_of(subject: PackageSubject, formats: Collection[str]) -> tuple[PackageFile, ...]:
    """The documents in these formats: the strategy plan as a PDF, the draft in all others.

    The same subject gives the same bytes. Raises DocumentFailed.
    """
    made = dict(_contents(subject, formats))
    title = safe_name(without_controls(subject.draft.title))
    names = unique_names(f"{_STRATEGY if each == PDF else title}.{each}" for each in made)
    return tuple(
        PackageFile(name, FORMATS[each], each, content)
        for name, (each, content) in zip(names, made.items(), strict=True)
    )


def _contents(subject: PackageSubject, formats: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The documents by their formats, in the order of these."""
    draft = subject.draft
    if PDF in formats:
        plan = shown_plan(strategy_content(subject.brief, subject.plan, subject.campaign))
        if len(plan) <= MAX_PLAN_CHARACTERS:
            yield PDF, pdf_of(plan)
    if MARKDOWN in formats:
        yield MARKDOWN, _markdown_of(draft)
    if len(draft.body) <= MAX_DRAFT_CHARACTERS:
        page = page_of(subject.brief, draft)
        if HTML in formats:
            yield HTML, html_of(page)
        if DOCX in formats:
            yield DOCX, docx_of(page, draft)


def _markdown_of(draft: Draft) -> bytes:
    """The draft's body as it is, for whoever pastes it elsewhere."""
    return f"{without_controls(draft.body).rstrip()}\n".encode()
