"""All benchmarks of the built-in evaluator, in the order in which clients see them."""

from collections.abc import Mapping
from typing import Final

from orchestration.producers.qc import (
    accessibility,
    channels,
    duplicates,
    facts,
    language,
    links,
    scripts,
    social,
    structure,
    wording,
)
from orchestration.producers.qc.checking import Registered

REGISTERED: Final[tuple[Registered, ...]] = (
    structure.required_sections,
    structure.length,
    structure.heading_order,
    structure.call_to_action,
    wording.placeholders,
    wording.banned_phrases,
    wording.required_phrases,
    wording.tone,
    wording.doubled_words,
    wording.repeated_sentences,
    duplicates.near_duplicates,
    language.readability,
    language.long_sentences,
    language.spelling,
    facts.unsupported_claims,
    facts.past_dates,
    facts.impossible_dates,
    links.links,
    links.link_text,
    links.utm_parameters,
    accessibility.alt_texts,
    accessibility.color_contrast,
    channels.subject_length,
    channels.preheader_length,
    channels.email_weight,
    channels.unsubscribe,
    channels.legal_lines,
    social.social_limits,
    scripts.spoken_length,
)

BY_ID: Final[Mapping[str, Registered]] = {
    registered.benchmark.benchmark_id: registered for registered in REGISTERED
}
