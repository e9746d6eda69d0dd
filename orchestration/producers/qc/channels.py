"""Checks by what channels show and accept: emails, social networks, videos."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from orchestration.producers.qc.checking import (
    CRITICAL,
    MAJOR,
    MINOR,
    WHOLE,
    Draft,
    Issue,
    benchmark,
    normalized,
    quoted,
)
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import URL, words_of

MAX_SUBJECT: Final = 60
PREHEADER: Final = (35, 130)
MAX_EMAIL_BYTES: Final = 102 * 1024
WORDS_A_MINUTE: Final = 160


@benchmark(
    "subject-length",
    "Subject line",
    f"An email has a subject of at most {MAX_SUBJECT} characters.",
    severity=MAJOR,
    source="Our own limit; Mailchimp, Best Practices for Email Subject Lines (read 2026), advises "
    "50",
    kinds=(Kind.EMAIL,),
    settings="The draft's `subject`, in its front matter or metadata.",
)
def subject_length(draft: Draft) -> Iterator[Issue]:
    subject = draft.given("subject")
    if not subject:
        yield Issue(
            "Subject",
            "The email has no subject.",
            f"Add `subject:` with at most {MAX_SUBJECT} characters to the draft's front matter.",
        )
    elif len(subject) > MAX_SUBJECT:
        yield Issue(
            "Subject",
            f"The subject has {len(subject)} characters, more than {MAX_SUBJECT}.",
            "Say the benefit first, and cut what the mail says anyway.",
            MINOR,
        )


@benchmark(
    "preheader-length",
    "Preheader",
    f"An email has a preheader of {PREHEADER[0]} to {PREHEADER[1]} characters, which differs from "
    "its subject.",
    severity=MINOR,
    source="Our own limits; Intuit, Content in email (read 2026), advises 40 to 70",
    kinds=(Kind.EMAIL,),
    settings="The draft's `preheader`, in its front matter or metadata.",
)
def preheader_length(draft: Draft) -> Iterator[Issue]:
    preheader = draft.given("preheader")
    least, most = PREHEADER
    if not preheader:
        fault = "The email has no preheader; the mail program shows its first words."
    elif normalized(preheader) == normalized(draft.given("subject")):
        fault = "The preheader only repeats the subject."
    elif not least <= len(preheader) <= most:
        fault = f"The preheader has {len(preheader)} characters, not {least} to {most}."
    else:
        return
    yield Issue("Preheader", fault, "Continue the subject's thought in one short sentence.")


@benchmark(
    "email-weight",
    "Weight of an email",
    "An email's HTML is smaller than what Gmail shows without clipping, 102 KB.",
    severity=MAJOR,
    source="Gmail's limit by ActiveCampaign Help, Why is Gmail clipping my email? (read 2026)",
    kinds=(Kind.EMAIL,),
)
def email_weight(draft: Draft) -> Iterator[Issue]:
    weight = len(draft.text.html.encode(errors="replace"))
    if weight > MAX_EMAIL_BYTES:
        yield Issue(
            WHOLE,
            f"The email's HTML has {weight / 1024:.0f} KB, more than 102 KB: Gmail clips it.",
            "Link to the long parts, and take styles and images out of the HTML.",
        )


_UNSUBSCRIBE = re.compile(r"unsubscribe|opt[ -]?out|list_unsub", re.IGNORECASE)


@benchmark(
    "unsubscribe",
    "Unsubscribing",
    "An email has a link by which readers unsubscribe.",
    severity=CRITICAL,
    source="United States, CAN-SPAM Act (2003), 15 U.S.C. 7704(a)(3)",
    kinds=(Kind.EMAIL,),
    settings="The draft's `transactional`, `yes` in its front matter: such mails need no link.",
)
def unsubscribe(draft: Draft) -> Iterator[Issue]:
    if draft.given("transactional").lower() in {"yes", "true"}:
        return
    if not any(_UNSUBSCRIBE.search(f"{link.text} {link.target}") for link in draft.text.links):
        yield Issue(
            WHOLE,
            "The email has no link to unsubscribe.",
            "Add one to the footer, such as [Unsubscribe]({{unsubscribe_url}}).",
        )


@benchmark(
    "legal-lines",
    "Legal lines",
    "The draft has each legal line of the brand, word by word.",
    severity=CRITICAL,
    source="The brand's guidelines",
    settings="`legalLines`: texts, of all content types or by content type.",
)
def legal_lines(draft: Draft) -> Iterator[Issue]:
    for line in draft.guide.legal_lines:
        if normalized(line) not in draft.lowered:
            yield Issue(
                WHOLE,
                f"The legal line {quoted(line)} is missing, or differs from the guidelines.",
                "Copy it from the guidelines without a change.",
            )


class Limit(NamedTuple):
    characters: int
    hashtags: int | None = None


SOCIAL_LIMITS: Final[Mapping[str, Limit]] = {
    "x": Limit(280),
    "bluesky": Limit(300),
    "mastodon": Limit(500),
    "threads": Limit(500),
    "pinterest": Limit(500),
    "instagram": Limit(2_200, 5),
    "tiktok": Limit(2_200, 5),
    "linkedin": Limit(3_000),
    "youtube": Limit(5_000),
    "facebook": Limit(63_206),
}
_URL_LENGTH: Final = {"x": 23, "mastodon": 23}
"""Networks that count each address as so many characters, however long it is."""
_HASHTAG = re.compile(r"(?<!\w)#\w+")


def social_length(text: str, channel: str) -> int:
    """How many characters of a post the network counts."""
    if (length := _URL_LENGTH.get(channel)) is not None:
        text = URL.sub("u" * length, text)
    if channel == "x":
        return sum(1 if _counts_once(ord(character)) else 2 for character in text)
    return len(text)


def _counts_once(code: int) -> bool:
    # The ranges of twitter-text 3, version 3 of its configuration; all others count as two.
    return (
        code <= 0x10FF
        or 0x2000 <= code <= 0x200D
        or 0x2010 <= code <= 0x201F
        or (0x2032 <= code <= 0x2037)
    )


@benchmark(
    "social-limits",
    "Limits of social networks",
    "A post keeps to the network's limits: "
    + ", ".join(
        f"{channel} {limit.characters:,} characters"
        + ("" if limit.hashtags is None else f" and {limit.hashtags} hashtags")
        for channel, limit in SOCIAL_LIMITS.items()
    )
    + ".",
    severity=CRITICAL,
    source="X, Counting characters (read 2026); Mastodon's default; for the others Ayrshare, "
    "Character limits (read 2026), and for hashtags marketingskills, Platform limits (read 2026)",
    kinds=(Kind.SOCIAL_POST,),
    settings="The draft's `channel`, in its front matter or metadata, or the network's name in its "
    "content type.",
)
def social_limits(draft: Draft) -> Iterator[Issue]:
    if draft.channel is None:
        return
    limit = SOCIAL_LIMITS[draft.channel]
    post = draft.text.source.strip()
    count = social_length(post, draft.channel)
    if count > limit.characters:
        yield Issue(
            WHOLE,
            f"The post counts {count:,} characters; {draft.channel} takes {limit.characters:,}.",
            f"Cut {count - limit.characters:,} characters.",
        )
    hashtags = len(_HASHTAG.findall(post))
    if limit.hashtags is not None and hashtags > limit.hashtags:
        yield Issue(
            WHOLE,
            f"The post has {hashtags} hashtags; {draft.channel} takes {limit.hashtags}.",
            "Keep those that readers look for.",
        )


_STAGE = re.compile(r"\[[^\]\n]*\]|\([^)\n]*\)")
_UNSPOKEN = re.compile(
    r"\s*(?:visual|video|scene|shot|on[- ]screen(?: text)?|b-roll|music|sfx|sound|cut to|super|"
    r"caption|title card|graphic|end card)\b[^:\n]{0,30}:",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"\s*(\d{1,5})\s*(?:s|sec|secs|seconds)?\s*", re.IGNORECASE)


@benchmark(
    "spoken-length",
    "Spoken length",
    f"What a script says fits its duration at {WORDS_A_MINUTE} words a minute.",
    severity=MAJOR,
    source="Our own limit; the National Center for Voice and Speech gives 150 as usual",
    kinds=(Kind.VIDEO_SCRIPT,),
    settings="The draft's `duration` in seconds, in its front matter or metadata.",
)
def spoken_length(draft: Draft) -> Iterator[Issue]:
    match = _SECONDS.fullmatch(draft.given("duration"))
    value = draft.subject.metadata.get("duration")
    if match is not None:
        seconds = int(match[1])
    elif isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    else:
        return
    spoken = sum(
        len(words_of(_STAGE.sub(" ", line)))
        for block in draft.text.prose
        for line in block.text.split("\n")
        if not _UNSPOKEN.match(line)
    )
    takes = spoken * 60 / WORDS_A_MINUTE
    if takes > seconds:
        yield Issue(
            WHOLE,
            f"{spoken:,} spoken words take about {takes:.0f} seconds, longer than {seconds}.",
            f"Cut about {spoken - seconds * WORDS_A_MINUTE // 60:,} words, or plan a longer video.",
        )
