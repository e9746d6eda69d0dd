"""Blog posts, landing pages and emails: sections of the brief's points."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence, headline_of
from orchestration.producers.drafts.markdown import UNSUBSCRIBE, Markdown, image
from orchestration.producers.drafts.sections import Outline, Said, sections_of
from orchestration.producers.drafts.writing import Writing, Written, body_of
from orchestration.producers.qc.channels import MAX_SUBJECT, PREHEADER
from orchestration.producers.qc.checking import normalized
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import words_of

_OUTLINES: Final[Mapping[Kind, tuple[Outline, ...]]] = {
    Kind.BLOG_POST: (
        Outline("opening", 8, 1),
        Outline("problems", 5, 2),
        Outline("story", 8, 7),
        Outline("audience", 4, 2),
        Outline("gains", 10, 3),
        Outline("features", 12, 6),
        Outline("steps", 8, 4),
        Outline("proof", 6, 3),
        Outline("quotes", 2, 5),
        Outline("questions", 6, 8),
        Outline("price", 5, 2),
    ),
    Kind.LANDING_PAGE: (
        Outline("opening", 2, 1),
        Outline("audience", 4, 5),
        Outline("benefits", 6, 2, is_list=True),
        Outline("features", 12, 2),
        Outline("steps", 6, 3),
        Outline("proof", 3, 5),
        Outline("quotes", 1, 6),
        Outline("questions", 3, 7),
        Outline("price", 3, 1),
    ),
    Kind.EMAIL: (
        Outline("problems", 1, 3),
        Outline("opening", 2, 2),
        Outline("benefits", 3, 4, is_list=True),
        Outline("proof", 1, 5),
        Outline("quotes", 1, 6),
        Outline("offer", 2, 1),
    ),
}


def page_of(writing: Writing) -> Written:
    """A blog post or a landing page."""
    sections = sections_of(
        writing.material,
        _OUTLINES[writing.kind],
        writing.required_sections,
        Said([writing.title]),
        writing.room,
    )
    leads = bool(sections) and sections[-1].key == "price"
    context: dict[str, object] = {
        "title": writing.title,
        "sections": sections,
        "images": _images(writing),
        "next_heading": "" if leads or not sections else "The next step",
        "repeats_action": len(sections) > 2 and len(words_of(writing.action.label)) < _REPEATED,
    }
    return Written(body_of(writing, context, writing.title), {})


_REPEATED: Final = 5
"""A call to action of fewer words may stand at both ends of a page."""


def _images(writing: Writing) -> tuple[Markdown, ...]:
    if not writing.amendments.has_images:
        return ()
    return tuple(image(each.alt, each.address) for each in writing.material.images[:1])


def email_of(writing: Writing) -> Written:
    """An email, with its subject and preheader in the metadata."""
    material = writing.material
    subject = _subject(writing)
    said = Said([subject], is_shown=False)
    sections = sections_of(
        material, _OUTLINES[Kind.EMAIL], writing.required_sections, said, writing.room
    )
    unheaded = tuple(
        each if each.heading in writing.required_sections else each.without_heading()
        for each in sections
    )
    preheader = _preheader(material, subject)
    context: dict[str, object] = {
        "sections": unheaded,
        "company": material.company,
        "address": material.address,
        "unsubscribe": Markdown(UNSUBSCRIBE),
    }
    body = body_of(writing, context, subject, preheader)
    found = {"subject": subject, "preheader": preheader}
    return Written(body, {key: value for key, value in found.items() if value})


def _subject(writing: Writing) -> str:
    """The title, if it's short enough, else the first headline that is, else what the piece is
    about; else the title's words, as many as there is room for."""
    for text in (writing.title, *writing.material.headlines, writing.material.subject):
        if subject := headline_of(text, MAX_SUBJECT):
            return subject
    return writing.title[:MAX_SUBJECT].rpartition(" ")[0] or writing.title[:MAX_SUBJECT]


def _preheader(material: Material, subject: str) -> str:
    """The first sentence that is as long as a preheader is and not the subject, else the first two
    that are together; else nothing."""
    least, most = PREHEADER
    sentences = [
        as_sentence(each)
        for each in (
            *material.offer,
            *material.benefits,
            *material.messages,
            *material.description,
            *material.problems,
        )
        if normalized(subject.rstrip(".")) not in normalized(each)
    ]
    for text in (*sentences, *map(" ".join, pairwise(sentences))):
        if least <= len(text) <= most:
            return text
    return ""
