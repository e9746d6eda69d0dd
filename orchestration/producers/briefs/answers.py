"""A brief's responses, which are JSON of any shape, by the fields that producers look for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from orchestration.producers.briefs.fields import Field, field_of, words_of_key
from orchestration.producers.briefs.markup import shown
from orchestration.producers.briefs.phrases import (
    clean,
    is_absent,
    is_note,
    items_of,
    lines_of,
    points_of,
    sentences_of,
)
from orchestration.producers.texts import number_text

MAX_VALUES: Final = 2_000
"""So many values of the responses are read, and so many characters of all of them."""
MAX_CHARACTERS: Final = 100_000
MAX_ITEMS: Final = 40
"""So many items of a field are used."""

_LABELS: Final = ("question", "label", "key", "field", "name", "title")
_VALUES: Final = ("answer", "value", "response", "answers", "text")
_OWN_NAMES: Final = frozenset({"name", "title", "text", "value", "items", "list", "answer"})
"""Keys that tell nothing of a field below one: `product: {name: …}`."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a brief: what isn't found is empty, and nothing is made up."""

    values: Mapping[Field, Sequence[object]]
    """Texts, numbers and objects, in the order of the responses."""

    @classmethod
    def of(cls, responses: Mapping[str, object]) -> "Answers":
        found = dict[Field, list[object]]()
        characters = 0
        for field, value in islice(_walked(responses, None), MAX_VALUES):
            characters += len(value) if isinstance(value, str) else 0
            if characters > MAX_CHARACTERS:
                break
            found.setdefault(field, []).append(shown(value))
        return cls(found)

    def texts(self, field: Field) -> tuple[str, ...]:
        """Whole texts, each clean."""
        return self._unique(clean(text) for text in self._given(field))

    def text(self, field: Field) -> str:
        """The first text, or nothing."""
        return next(iter(self.texts(field)), "")

    def items(self, field: Field) -> tuple[str, ...]:
        """The items of lists, and of texts that list some; each as often as it's listed."""
        found = (item for text in self._given(field) for item in items_of(text))
        return tuple(islice(found, MAX_ITEMS))

    def points(self, field: Field) -> tuple[str, ...]:
        return self._for_all(point for text in self._given(field) for point in points_of(text))

    def lines(self, field: Field) -> tuple[str, ...]:
        return self._for_all(line for text in self._given(field) for line in lines_of(text))

    def sentences(self, field: Field) -> tuple[str, ...]:
        return self._for_all(part for text in self._given(field) for part in sentences_of(text))

    def objects(self, field: Field) -> tuple[Mapping[str, object], ...]:
        """The answers that are objects."""
        return tuple(v for v in self.values.get(field, ()) if isinstance(v, Mapping))[:MAX_ITEMS]

    def _given(self, field: Field) -> Iterator[str]:
        for value in self.values.get(field, ()):
            if isinstance(value, str):
                yield value
            elif isinstance(value, int | float) and not isinstance(value, bool):
                yield number_text(value)

    def _for_all(self, texts: Iterator[str]) -> tuple[str, ...]:
        """The texts without those that are notes to the agency."""
        return self._unique(text for text in texts if not is_note(text))

    @staticmethod
    def _unique(texts: Iterator[str]) -> tuple[str, ...]:
        said = dict[str, str]()
        for text in texts:
            if not is_absent(text):
                said.setdefault(text.casefold(), text)
        return tuple(said.values())[:MAX_ITEMS]


_KEPT_WHOLE: Final = frozenset(
    {Field.COLORS, Field.UTM, Field.SECTIONS, Field.LENGTH, Field.READING_EASE}
)
"""Fields whose values mean something only as the JSON that they are."""
_OF_OBJECTS: Final = frozenset({Field.QUESTIONS, Field.QUOTES, Field.IMAGES})
"""Fields whose items may be objects of several texts."""
_WITH_DETAILS: Final = frozenset(
    {Field.AUDIENCE, Field.FEATURES, Field.PRICE, Field.BUDGET, Field.PROOF, Field.TIMELINE}
)
"""Fields of which an object's members are details, with names that matter."""
_OF_DETAILS_ALONE: Final = frozenset({Field.BUDGET})
"""Of these, no member is a field of its own: what a budget has for `media` are no channels."""
_CURRENCY: Final = "currency"
"""The member of prices that says what money the others are in."""
_NUMERAL = re.compile(r"\d{1,12}(?:[.,]\d{1,3}){0,4}")
_BY_CONTENT_TYPE: Final = frozenset({Field.REQUIRED, Field.LEGAL})
_TAKEN_WHOLE: Final = frozenset(
    {*_KEPT_WHOLE, *_OF_OBJECTS, *_WITH_DETAILS, *_BY_CONTENT_TYPE, Field.INTERNAL}
)
"""Fields that take all that is in their objects, or nothing."""


def _walked(value: object, field: Field | None) -> Iterator[tuple[Field, object]]:
    """Each value with its field, in order. The depth of stored JSON is bounded."""
    if field is Field.INTERNAL:
        return
    if field in _KEPT_WHOLE:
        yield field, value
    elif isinstance(value, Mapping):
        yield from _of_object(value, field)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walked(item, field)
    elif field is not None and value is not None and not isinstance(value, bool):
        yield field, value


def _of_object(value: Mapping[str, object], field: Field | None) -> Iterator[tuple[Field, object]]:
    if field in _OF_OBJECTS or field in _BY_CONTENT_TYPE:
        yield field, value
        return
    if (pair := _labelled(value)) is not None and (named := field_of(pair[0])) is not None:
        yield from _walked(pair[1], named)
        return
    given = value.get(_CURRENCY) if field is Field.PRICE else None
    currency = given if isinstance(given, str) else ""
    for key, inner in value.items():
        if field is not None and words_of_key(key) in _OWN_NAMES:
            yield from _walked(inner, field)
        elif field is not None and field in _OF_DETAILS_ALONE:
            yield from _named(key, inner, field)
        elif field is Field.ACTION and field_of(key) is Field.WEBSITE:
            yield from _walked(inner, field)
        elif field is Field.DELIVERABLES and isinstance(inner, int):
            yield from _pieces(key, inner)
        elif currency and key == _CURRENCY:
            continue  # it stands beside the amounts
        elif currency and (amount := _amount(inner)):
            yield from _named(key, f"{amount} {currency}", Field.PRICE)
        elif (named := field_of(key)) is not None:
            yield from _walked(inner, named)
        elif field is not None and field in _WITH_DETAILS:
            yield from _named(key, inner, field)
        else:
            yield from _walked(inner, None)


def _named(key: str, value: object, field: Field) -> Iterator[tuple[Field, object]]:
    """A detail of a field, such as `age` of the audience, with its name before it. A list of texts
    is one detail."""
    name = words_of_key(key)
    if value is True:
        yield field, name
    elif isinstance(value, str) and not is_absent(value):
        yield field, f"{name}: {value}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield field, f"{name}: {number_text(value)}"
    elif isinstance(value, list) and (texts := _said(value)):
        yield field, f"{name}: {', '.join(texts)}"
    else:
        yield from _walked(value, field)


def _pieces(kind: str, count: int) -> Iterator[tuple[Field, object]]:
    """So many of a kind of content, as in `blogPosts: 2`; true: one, or some."""
    if count:
        name = words_of_key(kind)
        yield Field.DELIVERABLES, name if count is True else f"{count} {name}"


def _amount(value: object) -> str:
    """A price without its currency; empty: it's another value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return value.strip() if isinstance(value, str) and _NUMERAL.fullmatch(value.strip()) else ""


def _said(values: Sequence[object]) -> list[str]:
    """The texts of a list that has nothing else; empty: it has."""
    texts = [each for each in values if isinstance(each, str)]
    return [each for each in texts if not is_absent(each)] if len(texts) == len(values) else []


def unread_in(value: object, field: Field | None = None) -> Iterator[str]:
    """The names of the answers that no field takes, as they are in the responses, in order.
    `field`: the one that the value is below."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from unread_in(item, field)
    elif isinstance(value, Mapping) and field not in _TAKEN_WHOLE:
        pair = _labelled(value) if "question" in value or "label" in value else None
        for key, inner in (pair,) if pair is not None else value.items():
            named = field_of(key) or (field if words_of_key(key) in _OWN_NAMES else None)
            if named is None and _says_something(inner):
                if field is not Field.DELIVERABLES or isinstance(inner, str | list):
                    yield key
            else:
                yield from unread_in(inner, named)


def _says_something(value: object) -> bool:
    """Whether it's a text or a number, or a list of some, with a meaning."""
    if isinstance(value, list | tuple):
        return any(map(_says_something, value))
    if isinstance(value, str):
        return not is_absent(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _labelled(value: Mapping[str, object]) -> tuple[str, object] | None:
    """The question and the answer of an object that is such a pair, as forms send them."""
    label = next((value[key] for key in _LABELS if key in value), None)
    answer = next((value[key] for key in _VALUES if key in value), None)
    return (label, answer) if isinstance(label, str) and answer is not None else None
