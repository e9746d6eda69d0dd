"""The brand's rules: how a brief's words have to be put, and which of them may not be used."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Final

from orchestration.producers.briefs.material import Image, Material, Question, Quote
from orchestration.producers.qc.checking import normalized, phrase_pattern
from orchestration.producers.qc.guide import Guide
from orchestration.producers.qc.wording import MERGE_TAGS, PLACEHOLDERS, TONE

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


@dataclass(frozen=True, slots=True)
class Brand:
    """The rules for one draft: the brand's own, and what its last verdict asks for."""

    guide: Guide
    left_out: frozenset[str] = field(default=frozenset())
    """Texts that may not occur any more, normalized."""
    replacements: Mapping[str, str] = field(default_factory=dict)
    """Texts that are put in other words."""

    def polished(self, text: str) -> str:
        """The text as the brand's tone wants it, where that changes no meaning."""
        for old, new in self.replacements.items():
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
        lowered = normalized(text)
        return (
            any(pattern.search(lowered) for pattern in self._banned())
            or any(each in lowered for each in self.left_out)
            or any(self._breaks(rule, text) for rule in self.guide.avoided)
            or any(pattern.search(text) for pattern in (*PLACEHOLDERS, MERGE_TAGS))
        )

    def _banned(self) -> Iterable[re.Pattern[str]]:
        return map(phrase_pattern, self.guide.banned_phrases)

    def _breaks(self, rule: str, text: str) -> bool:
        names = {name.lower() for name in self.guide.names}
        return any(match[0].lower() not in names for match in TONE[rule][0].finditer(text))

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
