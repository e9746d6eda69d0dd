"""The built-in generator of drafts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from domain.onboarding import Brief
from domain.production import SaveDraft
from domain.validation import NAME_LENGTH
from orchestration.producers.briefs.material import Material, material_of
from orchestration.producers.briefs.phrases import clean, is_absent
from orchestration.producers.drafts.amendments import MENDED, Amendments, amendments_of, understood
from orchestration.producers.drafts.brand import Brand
from orchestration.producers.drafts.links import action_of, slug_of, tagged
from orchestration.producers.drafts.pages import email_of, page_of
from orchestration.producers.drafts.place import count_of, own_part
from orchestration.producers.drafts.posts import post_of
from orchestration.producers.drafts.scripts import script_of, seconds_in
from orchestration.producers.drafts.sections import changed_texts, parted
from orchestration.producers.drafts.writing import Writing, Written
from orchestration.producers.ports import DraftSubject
from orchestration.producers.qc.guide import Guide
from orchestration.producers.qc.kinds import Kind, channel_of, kind_of

_WRITERS: Final[Mapping[Kind, Callable[[Writing], Written]]] = {
    Kind.BLOG_POST: page_of,
    Kind.LANDING_PAGE: page_of,
    Kind.EMAIL: email_of,
    Kind.SOCIAL_POST: post_of,
    Kind.VIDEO_SCRIPT: script_of,
}


class BuiltInDraftGenerator:
    """A `DraftGenerator` of templates: the same subject always gets the same draft.

    It works in a thread, since the first draft loads the templates.
    """

    async def write(self, subject: DraftSubject) -> SaveDraft:
        return await asyncio.to_thread(draft_of, subject)


def draft_of(subject: DraftSubject) -> SaveDraft:
    """The draft of the subject's tactic. A content type that isn't known is written as a page."""
    tactic, campaign = subject.tactic, subject.campaign
    kind = kind_of(tactic.content_type)
    if kind not in _WRITERS:
        kind = Kind.LANDING_PAGE
    mended = understood(subject.verdict, subject.previous)
    amendments = amendments_of(mended)
    guidelines = subject.brief.brand_guidelines.to_python()
    guide = _cleaned(Guide.of(guidelines, kind))
    brand = Brand(guide, amendments.left_out, dict(amendments.undoubled))
    material = brand.applied(_readable(material_of(subject.brief), amendments))
    title = _title(brand.polished(clean(tactic.title)), material, brand, tactic.content_type)
    part = own_part(
        material,
        kind,
        replace(tactic, title=title),
        campaign,
        None if amendments.uses_all else amendments.variant,
    )
    address = material.website if amendments.has_links else ""
    address = tagged(address, kind, clean(tactic.channel), clean(campaign.name), guide.utm)
    body, found = _WRITERS[kind](
        Writing(
            kind,
            title,
            part,
            brand,
            amendments,
            action_of(material, brand, address),
            channel_of(tactic.channel, tactic.content_type) if kind is Kind.SOCIAL_POST else None,
            _seconds(subject.brief) if kind is Kind.VIDEO_SCRIPT else None,
            count_of(Kind.BLOG_POST, campaign),
        )
    )
    metadata: dict[str, object] = {
        "language": guide.language,
        "channel": clean(tactic.channel),
        "campaign": slug_of(clean(campaign.name)),
        **found,
    }
    if material.keywords and kind in {Kind.BLOG_POST, Kind.LANDING_PAGE}:
        metadata["keywords"] = list(material.keywords)
    if mended:
        metadata[MENDED] = [list(each) for each in mended]
    return SaveDraft(
        strategy_id=subject.plan.strategy_id,
        campaign_id=campaign.campaign_id,
        content_type=tactic.content_type,
        title=title,
        body=body,
        metadata=metadata,
    )


def _cleaned(guide: Guide) -> Guide:
    """The guidelines' own words, which stand in drafts as those of the brief do."""

    def cleaned(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(text for each in texts if not is_absent(text := clean(each)))

    return replace(
        guide,
        required_phrases=cleaned(guide.required_phrases),
        required_sections=cleaned(guide.required_sections),
        legal_lines=cleaned(guide.legal_lines),
        calls_to_action=cleaned(guide.calls_to_action),
    )


def _readable(material: Material, amendments: Amendments) -> Material:
    if not amendments.parts_sentences:
        return material
    changes: Mapping[str, tuple[str, ...]] = changed_texts(material, parted)
    return replace(material, **changes)  # type: ignore[arg-type]


def _title(title: str, material: Material, brand: Brand, content_type: str) -> str:
    """The tactic's title, unless the brand refuses it: then the first headline of the brief, or
    what the piece is about."""
    candidates = (title, *material.headlines, material.subject)
    usable = (each for each in candidates if not is_absent(each) and not brand.refuses(each))
    return (next(usable, "") or clean(content_type) or "Draft")[:NAME_LENGTH].strip()


def _seconds(brief: Brief) -> int | None:
    """The length of the video that the brief's deliverables name."""
    for text in brief.scope.deliverables if brief.scope is not None else ():
        if kind_of(text) is Kind.VIDEO_SCRIPT and (seconds := seconds_in(text)) is not None:
            return seconds
    return None
