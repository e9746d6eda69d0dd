"""What copy may be made of: those answers of a brief that are for the public."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from domain.onboarding import Brief
from orchestration.producers.briefs.answers import MAX_ITEMS, Answers
from orchestration.producers.briefs.fields import Field
from orchestration.producers.briefs.phrases import (
    MAX_HEADLINE,
    capitalized,
    clean,
    headline_of,
    is_absent,
    is_for_print,
    is_sentence,
)
from orchestration.producers.qc.text import split_sentences
from orchestration.producers.texts import texts_of


class Quote(NamedTuple):
    text: str
    by: str


class Question(NamedTuple):
    question: str
    answer: str


class Image(NamedTuple):
    address: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The words of a brief for the public, each clean and in the order of the brief.

    What the agency and its client say among each other, such as objectives, budgets and rivals, is
    no part of it.
    """

    company: str
    product: str
    audience: str
    description: tuple[str, ...]
    story: tuple[str, ...]
    problems: tuple[str, ...]
    messages: tuple[str, ...]
    topics: tuple[str, ...]
    benefits: tuple[str, ...]
    features: tuple[str, ...]
    steps: tuple[str, ...]
    proof: tuple[str, ...]
    price: tuple[str, ...]
    offer: tuple[str, ...]
    quotes: tuple[Quote, ...]
    questions: tuple[Question, ...]
    images: tuple[Image, ...]
    actions: tuple[str, ...]
    channels: tuple[str, ...]
    """Those that the brief names."""
    keywords: tuple[str, ...]
    hashtags: tuple[str, ...]
    address: str
    website: str
    """An absolute address that is safe in Markdown; empty: the brief has none."""

    @property
    def subject(self) -> str:
        """What the copy is about: the product, else the company, else the website; may be
        empty."""
        return self.product or self.company or self.host

    @property
    def host(self) -> str:
        """The website's name, without `www.`; may be empty."""
        return (urlsplit(self.website).hostname or "").removeprefix("www.")

    @property
    def words(self) -> int:
        """How many words there are to write with."""
        parts = chain(
            self.description, self.story, self.problems, self.messages, self.benefits,
            self.features, self.steps, self.proof, self.price, self.offer,
            *self.quotes, *self.questions,
        )  # fmt: skip
        return sum(len(part.split()) for part in parts)

    @property
    def headlines(self) -> tuple[str, ...]:
        """All that can stand as a title, the most fitting first, each once."""
        candidates = chain(self.topics, self.messages, self.benefits, self.problems, self.offer)
        found = (capitalized(headline_of(text)) for text in candidates)
        return tuple(dict.fromkeys(text for text in found if text))


@lru_cache(8)
def material_of(brief: Brief) -> Material:
    """The material of a brief, with the audience as it was normalised.

    It's kept for the latest briefs, since all pieces of a campaign are written from one.
    """
    answers = Answers.of(brief.responses.to_python())
    questions, quotes = tuple(_questions(answers)), tuple(_quotes(answers))
    company = company_of(answers)
    product = answers.text(Field.PRODUCT)
    name = headline_of(product) if not is_sentence(product) else ""
    return Material(
        company=company,
        product=name,
        audience=clean(brief.target_audience or ""),
        description=_printed(_description(answers, company, name)),
        story=_printed(answers.sentences(Field.STORY)),
        problems=tuple(_problems(answers)),
        messages=_printed(
            _unique(
                part.strip()
                for text in answers.sentences(Field.MESSAGES)
                for part in text.split(" / ")
            )
        ),
        topics=answers.lines(Field.TOPICS),
        benefits=_printed(_points(answers, Field.BENEFITS)),
        features=_printed(_points(answers, Field.FEATURES)),
        steps=_points(answers, Field.STEPS),
        proof=_printed(
            _unique((*answers.sentences(Field.PROOF), *answers.sentences(Field.CLAIMS)))
        ),
        price=answers.sentences(Field.PRICE),
        offer=answers.sentences(Field.OFFER),
        quotes=quotes[:MAX_ITEMS],
        questions=questions[:MAX_ITEMS],
        images=tuple(_images(answers))[:MAX_ITEMS],
        actions=tuple(actions_of(answers)),
        channels=_unique(answers.items(Field.CHANNELS)),
        keywords=_unique(
            item for item in answers.items(Field.KEYWORDS) if len(item) <= _MAX_KEYWORD
        ),
        hashtags=tuple(_hashtags(answers)),
        address=answers.text(Field.ADDRESS),
        website=next(_addresses(answers), ""),
    )


_MAX_KEYWORD: Final = 60


def _printed(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(is_for_print, texts))


_OF_THEM = re.compile(r"(?:they|them|their|he|she|his|her)\b", re.IGNORECASE)
_MIN_WORDS: Final = 2


def _problems(answers: Answers) -> Iterator[str]:
    """The problems in sentences. Notes of a word are left out, and what is said of `them`
    before anybody is named."""
    is_named = False
    for text in _printed(answers.sentences(Field.PROBLEMS)):
        is_enough = len(text.split()) >= _MIN_WORDS
        is_named = is_named or (is_enough and not _OF_THEM.match(text))
        if is_enough and is_named:
            yield text


def company_of(answers: Answers) -> str:
    """The company's name; empty where what stands in its place is no name but a text."""
    return next(filter(_is_name, answers.texts(Field.COMPANY)), "").rstrip(".… ")


def _is_name(text: str) -> bool:
    is_said = is_sentence(text) and len(text.split()) > _MAX_NAME_WORDS
    return len(text) <= MAX_HEADLINE and not is_said


_MAX_NAME_WORDS: Final = 4
"""A text of more words that ends as a sentence does is one."""


def _description(answers: Answers, company: str, product: str) -> Iterator[str]:
    """What the brief says of the product; that by its name first where the others don't name it."""
    told = (text for text in answers.texts(Field.COMPANY) if not _is_name(text))
    said = _unique((*(each for text in told for each in split_sentences(text)),
                    *answers.sentences(Field.DESCRIPTION)))  # fmt: skip
    if not product:
        said = _unique((*answers.sentences(Field.PRODUCT), *said))
    elif product.casefold() not in " ".join(said).casefold():
        if said and product.istitle():
            yield f"{product}: {said[0]}"
            said = said[1:]
        else:
            yield f"{company}: {product}" if company else product
    yield from said


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple({text.casefold(): text for text in reversed([*texts])}.values())[::-1]


def _points(answers: Answers, field: Field) -> tuple[str, ...]:
    """Items of a list, each as long as it is, or what a text lists."""
    texts = answers.texts(field)
    if any(is_sentence(text) or len([*split_sentences(text)]) > 1 for text in texts):
        return answers.sentences(field)
    return answers.points(field)


_ADDRESS = re.compile(
    r"(?:https?://)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?::\d{1,5})?"
    r"(?:[/?#][!-~]{0,500})?",
    re.IGNORECASE,
)
_KEPT_IN_PATHS: Final = "/-._~!$&'+,;=:@%"


def address_of(text: str) -> str:
    """The web address in a text, with its scheme; empty where the whole text is none."""
    text = text.strip(" .,<>")
    if _ADDRESS.fullmatch(text) is None:
        return ""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    path, query = quote(parts.path, _KEPT_IN_PATHS), quote(parts.query, _KEPT_IN_PATHS + "?")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}{f'?{query}' if query else ''}"


_IN_TEXT = re.compile(
    r"\s*(?:\b(?:at|on|via|under):?\s+|[:(]\s*)?(?:https?://|www\.)\S+"
    r"|\s*(?:\b(?:at|on|via|under):?\s+|[:(]\s*)"
    r"(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}[a-z]{2,24}(?![\w.@])(?:/\S*)?",
    re.IGNORECASE,
)


def _addresses(answers: Answers) -> Iterator[str]:
    """Where calls to action lead, as far as they say it, and the addresses of the website."""
    for line in answers.lines(Field.ACTION):
        for found in _IN_TEXT.findall(line):
            yield from filter(None, map(address_of, re.split(r"[\s(]+", found)))
    for text in answers.texts(Field.WEBSITE):
        yield from filter(None, map(address_of, (text, *text.split())))


def actions_of(answers: Answers) -> Iterator[str]:
    """Calls to action that are short enough for a link, without the addresses in them."""
    for line in answers.lines(Field.ACTION):
        for part in _IN_TEXT.sub("", line).split(" / "):
            text = headline_of(part, 60).rstrip("!: ")
            if text and not is_absent(text):
                yield text


def _hashtags(answers: Answers) -> Iterator[str]:
    for item in answers.texts(Field.HASHTAGS):
        for word in item.replace(",", " ").split():
            if tag := "".join(filter(str.isalnum, word)):
                yield tag[:50]


def _questions(answers: Answers) -> Iterator[Question]:
    for each in answers.objects(Field.QUESTIONS):
        asked = _member(each, "question", "q", "title", "objection", "label")
        answer = _member(each, "answer", "a", "response", "text", "value")
        if asked and answer:
            yield Question(asked, answer)
        elif len(each) and not asked:
            yield from _keyed_questions(each)
    for text in answers.lines(Field.QUESTIONS):
        yield from _questions_in(text)


_ASKS = re.compile(
    r"(?:are|can|could|did|do|does|has|have|how|is|may|must|should|what|when|where|which|who|why|"
    r"will|would)\b.*\?$",
    re.IGNORECASE,
)


def _questions_in(line: str) -> Iterator[Question]:
    """The questions of a line with their answers: one, or several, one after the other."""
    asked, mark, rest = line.partition("? ")
    if not mark or is_absent(rest):
        return
    answers: list[str] = []
    for sentence in split_sentences(rest):
        if answers and _ASKS.match(sentence):
            yield Question(f"{asked}?", " ".join(answers))
            asked, answers = sentence.removesuffix("?"), []
        else:
            answers.append(sentence)
    if answers:
        yield Question(f"{asked}?", " ".join(answers))


def _keyed_questions(each: Mapping[str, object]) -> Iterator[Question]:
    """Questions as names of answers: `{"Can I send it back?": "Yes, …"}`."""
    for key, value in each.items():
        if key.strip().endswith("?") and isinstance(value, str) and not is_absent(clean(value)):
            yield Question(clean(key), clean(value))


_BY = re.compile(r"^[\"“„«]?(?P<text>.{8,}?)[\"”“»]?\s*(?:[–—]|\s-)\s*(?P<by>[^–—.!?]{2,80})$")  # noqa: RUF001


def _quotes(answers: Answers) -> Iterator[Quote]:
    for each in answers.objects(Field.QUOTES):
        text = _member(each, "quote", "text", "testimonial", "review", "said")
        if text:
            by = (
                _member(each, "by", "name", "author", "person", "customer"),
                _member(each, "role"),
            )
            yield Quote(text.strip('"“”„'), ", ".join(filter(None, by)))
    for line in answers.lines(Field.QUOTES):
        match = _BY.match(line)
        if match is not None:
            yield Quote(match["text"].strip(), match["by"].strip())
        else:
            yield Quote(line.strip('"“”„'), "")


def _images(answers: Answers) -> Iterator[Image]:
    """Images with an address and an alt text; without one of them an image can't be shown."""
    for each in answers.objects(Field.IMAGES):
        address = address_of(_member(each, "url", "src", "link", "address"))
        alt = _member(each, "alt", "alt text", "altText", "description", "caption")
        if address and alt:
            yield Image(address, headline_of(alt, 240) or alt[:240].rpartition(" ")[0])


def _member(value: Mapping[str, object], *names: str) -> str:
    """The first of these members that is a text and says something."""
    for name in names:
        text = clean(" ".join(texts_of(value.get(name))))
        if not is_absent(text):
            return text
    return ""
