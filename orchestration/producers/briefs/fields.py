"""The fields that producers look for in a brief, and the names that answers to them may have."""

import re
from collections.abc import Mapping
from enum import StrEnum, auto
from functools import lru_cache
from typing import Final


class Field(StrEnum):
    COMPANY = auto()
    WEBSITE = auto()
    ADDRESS = auto()
    PRODUCT = auto()
    DESCRIPTION = auto()
    OBJECTIVES = auto()
    AUDIENCE = auto()
    PROBLEMS = auto()
    MESSAGES = auto()
    TOPICS = auto()
    BENEFITS = auto()
    FEATURES = auto()
    STEPS = auto()
    PROOF = auto()
    CLAIMS = auto()
    QUOTES = auto()
    STORY = auto()
    QUESTIONS = auto()
    PRICE = auto()
    OFFER = auto()
    ACTION = auto()
    DELIVERABLES = auto()
    EXCLUSIONS = auto()
    WEEKS = auto()
    TIMELINE = auto()
    START = auto()
    DEADLINE = auto()
    BUDGET = auto()
    CHANNELS = auto()
    TONE = auto()
    BANNED = auto()
    REQUIRED = auto()
    LEGAL = auto()
    NAMES = auto()
    LANGUAGE = auto()
    KEYWORDS = auto()
    HASHTAGS = auto()
    IMAGES = auto()
    COLORS = auto()
    UTM = auto()
    SECTIONS = auto()
    LENGTH = auto()
    READING_EASE = auto()
    INTERNAL = auto()
    """Nothing of it is used: rivals, contacts, notes among colleagues."""


SYNONYMS: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.COMPANY: (
        "company", "company name", "brand", "brand name", "business", "business name", "client",
        "client name", "organisation", "organization", "organisation name", "organization name",
        "firm", "name of the company", "trading name", "practice name", "studio name", "shop name",
        "store name", "charity name", "clinic name", "restaurant name", "hotel name", "school name",
        "agency name", "club name", "trust name", "salon name",
    ),
    Field.WEBSITE: (
        "website", "web site", "site", "url", "web", "homepage", "home page", "link", "web address",
        "landing page url", "website url", "shop url", "donation page", "donate page",
        "booking page", "ticket page",
    ),
    Field.ADDRESS: ("postal address", "street address", "address", "mailing address"),
    Field.PRODUCT: (
        "product", "product name", "products", "service", "services", "service name", "offering",
        "product or service", "product service", "what you sell", "what do you sell", "subject",
        "are you promoting", "want to promote", "event", "event name", "what is it called",
    ),
    Field.DESCRIPTION: (
        "description", "about", "about us", "about the company", "about the product", "summary",
        "product description", "service description", "what you do", "what do you do", "overview",
        "background", "elevator pitch", "in short", "what is it", "about your business",
        "event date", "date of the event", "venue", "event location",
        "about your company", "about your organisation", "about your organization",
        "about your product", "about your service", "about yourself", "describe your business",
        "describe your company", "describe your product", "does your company do",
        "does your business do", "does your organisation do", "your company does",
    ),
    Field.OBJECTIVES: (
        "objective", "objectives", "goal", "goals", "aim", "aims", "target outcome", "purpose",
        "campaign goal", "campaign goals", "business goal", "business goals", "campaign objective",
        "campaign objectives", "business objectives", "marketing goals", "success", "kpi", "kpis",
        "what does success look like", "desired outcome", "desired outcomes", "want to achieve",
        "like to achieve", "hope to achieve", "trying to achieve",
    ),
    Field.AUDIENCE: (
        "audience", "audiences", "target audience", "target group", "target groups", "target",
        "target market", "target customers", "customers", "ideal customer", "persona", "personas",
        "buyers", "readers", "who is it for", "who", "who is the campaign for", "supporters",
        "ideal client", "ideal clients", "ideal customers", "clients", "who buys", "who buys it",
        "trying to reach", "want to reach", "like to reach", "hope to reach",
    ),
    Field.PROBLEMS: (
        "problem", "problems", "pain", "pains", "pain point", "pain points", "challenge",
        "challenges", "needs", "customer needs", "frustrations", "audience problems",
        "customer problems", "barriers", "audience pain points", "audience challenges", "concerns",
        "main concerns", "worries",
    ),
    Field.MESSAGES: (
        "message", "messages", "key message", "key messages", "main message", "main messages",
        "core message", "core messages", "messaging", "tagline", "taglines", "slogan", "headline",
        "headlines", "positioning", "want people to know", "should people know",
    ),
    Field.TOPICS: (
        "topic", "topics", "themes", "theme",
        "content ideas", "article ideas", "titles",
    ),
    Field.BENEFITS: (
        "benefit", "benefits", "advantage", "advantages", "value proposition", "usp", "usps",
        "unique selling point", "unique selling points", "selling points", "differentiators",
        "strengths", "why us", "why choose us", "reasons to buy", "what makes you different",
        "makes you special", "makes you unique", "makes you stand out", "why should anyone care",
        "why should people care", "why should they care",
    ),
    Field.FEATURES: (
        "feature", "features", "included", "what is included", "what s included", "contents",
        "package contents", "details", "specifications", "specs", "product details",
    ),
    Field.STEPS: ("steps", "process", "how it works", "how does it work", "procedure", "journey"),
    Field.PROOF: (
        "proof", "proof points", "evidence", "results", "facts", "key facts", "statistics", "stats",
        "figures", "track record", "awards", "case study", "case studies", "reasons to believe",
        "credentials",
    ),
    Field.CLAIMS: ("claim", "claims", "approved claims"),
    Field.QUOTES: (
        "quote", "quotes", "testimonial", "testimonials", "reviews", "customer quotes",
        "customer voices",
    ),
    Field.STORY: ("story", "history", "brand story", "our story", "origin", "company story"),
    Field.QUESTIONS: (
        "faq", "faqs", "frequently asked questions", "customer questions", "objections",
        "questions and answers", "common questions", "questions",
    ),
    Field.PRICE: (
        "price", "prices", "pricing", "cost", "costs", "fees", "tickets", "ticket price",
        "ticket prices",
    ),
    Field.OFFER: (
        "offer", "offers", "special offer", "promotion", "promo", "discount", "deal", "incentive",
        "introductory offer",
    ),
    Field.ACTION: (
        "call to action", "calls to action", "cta", "ctas", "desired action", "next step", "action",
        "what should people do", "what should the audience do", "want your audience to do",
        "want people to do", "ask", "the ask",
    ),
    Field.DELIVERABLES: (
        "deliverable", "deliverables", "outputs", "assets", "content needed", "content types",
        "content type", "formats", "pieces", "what we need", "what do you need", "scope of work",
        "content do you need",
    ),
    Field.EXCLUSIONS: (
        "exclusion", "exclusions", "out of scope", "not included", "not in scope", "excluded",
        "what is not included",
    ),
    Field.WEEKS: (
        "weeks", "timeline weeks", "duration weeks",
        "number of weeks", "duration in weeks",
    ),
    Field.TIMELINE: (
        "timeline", "duration", "time frame", "timeframe", "schedule", "period", "timing",
        "campaign length", "campaign duration", "how long", "timescale", "timescales", "when",
    ),
    Field.START: (
        "start", "start date", "starts", "begin", "kick off", "kickoff", "launch date",
        "when does it start", "when do we start", "when should it start", "launch", "go live",
    ),
    Field.DEADLINE: (
        "deadline", "due", "due date", "end", "end date",
        "finish", "ends", "finish date", "by when", "when does it end", "when should it end",
    ),
    Field.BUDGET: (
        "budget", "total budget", "media budget", "spend", "investment", "want to spend",
        "able to spend", "plan to spend",
    ),
    Field.CHANNELS: (
        "channel", "channels", "platforms", "platform", "media", "networks", "social networks",
        "marketing channels", "where", "where should this run", "where should it run",
    ),
    Field.TONE: (
        "tone", "tone of voice", "voice", "brand voice", "style", "personality", "writing style",
        "brand personality", "should we sound", "should it sound",
    ),
    Field.BANNED: (
        "banned", "banned words", "banned phrases", "avoid", "words to avoid", "phrases to avoid",
        "do not say", "don t say", "do not use", "don t use", "never", "never say", "forbidden",
        "dont use", "dont say", "forbidden words", "taboo", "taboos", "no gos", "donts", "don ts",
        "not say", "not allowed",
    ),
    Field.REQUIRED: (
        "required", "required phrases", "required words", "mandatory", "mandatories",
        "mandatory phrases", "must mention", "must say", "must include", "must haves",
    ),
    Field.LEGAL: (
        "legal", "legal line", "legal lines", "legal notice", "legal text", "disclaimer",
        "disclaimers", "small print",
    ),
    Field.NAMES: (
        "names", "brand names", "product names", "trademarks",
        "proper names", "spelling",
    ),
    Field.LANGUAGE: ("language", "languages", "locale"),
    Field.KEYWORDS: ("keywords", "keyword", "search terms", "seo keywords", "seo terms"),
    Field.HASHTAGS: ("hashtag", "hashtags"),
    Field.IMAGES: ("image", "images", "photo", "photos", "pictures", "visuals"),
    Field.COLORS: ("colors", "colours", "brand colors", "brand colours"),
    Field.UTM: ("utm", "utm parameters", "utm tags"),
    Field.SECTIONS: ("required sections",),
    Field.LENGTH: ("length", "lengths", "word count", "word counts"),
    Field.READING_EASE: ("reading ease", "readability"),
    Field.INTERNAL: (
        "competitor", "competitors", "competition", "rivals", "internal", "internal notes", "notes",
        "note", "contact", "contacts", "contact person", "email address", "phone", "password",
        "approver", "approvers", "stakeholders", "invoice", "billing", "previous campaigns",
        "comments", "risks",
    ),
}  # fmt: skip

_FIELDS: Final = {synonym: field for field, names in SYNONYMS.items() for synonym in names}
_EXACT_WORDS: Final = """
about action ask begin details end ends event facts figures finish firm in short launch length link
media needs never note period purpose readers required results service services site spend spelling
start starts steps style subject success supporters target tickets titles venue visuals voice web
when where who
"""
_EXACT: Final = frozenset(_EXACT_WORDS.split()) | {"what is it"}
"""Words that name a field alone, and may mean anything inside of a longer key."""
_WORDS_FOR_NAMES: Final = """
a brand business called client company firm full is legal name of official or organisation
organization our s the trading what your
"""
_FOR_NAMES: Final = frozenset(_WORDS_FOR_NAMES.split())
"""The words that a key for the company's name may have beside one of these."""
_INTERNAL: Final = frozenset(SYNONYMS[Field.INTERNAL])
_MAX_KEY: Final = 200
_OWNER = re.compile(
    r"\b(?!(?:what|who|it|that|there|where|how|let|here|when|why)['’]s\b)"  # noqa: RUF001
    r"\w{1,40}(?:['’]s|s['’]) (?!names?\b)",  # noqa: RUF001
    re.IGNORECASE,
)
"""Whose something is: `customers' concerns` are concerns and no customers."""


def words_of_key(key: str) -> str:
    """The key as words in lower case: `campaignGoal` and `Campaign goal?` are `campaign goal`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key[:_MAX_KEY])
    return " ".join(re.findall(r"[^\W_]+", parted.lower()))


def field_of(key: str) -> Field | None:
    """The field that the key names: as a whole, else by the synonym that it has in it, the one of
    most words, the first of these.

    A key with a word for what is internal names nothing else, unless it's a synonym as a whole. One
    about the company that asks for more than its name, such as its size, names nothing.
    """
    words = words_of_key(key)
    if words not in _FIELDS and _OWNER.search(key[:_MAX_KEY]):
        words = words_of_key(_OWNER.sub("", key[:_MAX_KEY]))
    return _field_of(words)


@lru_cache(2_000)
def _field_of(words: str) -> Field | None:
    if (field := _FIELDS.get(words)) is not None:
        return field
    padded = f" {words} "
    found = [name for name in _FIELDS if f" {name} " in padded and name not in _EXACT]
    if any(name in _INTERNAL for name in found):
        return Field.INTERNAL
    best = min(found, key=lambda name: (-name.count(" "), padded.index(f" {name} ")), default=None)
    if best is None or (
        _FIELDS[best] is Field.COMPANY and not _FOR_NAMES.issuperset(words.split())
    ):
        return None
    return _FIELDS[best]
