"""What goes to a client, complete, with each part to be changed; and how its documents are read."""

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as OpenDocument
from pypdf import PdfReader

from domain.json_object import JsonObject
from orchestration.producers.packager.documents import FORMATS, documents_of
from orchestration.producers.packager.docx import docx_of
from orchestration.producers.packager.drafts import Page, page_of
from orchestration.producers.packager.html import html_of
from orchestration.producers.packager.pdf import pdf_of, shown_plan
from orchestration.producers.packager.strategy import strategy_content
from orchestration.producers.ports import PackageFile, PackageSubject
from tests import builders as build


def subject(
    body: str = "# Bread\n\nIt takes time.", title: str = "Bread", **parts: Any
) -> PackageSubject:
    """With changes of the brief, the plan, the campaign, the draft by their names."""
    given = {"body": body, "title": title} | parts.get("draft", {})
    return PackageSubject(
        brief=build.brief(**parts.get("brief", {})),
        plan=build.plan(**parts.get("plan", {})),
        campaign=build.campaign(**parts.get("campaign", {})),
        draft=build.draft(**given),
        verdict=build.result(),
    )


def documents(of: PackageSubject) -> Sequence[PackageFile]:
    return documents_of(of, FORMATS)


def pdf(of: PackageSubject) -> PdfReader:
    return PdfReader(
        io.BytesIO(pdf_of(shown_plan(strategy_content(of.brief, of.plan, of.campaign))))
    )


def pdf_text(of: PackageSubject) -> str:
    """The text of all pages but the first, which has the title; white space counts once."""
    return " ".join(" ".join(page.extract_text() for page in pdf(of).pages[1:]).split())


def page(body: str, **draft: Any) -> Page:
    made = subject(body, draft=draft)
    return page_of(made.brief, made.draft)


def html(body: str, **draft: Any) -> str:
    return html_of(page(body, **draft)).decode()


def docx(body: str, **draft: Any) -> OpenDocument:
    return Document(io.BytesIO(docx_of(page(body, **draft), subject(body, draft=draft).draft)))


def metadata(**values: object) -> JsonObject:
    return JsonObject.of(values)
