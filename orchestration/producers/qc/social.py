"""Checks of posts by what social networks accept."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from unicodedata import combining, normalize

from orchestration.producers.qc.checking import CRITICAL, MINOR, WHOLE, Draft, Issue, benchmark
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import URL


class Limit(NamedTuple):
    """`source` is where the network states it. `is_thread`: posts may follow each other."""

    characters: int
    source: str
    is_thread: bool = False
    hashtags: int | None = None


SOCIAL_LIMITS: Final[Mapping[str, Limit]] = {
    "x": Limit(280, "X Developers, Counting characters", is_thread=True),
    "bluesky": Limit(300, "Bluesky, Lexicon app.bsky.feed.post", is_thread=True),
    "mastodon": Limit(500, "Mastodon documentation, Posting to your profile", is_thread=True),
    "threads": Limit(500, "Meta for Developers, Threads Posts", is_thread=True),
    "pinterest": Limit(800, "Pinterest API v5, PinCreate"),
    "instagram": Limit(
        2_200,
        "Meta for Developers, IG User Media; for hashtags Adam Mosseri, Instagram, December 2025",
        hashtags=5,
    ),
    "tiktok": Limit(4_000, "TikTok for Developers, Photo post"),
    "linkedin": Limit(3_000, "LinkedIn Help, Post and share updates"),
    "youtube": Limit(5_000, "YouTube Data API, Videos"),
    "facebook": Limit(63_206, "none of Facebook's own, as it publishes no number"),
}
"""The highest limit where a network has several: accounts and kinds of posts differ."""
_URL_LENGTH: Final = {"x": 23, "mastodon": 23}
"""Networks that count each address as so many characters, however long it is."""
_HASHTAG = re.compile(r"(?<![\w&/#])#(?=[\d_]{0,60}[^\W\d_])\w+")
_EMOJI: Final = r"[\u2190-\u2BFF\u3030\u303D\u3297\u3299\U0001F000-\U0001FAFF]"
_JOINED_EMOJI = re.compile(
    rf"[\U0001F1E6-\U0001F1FF]{{2}}|[0-9#*]\uFE0F?\u20E3|{_EMOJI}[\uFE0F\U0001F3FB-\U0001F3FF]*"
    rf"(?:\u200D{_EMOJI}[\uFE0F\U0001F3FB-\U0001F3FF]*)*"
)
_ONE_EMOJI: Final = "\U0001f35e"


def social_length(text: str, channel: str) -> int:
    """How many characters of a post the network counts, in its own way."""
    if (length := _URL_LENGTH.get(channel)) is not None:
        text = URL.sub("u" * length, text)
    match channel:
        case "x":
            text = normalize("NFC", _JOINED_EMOJI.sub(_ONE_EMOJI, text))
            return sum(1 if _counts_once(ord(character)) else 2 for character in text)
        case "bluesky" | "mastodon":  # what people see as one character
            text = normalize("NFC", _JOINED_EMOJI.sub(_ONE_EMOJI, text))
            return sum(1 for character in text if not combining(character))
        case "threads":  # emoji by their bytes
            return sum(len(each.encode()) if ord(each) > 0xFFFF else 1 for each in text)
        case "youtube":
            return len(text.encode(errors="replace"))
        case "tiktok":
            return len(text.encode("utf-16-le", errors="replace")) // 2
    return len(text)


def _counts_once(code: int) -> bool:
    # The ranges of twitter-text 3, version 3 of its configuration; all others count as two.
    return (
        code <= 0x10FF
        or 0x2000 <= code <= 0x200D
        or 0x2010 <= code <= 0x201F
        or (0x2032 <= code <= 0x2037)
    )


_MAX_LOOKED_AT: Final = 40
"""So much of a line tells whether a post begins or ends there."""
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*")
_NUMBER_BEFORE = re.compile(
    r"\s*[(\[*_#]*\s*(?:\d{1,2}\s?/\s?(?:\d{1,2}|n)?(?!\d)|(?:tweet|post) #?\d{1,2}\b)",
    re.IGNORECASE,
)
_NUMBER_AFTER = re.compile(r"[(\[]?\d{1,2}\s?/\s?(?:\d{1,2}|n)?[)\]]?\s*$", re.IGNORECASE)


def posts_of(text: str) -> list[str]:
    """The posts of a thread: parted by lines such as `---`, or numbered, as in `2/` and `2/5`."""
    posts: list[list[str]] = [[]]
    is_numbered = False
    for line in text.split("\n"):
        if _RULE.fullmatch(line[:_MAX_LOOKED_AT]):
            posts.append([])
            continue
        begins = _NUMBER_BEFORE.match(line[:_MAX_LOOKED_AT]) or (is_numbered and not line.strip())
        if begins and posts[-1]:
            posts.append([])
        is_numbered = _NUMBER_AFTER.search(line[-_MAX_LOOKED_AT:]) is not None
        posts[-1].append(line)
    return [post for lines in posts if (post := "\n".join(lines).strip())]


@benchmark(
    "social-limits",
    "Limits of social networks",
    "A post keeps to the network's limits: "
    + ", ".join(
        f"{channel} {limit.characters:,} characters"
        + ("" if limit.hashtags is None else f" and {limit.hashtags} hashtags")
        for channel, limit in SOCIAL_LIMITS.items()
    )
    + ". In a thread each post does.",
    severity=CRITICAL,
    source="The networks' own limits, as of 2026: "
    + "; ".join(f"{channel}: {limit.source}" for channel, limit in SOCIAL_LIMITS.items()),
    kinds=(Kind.SOCIAL_POST,),
    settings="The draft's `channel`, in its front matter or metadata, or the network's name in its "
    "content type.",
)
def social_limits(draft: Draft) -> Iterator[Issue]:
    if draft.channel is None:
        return
    limit = SOCIAL_LIMITS[draft.channel]
    posts = posts_of(draft.text.source) if limit.is_thread else [draft.text.source.strip()]
    for number, post in enumerate(posts, 1):
        count = social_length(post, draft.channel)
        if count > limit.characters:
            name = "The post" if len(posts) == 1 else f"Post {number} of the thread"
            yield Issue(
                WHOLE,
                f"{name} counts {count:,} characters; {draft.channel} takes {limit.characters:,}.",
                f"Cut {count - limit.characters:,} characters.",
            )
    hashtags = len(_HASHTAG.findall(URL.sub(" ", draft.text.plain)))
    if limit.hashtags is not None and hashtags > limit.hashtags:
        yield Issue(
            WHOLE,
            f"The post has {hashtags} hashtags; {draft.channel} takes {limit.hashtags}.",
            "Keep those that readers look for.",
            MINOR,
        )
