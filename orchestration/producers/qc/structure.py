"""Checks of a draft's form: sections, length, headings, the call to action."""

import re
from collections.abc import Iterator
from typing import Final

from orchestration.producers.qc.checking import (
    CRITICAL,
    MAJOR,
    MINOR,
    WHOLE,
    Draft,
    Issue,
    benchmark,
    quoted,
)
from orchestration.producers.qc.guide import Range
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import MAX_CHARACTERS, Text

LENGTHS: Final = {
    Kind.BLOG_POST: Range(150, 2500),
    Kind.EMAIL: Range(40, 500),
    Kind.LANDING_PAGE: Range(80, 1200),
    Kind.SOCIAL_POST: Range(8, 400),
    Kind.VIDEO_SCRIPT: Range(50, 1500),
}
"""Words of each kind, where the brand's guidelines give no other range."""
FAR_BELOW: Final = 0.25
"""What has less than this share of the least is no draft of its kind."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Letters of scripts without spaces between words. Each may be a word."""

_VERBS: Final = (
    "accept|activate|add|adopt|answer|apply|arrange|ask|audition|bake|begin|bid|book|borrow|"
    "bring|browse|build|buy|calculate|call|cancel|catch|change|chat|check|choose|claim|click|"
    "collect|come|comment|compare|complete|configure|confirm|connect|consult|contact|"
    "continue|contribute|cook|create|cut|design|dial|dine|discover|donate|download|draw|"
    "drive|drop|eat|email|enquire|enrol|enroll|enter|estimate|experience|explore|feed|fetch|"
    "fill|find|fix|follow|forward|get|give|go|grab|grow|have your|head over|head to|help|"
    "hire|hit|hop|host|import|inquire|inspect|install|introduce|invite|join|learn|leave|lend|"
    "let|like us|listen|log|look|make|mark|measure|meet|mend|message|move|nominate|open|opt|"
    "order|paint|pass|pause|pay|phone|pick|pin|plan|plant|play|pledge|pop|post|pre-order|"
    "prebook|preorder|preview|print|protect|pull|put|raise|rate|reach|read|recommend|redeem|"
    "refer|refill|register|renew|rent|repair|reply|report|request|reserve|respond|return|"
    "review|ride|ring|rsvp|run|save|scan|schedule|scroll|search|secure|see|select|send|set|"
    "share|shop|show|sign|skip|snap|speak|sponsor|spread|start|stay|step|stop|stream|submit|"
    "subscribe|suggest|support|swap|swipe|switch|tag|take|talk|tap|taste|tell|test|text|tick|"
    "track|trade|travel|treat|try|tune|turn|unlock|upgrade|upload|use|view|visit|volunteer|"
    "vote|walk|wander|watch|wear|win|write"
)
_GERMAN_VERBS: Final = (
    r"abonnier|anfrag|anmeld|anruf|anschau|ansehen|antwort|bestell|besuch|bewirb|bewerb|buch|"
    r"entdeck|erfahr|erleb|finde|folg|fordere|frag|geh|genieß|gib|gebt|geben|hol|informier|"
    r"kauf|klick|komm|kontaktier|lad|lade|laden|lern|lies|lesen|mach|meld|nimm|nehmt|nehmen|"
    r"nutz|öffne|plan|probier|reservier|ruf|schau|schick|schreib|schreibt|schütz|"
    r"sicher|sieh|spar|spend|start|stell|such|teil|test|triff|vereinbar|verschenk|wähl|"
    r"wechsle|wechsel|zeig"
)
_ASKS_IN_GERMAN = re.compile(
    rf"\W*(?:(?:bitte|einfach|am besten|dann|und|oder|also|gleich|hier|heute|jetzt)[,:]?\s+){{0,2}}"
    rf"(?:{_GERMAN_VERBS})(?:e|en|t|et|st|le)?(?:\s|[.!:,→»]|$)"
    r"|\W*(?:jetzt|hier|gleich|heute|direkt|online|kostenlos|unverbindlich|termin|mehr|zur?m?)"
    r"\b[^.!?]{0,60}\b\w{2,20}(?:en|ern|eln)\W*$",
    re.IGNORECASE,
)
"""A German imperative at the beginning, or an infinitive at the end, as in “Jetzt anmelden”."""
_GERMAN_WORDS: Final = frozenset(
    {"und", "der", "das", "den", "ist", "wir", "ihr", "nicht", "mit", "für", "auf", "ein", "eine",
     "von", "zu", "zum", "zur", "im", "euch", "dich", "dein", "deine", "ihre", "jetzt"}
)  # fmt: skip
_GERMAN_SHARE: Final = 12
"""Of so many words more than one is of these in a German text, and in no other."""
_MAX_LOOKED_AT: Final = 300
_POLITE: Final = r"(?:(?:please|just|simply|then|so|or|and|now|today|ready\?)[,:]?\s+)?"
_ASKS = re.compile(rf"\W*{_POLITE}(?:{_VERBS})\b(?!ing)", re.IGNORECASE)
_CLOSING: Final = 5
"""The last so many sentences may hold the call to action, besides all links."""
_CLOSING_OF_EMAILS: Final = 8
"""Emails end with greetings and a footer."""


@benchmark(
    "required-sections",
    "Required sections",
    "The draft has a heading for each section that the brand requires of its content type.",
    severity=MAJOR,
    source="The brand's guidelines",
    settings="`requiredSections`: headings by content type.",
)
def required_sections(draft: Draft) -> Iterator[Issue]:
    present = [heading.text.lower() for heading in draft.text.headings]
    for section in draft.guide.required_sections:
        if not any(section.lower() in heading for heading in present):
            yield Issue(
                WHOLE,
                f"The section {quoted(section)} is missing.",
                f"Add a heading that says {quoted(section)}, with its text.",
            )


@benchmark(
    "length",
    "Length",
    "The draft has as many words as its content type should have. With less than a quarter of the "
    "least, or with no text at all, it's critical.",
    severity=MAJOR,
    source="Our own ranges: "
    + ", ".join(f"{kind} {least:,} to {most:,} words" for kind, (least, most) in LENGTHS.items()),
    settings="`length`: `[least, most]` words by content type.",
)
def length(draft: Draft) -> Iterator[Issue]:
    if draft.text.is_cut:
        yield Issue(
            WHOLE,
            f"The draft has more than {MAX_CHARACTERS:,} characters; the rest wasn't checked.",
            "Part it into several drafts.",
        )
        return
    if _is_empty(draft.text):
        yield Issue(WHOLE, "The draft has no text.", "Write the text.", CRITICAL)
        return
    wanted = draft.guide.length or LENGTHS.get(draft.kind)
    if wanted is None:
        return
    count = len(draft.text.words)
    if count < wanted.least:
        missing = wanted.least - count
        added = "1 word that tells" if missing == 1 else f"{missing:,} words that tell"
        yield Issue(
            WHOLE,
            f"The draft has {count:,} words, fewer than {wanted.least:,}.",
            f"Add about {added} the reader something new.",
            CRITICAL if _words_at_most(draft.text) < wanted.least * FAR_BELOW else None,
        )
    elif count > wanted.most:
        yield Issue(
            WHOLE,
            f"The draft has {count:,} words, more than {wanted.most:,}.",
            f"Cut about {count - wanted.most:,} words, repetitions first.",
        )


def _is_empty(text: Text) -> bool:
    """Whether there is neither a letter nor a digit, nor an image, which may show some."""
    return not text.images and not any(
        character.isalnum() for block in text.blocks for character in block.text
    )


def _words_at_most(text: Text) -> int:
    return len(text.words) + sum(len(_UNSPACED.findall(block.text)) for block in text.blocks)


@benchmark(
    "heading-order",
    "Order of headings",
    "Headings skip no level on the way down.",
    severity=MINOR,
    source="W3C, WCAG 2.2 (2023), 1.3.1 and technique G141",
    kinds=(Kind.BLOG_POST, Kind.LANDING_PAGE, Kind.EMAIL),
)
def heading_order(draft: Draft) -> Iterator[Issue]:
    before = None
    for heading in draft.text.headings:
        if before is not None and heading.level > before + 1:
            yield Issue(
                heading.section,
                f"A heading of level {heading.level} follows one of level {before}.",
                f"Make it a heading of level {before + 1}.",
            )
        before = heading.level


@benchmark(
    "call-to-action",
    "Call to action",
    "The text of a link, or a sentence near the end, asks the reader to do something, in English "
    "or German; in a post a link that is written out, or in the bio, does, too.",
    severity=MAJOR,
    source="Our own rule",
    kinds=(
        Kind.BLOG_POST,
        Kind.EMAIL,
        Kind.LANDING_PAGE,
        Kind.SOCIAL_POST,
        Kind.VIDEO_SCRIPT,
    ),
    settings="`callsToAction`: phrases, each of which counts as one anywhere.",
)
def call_to_action(draft: Draft) -> Iterator[Issue]:
    text = draft.text
    asks = _ASKS_IN_GERMAN if _is_german(draft) else _ASKS
    if asks is _ASKS and not draft.guide.is_english:
        return
    closing = _CLOSING_OF_EMAILS if draft.kind is Kind.EMAIL else _CLOSING
    is_asked = (
        any(phrase.lower() in draft.lowered for phrase in draft.guide.calls_to_action)
        or any(_is_call(link.text, asks) for link in text.links if "unsub" not in link.target)
        or (draft.kind is Kind.SOCIAL_POST and _has_address(text))
        or any(_asks(sentence.text, asks) for sentence in text.sentences[-closing:])
    )
    if not is_asked:
        yield Issue(
            text.blocks[-1].section if text.blocks else WHOLE,
            "Nothing asks the reader to do something.",
            "End with one step: a verb first, such as “Book a table”, and a link to do it.",
        )


_CUES = re.compile(r"^\W*(?:[A-Z][A-Z /]{1,30}|[A-Z][a-z]+(?: \d+)?):\s*")
_INFINITIVE = re.compile(r"\w{2}(?:en|ern|eln)\W*$")
_ADDRESS = re.compile(r"(?<![\w.@-])[a-z0-9-]{2,60}\.[a-z]{2,10}(?:/\w|(?![\w.]))")
_IN_BIO = re.compile(
    r"\blinks? (?:is |are )?in (?:the |my |our )?(?:bio|profile|comments)\b", re.IGNORECASE
)
_CLAUSES = re.compile(r"[,;:–—]\s+")  # noqa: RUF001
_FOOTER = re.compile(
    r"unsubscribe|preferences|you (?:get|got|receive|are receiving)|abmeld|abbestell|austrag|"
    r"\bab, |du (?:bekommst|erhältst)|sie (?:bekommen|erhalten)",
    re.IGNORECASE,
)


def _asks(sentence: str, asks: re.Pattern[str]) -> bool:
    """Whether the sentence, or a clause of it, begins by a verb that asks for something.

    What is said about unsubscribing is no call.
    """
    if _FOOTER.search(sentence):
        return False
    return any(map(asks.match, _CLAUSES.split(_CUES.sub("", sentence))))


def _is_call(text: str, asks: re.Pattern[str]) -> bool:
    """Whether the text of a link asks for something, in German by an infinitive, too."""
    if asks is _ASKS_IN_GERMAN and _INFINITIVE.search(text) and not _FOOTER.search(text):
        return True
    return asks.match(text) is not None


def _has_address(text: Text) -> bool:
    """Whether an address is written out, or the text says where it is."""
    return any(link.text == link.target for link in text.links) or any(
        _ADDRESS.search(block.text) or _IN_BIO.search(block.text) for block in text.blocks
    )


def _is_german(draft: Draft) -> bool:
    """Whether the draft is German, by its language or by its words."""
    if draft.guide.language.lower().startswith("de"):
        return True
    words = draft.text.words[:_MAX_LOOKED_AT]
    german = sum(1 for word in words if word.lower() in _GERMAN_WORDS)
    return german > len(words) / _GERMAN_SHARE
