"""The brand's rules: how a brief's words have to be put, and which of them may not be used."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Final

from orchestration.producers.briefs.material import Image, Material, Question, Quote
from orchestration.producers.qc.checking import normalized, phrase_pattern
from orchestration.producers.qc.guide import Guide
from orchestration.producers.qc.markup import MERGE_TAG
from orchestration.producers.qc.wording import BRACKETS, PLACEHOLDERS, TONE

_FULL_FORMS: Final = (
    (re.compile(r"\b(?i:(c)an['’]t)\b"), r"\1annot"),  # noqa: RUF001
    (re.compile(r"\b(?i:(w)on['’]t)\b"), r"\1ill not"),  # noqa: RUF001
    (re.compile(r"\b(?i:(sh)an['’]t)\b"), r"\1all not"),  # noqa: RUF001
    (re.compile(r"(?i)(?<=[a-z])n['’]t\b"), " not"),  # noqa: RUF001
    (re.compile(r"\b(?i:(let)['’]s)\b"), r"\1 us"),  # noqa: RUF001
    (re.compile(r"\b(?i:(it|that|there|what|who|he|she)['’]s)\b"), r"\1 is"),  # noqa: RUF001
    (re.compile(r"\b(?i:(you|they|we)['’]re)\b"), r"\1 are"),  # noqa: RUF001
    (re.compile(r"(?i)(?<=[a-z])['’]ve\b"), " have"),  # noqa: RUF001
    (re.compile(r"(?i)(?<=[a-z])['’]ll\b"), " will"),  # noqa: RUF001
    (re.compile(r"(?i)(?<=\bi)['’]m\b"), " am"),  # noqa: RUF001
)


# The pieces of a campaign have their texts in common, and patterns take most of the time.


@lru_cache(500)
def _is_unfinished(text: str) -> bool:
    return any(pattern.search(text) for pattern in (*PLACEHOLDERS, BRACKETS, MERGE_TAG))


@lru_cache(1_000)
def _found(rule: str, text: str) -> tuple[str, ...]:
    """What of the text breaks a rule of tone, in lower case."""
    return tuple(match[0].lower() for match in TONE[rule][0].finditer(text))


class Brand:
    """The rules for one draft: the brand's own, and what its last verdict asks for."""

    def __init__(
        self,
        guide: Guide,
        left_out: frozenset[str] = frozenset(),
        replacements: Mapping[str, str] | None = None,
    ) -> None:
        """`left_out` are texts, normalized, that may not occur any more, and `replacements` those
        that are put otherwise."""
        self.guide = guide
        self._left_out = left_out
        self._replacements = replacements or {}
        self._banned = [phrase_pattern(phrase) for phrase in guide.banned_phrases]
        self._names = {name.lower() for name in guide.names}

    def polished(self, text: str) -> str:
        """The text as the brand's tone wants it, where that changes no meaning."""
        for old, new in self._replacements.items():
            text = text.replace(old, new)
        avoided = self.guide.avoided
        if "exclamation_marks" in avoided and "!" in text:
            text = re.sub(r"[!?.]*![!?.]*", ".", text)
        if "emoji" in avoided and not text.isascii():
            text = " ".join(TONE["emoji"][0].sub(" ", text).replace("\ufe0f", "").split())
        if "contractions" in avoided:
            for short, full in _FULL_FORMS:
                text = short.sub(full, text)
        return text

    def refuses(self, text: str) -> bool:
        """Whether the text may not be used: it has a banned phrase, breaks a rule of tone, has a
        placeholder, or is what a verdict found fault with."""
        lowered = normalized(text) if self._banned or self._left_out else ""
        return (
            any(pattern.search(lowered) for pattern in self._banned)
            or any(each in lowered for each in self._left_out)
            or any(self._breaks(rule, text) for rule in self.guide.avoided)
            or _is_unfinished(text)
        )

    def _breaks(self, rule: str, text: str) -> bool:
        return any(found not in self._names for found in _found(rule, text))

    def applied(self, material: Material) -> Material:
        """The material, polished, without what may not be used."""
        changed: dict[str, object] = {}
        for each in fields(material):
            value = getattr(material, each.name)
            if each.name in _UNTOUCHED:
                continue
            if isinstance(value, str):
                changed[each.name] = "" if self.refuses(text := self.polished(value)) else text
            else:
                changed[each.name] = tuple(
                    part for item in value if (part := self._applied(item)) is not None
                )
        return replace(material, **changed)  # type: ignore[arg-type]

    def _applied(
        self, item: str | Quote | Question | Image
    ) -> str | Quote | Question | Image | None:
        """The item as it may be used; None: it may not. What people said isn't put otherwise."""
        match item:
            case Quote():
                return None if self.refuses(item.text) or self.refuses(item.by) else item
            case Question():
                item = Question(self.polished(item.question), self.polished(item.answer))
                return None if self.refuses(item.question) or self.refuses(item.answer) else item
            case Image():
                return None if self.refuses(item.alt) or self.refuses(item.address) else item
            case _:
                text = self.polished(item)
                return None if not text or self.refuses(text) else text


_UNTOUCHED: Final = frozenset({"website", "hashtags", "keywords", "channels"})
