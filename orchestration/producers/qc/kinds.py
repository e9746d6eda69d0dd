"""The kinds of content, and the channels, that benchmarks tell apart."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Kind(StrEnum):
    BLOG_POST = "blog_post"
    EMAIL = "email"
    LANDING_PAGE = "landing_page"
    SOCIAL_POST = "social_post"
    VIDEO_SCRIPT = "video_script"
    OTHER = "other"
    """Everything else: only benchmarks of all content types are for it."""


CHANNELS: Final[Mapping[str, str]] = {
    "x": "x",
    "twitter": "x",
    "tweet": "x",
    "linkedin": "linkedin",
    "instagram": "instagram",
    "facebook": "facebook",
    "threads": "threads",
    "bluesky": "bluesky",
    "mastodon": "mastodon",
    "pinterest": "pinterest",
    "tiktok": "tiktok",
    "youtube": "youtube",
}

_WORDS: Final[tuple[tuple[Kind, frozenset[str]], ...]] = (
    (Kind.VIDEO_SCRIPT, frozenset({"video", "script", "reel"})),
    (Kind.LANDING_PAGE, frozenset({"landing", "landingpage"})),
    (Kind.EMAIL, frozenset({"email", "emails", "mail", "newsletter", "mailing"})),
    (Kind.BLOG_POST, frozenset({"blog", "blogpost", "article"})),
    (Kind.SOCIAL_POST, frozenset({"social", "tweet", *CHANNELS})),
)


def _words(name: str) -> list[str]:
    # Words are written `blog_post`, `Blog post`, `blog-post` and `blogPost`, but `LinkedIn` is one.
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z]+", f"{name} {parted}".lower())


@lru_cache(256)
def kind_of(content_type: str) -> Kind:
    """The kind of a content type, by the first kind of which it has a word."""
    words = frozenset(_words(content_type))
    return next((kind for kind, names in _WORDS if names & words), Kind.OTHER)


def channel_of(channel: str, content_type: str) -> str | None:
    """The channel that is named, else the one that the content type has in its name."""
    for word in (*_words(channel), *_words(content_type)):
        if word in CHANNELS:
            return CHANNELS[word]
    return None
