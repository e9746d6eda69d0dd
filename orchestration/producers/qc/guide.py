"""The brand's rules, out of a brief's `brandGuidelines`.

All keys are optional. Unknown keys, and values of another kind than documented, are ignored: the
guidelines are the agency's own JSON, and a check that stops at it would help nobody.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestration.producers.qc.kinds import Kind, kind_of

NEVER: Final[Mapping[str, str]] = {
    "exclamation marks": "exclamation_marks",
    "exclamation points": "exclamation_marks",
    "superlatives": "superlatives",
    "emoji": "emoji",
    "emojis": "emoji",
    "contractions": "contractions",
    "all caps": "all_caps",
    "capitals": "all_caps",
    "rhetorical questions": "questions",
    "questions": "questions",
    "first person singular": "first_person",
}
"""What the list `never` may name besides phrases, and the rule of tone that it means."""

_MAX: Final = 1_000_000
"""Numbers of such a size are no number of words, and no ease of reading."""
_COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


class Range(NamedTuple):
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Guide:
    """The rules for drafts of one kind. Phrases are compared without regard to case."""

    banned_phrases: tuple[str, ...]
    required_phrases: tuple[str, ...]
    avoided: frozenset[str]
    """Rules of tone, by the names that `NEVER` maps to."""
    names: tuple[str, ...]
    language: str
    required_sections: tuple[str, ...]
    length: Range | None
    reading_ease: float | None
    color_pairs: tuple[tuple[str, str], ...]
    legal_lines: tuple[str, ...]
    calls_to_action: tuple[str, ...]
    claims: tuple[str, ...]
    utm: Mapping[str, str]

    @classmethod
    def of(cls, guidelines: Mapping[str, object], kind: Kind, language: str = "") -> "Guide":
        """`language` is the draft's own, where it says one."""
        never = _texts(guidelines.get("never"))
        rules = {text: NEVER.get(text.strip().lower()) for text in never}
        phrases = [text for text, rule in rules.items() if rule is None]
        return cls(
            banned_phrases=(*_texts(guidelines.get("bannedPhrases")), *phrases),
            required_phrases=_texts_of(guidelines.get("requiredPhrases"), kind),
            avoided=frozenset(rule for rule in rules.values() if rule is not None),
            names=_texts(guidelines.get("names")),
            language=language or _text(guidelines.get("language")) or "en",
            required_sections=_texts_of(_by_kind(guidelines.get("requiredSections")), kind),
            length=_range(_value_of(_by_kind(guidelines.get("length")), kind)),
            reading_ease=_number(_value_of(guidelines.get("readingEase"), kind)),
            color_pairs=tuple(_color_pairs(guidelines.get("colors"))),
            legal_lines=_texts_of(guidelines.get("legalLines"), kind),
            calls_to_action=_texts(guidelines.get("callsToAction")),
            claims=_texts(guidelines.get("claims")),
            utm=_text_map(guidelines.get("utm")),
        )

    @property
    def is_english(self) -> bool:
        return self.language.lower().split("-")[0] == "en"


def _by_kind(value: object) -> object:
    """The value if it's an object by content type; what has to be one fits no draft else."""
    return value if isinstance(value, Mapping) else {}


def _values_of(value: object, kind: Kind) -> Sequence[object]:
    """Of an object those of `all` and of the kind, the kind's last; else the value itself."""
    if not isinstance(value, Mapping):
        return [value]
    for_all = [item for key, item in value.items() if key == "all"]
    return [*for_all, *(item for key, item in value.items() if _is_of(key, kind))]


def _is_of(key: object, kind: Kind) -> bool:
    return key != "all" and kind is not Kind.OTHER and kind_of(str(key)) is kind


def _value_of(value: object, kind: Kind) -> object:
    return next(reversed(_values_of(value, kind)), None)


def _texts_of(value: object, kind: Kind) -> tuple[str, ...]:
    return tuple(text for item in _values_of(value, kind) for text in _texts(item))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items: Sequence[object] = [value] if isinstance(value, str) else ()
    if isinstance(value, list | tuple):
        items = value
    return tuple(item.strip() for item in items if isinstance(item, str) and item.strip())


def _text_map(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): item for key, item in value.items() if isinstance(item, str) and item}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MAX:
        return None  # NaN and infinity, too
    return float(value)


def _range(value: object) -> Range | None:
    match value:
        case [int(least), int(most)] if 0 <= least <= most < _MAX:
            return Range(least, most)
    return None


def _color_pairs(value: object) -> Iterator[tuple[str, str]]:
    """Each text colour on its background: `text` on `background`, and those of `pairs`."""
    if not isinstance(value, Mapping):
        return
    pairs: list[object] = [[value.get("text"), value.get("background")]]
    if isinstance(more := value.get("pairs"), list):
        pairs += more
    for pair in pairs:
        match pair:
            case [str(text), str(background)] if _COLOR.fullmatch(text) and _COLOR.fullmatch(
                background
            ):
                yield text, background
